/**
 * The texts that mail servers refuse with: one row for each family of texts, with its meaning and its source.
 * refusals.ts searches them from top to bottom, and the first match counts.
 */
import { AFTER_MAIL, type SessionStage, type TextRow } from './refusal-row.ts'
import {
  BLOCKED_ABROAD,
  LATER_ABROAD,
  LOGIN_ABROAD,
  NO_USER_ABROAD,
  NOT_LOCAL_ABROAD,
  RELAYING_ABROAD,
} from './refusal-texts-abroad.ts'

/** The server asked about the sender address and did not get a good answer. */
const SENDER_NOT_VERIFIED =
  /for sender\b|sender (mailbox|unknown|does not exist|domain|not verified|could not)|verification failed|verif\w{1,8} (of )?(the |your )?(envelope )?sender|(sender|from) (address )?verif|could not be (confirmed|verified)|unverified (sender|address)|undeliverable sender/

/** The sender may not be used from where we are, or the message is not signed. */
const FORGED =
  /\bspf\b|\bsrs\b|sender policy framework|sender rewriting|spoof|\bdkim\b|\bdmarc\b|\barc\b|sender-? ?id\b|\bforg(ed|ery|ing)\b|masquerad|impersonat|(not|un) ?(allowed|authori[sz]ed|permitted) to (send|use) (?:(?!to )[\w-]{1,12} ){0,3}(from|as sender|sender|address|domain)\b|must equal|not owned by user/

/** Another server refused, and this one says so: it has asked the next hop, so it may relay. */
const NEXT_HOP =
  /\b(?:by|at|says|said) (?:the |our |my |its |a )?(?:smart-? ?host|upstream|next[- ]hop|relay ?host|isp|(?:remote|downstream|back-? ?end|destination|recipient|other|far|receiving|next) (?:host|server|mx|mta|side|hop|system))\b|(?<!to |for |via |from |of |to the |for the |via the |to a |to any )\b(?:smart-? ?host|upstream|next[- ]hop|relay ?host|(?:remote|downstream|back-? ?end|destination|receiving|next|target) (?:host|server|mx|mta|hop|side|system)) (?:\w{1,12} ){0,2}(?:refused|refuses|rejected|rejects|denied|denies|said|says|failed|answered|returned|reported|responded|replied|declined|(?:did|does|would) not accept)\b|\bmx (?:host |server )?(?:refused|rejected|denied|said|says|answered|declined)\b|\bin reply to (?:mail|rcpt|data|end)\b|\brefused to talk\b|\b(?:delivery|forwarding|sending|transmission|hand-?over) (?:to|via|through|attempt) (?:\w{1,12} ){0,2}(?:failed|refused|rejected)\b/

/** The server's DNS does not know our domain, so it looked for a route: it may relay to other domains. */
const NO_ROUTE =
  /\bunrout(?:e|a|ea)ble\b|\bno route to\b|\b(?:unable to|cannot|could not|can not|failed to) (?:find a )?route\b|\b(?:domain|host|server)(?: name)? (?:was |is )?not found\b(?! (?:here|locally|on this|at this|in (?:my|our)))|\bdomain does not (?:exist|resolve)\b|\bhost (?:unknown|name unknown|does not exist)\b|\bname server:|\bnull ?mx\b|\bno (?:valid )?(?:mx|dns|a|aaaa|mail exchanger) (?:records? |entry |host )?(?:found |exists |available )?for\b|\b(?:has|have) no (?:valid )?(?:mx|dns|a|mail exchanger)\b|\bdns (?:look-?up|query|resolution|resolver|error)|\bnxdomain\b|\bdomain does not accept (?:any )?(?:e-?)?mail\b(?! for| to| from)|\b(?:cannot|could not|unable to|failed to|not) (?:be )?resolved?\b|\binvalid (?:recipient|destination) (?:domain|host)\b|\bdomain could not be found\b|\bdns failure\b|\b(?:domain|mx|host) look-?up fail|\bno mail (?:servers?|hosts?|exchangers?)\b|\bcannot find (?:an? |the )?mx\b|\bunknown host\b(?! (?:here|locally|on this|at this|in (?:my|our)))/

/** The server has looked for the recipient elsewhere, so it did not refuse us as strangers. Not about our sender. */
const LOOKED_UP =
  /^(?!.{0,500}\bsender\b).{0,500}(?:\brecipients? (?:address(?:es)? )?(?:call-?out )?verif(?:y|ication)(?: has)? failed|\bverification failed for recipient|\brecipient call-?out|\bundeliverable address\b|\bunverified address\b|\bcall-?(?:out|back|ahead) (?:verification |setup )?fail|\brecipients? (?:address(?:es)? )?(?:cannot|could not) be verified|\bloops? back\b|\bno answer from (?:host|server)|\b(?:unable|cannot|could not|failed) to connect\b|\bconnection (?:timed out|refused)\b|\b(?:mailbox|mail box) (?:is )?full\b|\bover ?quota\b|\boutbound (?:policy|filter|rule))/

/** The stages before a message: what a server says there is about us, not about the message. */
const BEFORE_DATA: readonly SessionStage[] = ['greeting', 'hello', 'mail', 'rcpt']

/**
 * Texts about our domain, our network or our client, without the word relay. If the sender is at the server's own
 * domain, they mean that strangers may not use that sender.
 */
const ABOUT_US: readonly TextRow[] = [
  {
    refusal: 'vantage-identity',
    text: /\b(?:your|sender|sending|senders|from|originating|originator|header|envelope|mail|e-?mail)(?:.s)? (?:(?:e-?mail|mail|sender|sending|header|address|from) )?domain(?: name)?(?: ip)? (?:is|was|has|does|must|should|could|not)\b|\byour (?:\w{1,12} )?domain\b|\bfrom (?:header|field|line)\b|\bheader from\b|\bfrom: (?:address|header|domain)\b/,
    source: 'checks of the sender and of the From field in the words of an administrator',
    covers: 'our domain, which is not accepted, not local or not allowed',
  },
  {
    refusal: 'vantage-identity',
    text: /\b(?:sender|senders|originator|from address|return path)(?: address)? (?:is |was |are )?(?:not|non-?) ?(?:an? |one of )?(?:our |your )?(?:local|internal|known|hosted)/,
    source: 'checks of the sender in the words of an administrator',
    covers: 'a sender that is not local',
  },
  {
    refusal: 'blocklisted',
    text: /\b(?:client|clients|caller|peer|connection|connections|network|you|ip|source|machine|computer)(?: address| ip| host| domain)? (?:is |are |was )?(?:not|non-?) ?(?:an? |in |on |from |in our |on our |from our |on the |in the )?(?:local|internal|inside)\b|\b(?:not|non-?) ?(?:an? |in |on |from |in an? |on an? |from an? |our |in our |on our |from our |the |in the |on the |from the )?(?:local|internal) (?:network|net|client|lan|subnet|ip|machine|computer|connection|sender|segment)/,
    source: 'access lists in the words of an administrator',
    covers: 'a client or a network that is not local',
  },
  {
    refusal: 'blocklisted',
    text: /\b(?:not|never) (?:accepted|allowed|permitted|welcome) from\b|\b(?:from|by|for|to) (?:trusted|verified|approved|accepted|allowed|permitted|registered|reputable|white-?listed|known|isp|external|outside|foreign|unknown|untrusted) (?:isp |mail ?|smtp ?)?(?:hosts?|servers?|networks?|ips?|systems?|providers?|peers?|connections?|mtas?)\b|\bfrom (?:newcomers|strangers|the internet|the outside|ip)\b/,
    source: 'access lists in the words of an administrator',
    covers: 'mail that is accepted only from some hosts, or not from ours',
  },
  {
    refusal: 'blocklisted',
    text: /\bauth\w{0,15} (?:is )?(?:required|needed|mandatory|necessary|first)?(?: \w{1,12})? ?(?:from|for|by|of|on|to|in) (?:this|that|these|your|the|an? |any )?(?: ?sending| ?connecting| ?client| ?remote)? ?(?:ip|location|network|address|range|provider|host|client|connection|machine)\b|\b(?:static|fixed|dedicated|clean|proper|whitelisted|accepted|approved|reputable|trusted) (?:ip|address|servers?|hosts?|network|smart-?host|mta)\b|\bauth\w{0,15} (?:records?|results?|data|headers?|tokens? of)\b/,
    source: 'access lists in the words of an administrator',
    covers: 'a login that is asked of our address, and records that authenticate a domain',
  },
]

/**
 * The rows. Texts about us, and temporary ones, come before texts about relaying, and a doubtful text is read as one
 * about us. If we read a refusal of our address as "relaying denied", we would call an open server closed; the opposite
 * mistake only makes a test inconclusive. Texts that only mention hosts or TLS come after words that deny relaying.
 */
export const TEXTS: readonly TextRow[] = [
  // Exceptions: these mention open relays or look-ups, but they deny relaying. The last one is temporary.
  {
    refusal: 'relay-denied',
    text: /^\W*open relay (is )?not allowed/,
    source: 'Mimecast, in sisimai rhost',
    covers: 'the same in a sentence of its own',
  },
  {
    refusal: 'relay-denied',
    text: /not an open relay, so get lost/,
    source: 'sisimai NoRelaying',
    covers: 'nothing else: "not an open relay" alone may be about us',
  },
  {
    refusal: 'relay-denied',
    text: /relaying denied\. ip name (lookup failed|possibly forged)/,
    source: 'sendmail proto.m4, Relay_ok: the name of a client only decides whether it may relay',
    covers: 'both names that Relay_ok gives',
  },
  {
    refusal: 'vantage-identity',
    text: /relaying temporarily denied/,
    source: 'sendmail proto.m4: PTR not resolved',
    covers: 'nothing else',
  },

  // Greylisting that calls itself grey. A blocklist can refuse temporarily too, but no blocklist calls itself grey.
  {
    refusal: 'greylisted',
    text: /gr[ae]y-? ?list|liste? grise|lista grigia|lista gris|grauliste|灰名单|グレイリスト|серы\S{1,3} списо?к/,
    source: 'RFC 6647; postgrey; Stalwart',
    covers: 'grey, gray, greylisting and the names of the list in other languages',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /service currently unavailable/,
    source: 'postscreen after its deep protocol tests, measured',
    covers: 'nothing else',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /verification (is )?in progress/,
    source: 'Postfix reject_unverified_sender, before its probe has an answer',
    covers: 'sender and recipient',
    only: { temporary: true },
  },

  // The server asks for TLS before anything else.
  {
    refusal: 'tls-required',
    text: /\b(starttls|tls|ssl|encryption|encrypted (connection|session)) (is )?(required|needed|mandatory|first)/,
    source: 'Postfix, OpenSMTPD, Courier, Envoy',
    covers: 'TLS, SSL or encryption "required", "needed", "first"',
  },
  {
    refusal: 'tls-required',
    text: /\b(must|need to|have to|has to) (issue|use|start|begin|send) (an? )?(starttls|tls|ssl|encrypt)|\b(requires?|without|before|until|unless|lack of|no) (using |an? )?(starttls|tls|encryption)\b/,
    source: 'RFC 3207 section 4: Must issue a STARTTLS command first',
    covers: '"requires TLS", "before STARTTLS", "not without encryption"',
  },

  // Our address is on a list, or banned. These words do not occur in a reply that only denies relaying.
  {
    refusal: 'blocklisted',
    text: /black-? ?(list|hole)|block-? ?list|deny-? ?list|bad-? ?list|spam-? ?list|\b(dns|rb|rhs|uri)-?bls?\b|\brbl\b|\borbs\b|[sxp]bl\b/,
    source: 'Debian exim4 ACLs; Outlook S3140; ORBS',
    covers: 'blacklist, blocklist, denylist, RBL, DNSBL, SBL, XBL, PBL',
  },
  {
    refusal: 'blocklisted',
    text: /\bblocked\b|\bblocking\b|\bblocks (mail|messages|connections)/,
    source: 'Postfix reject_rbl_client, postscreen; Google 5.7.26; Proofpoint; sisimai Blocked',
    covers: 'anything that is blocked, even "relaying blocked", because that may mean us',
  },
  {
    refusal: 'blocklisted',
    text: /\b(blocked|refused|rejected) - see\b|\bsee https?:\S{0,80}(\bip|addr|lookup|query|remov|delist)/,
    source: 'Proofpoint; ORBS; Trend Micro',
    covers: 'a link that looks up or removes an address',
  },
  {
    refusal: 'blocklisted',
    text: /\blisted (at|by|in|on|as|with)\b|\b(is|are|was|were|been|currently|address|ip|host) listed\b|\bde-? ?list|\bremov(al|ed?) from\b/,
    source: 'sendmail proto.m4 dnsbl; sisimai Blocked',
    covers: 'listed somewhere, how to get off a list',
  },
  {
    refusal: 'blocklisted',
    text: /(?<!not )\b(on|in) (our|a|the|its|their|several|some) (?:[\w-]{1,20} )?lists?\b(?! of (?:allowed|local|permitted|my|our))/,
    source: 'Outlook S3140; texts of bans',
    covers: 'on a list of any name',
  },
  {
    refusal: 'blocklisted',
    text: /spamhaus|spamcop|barracuda|\bsorbs\b|abuseat|uceprotect|senderscore|mailspike|invaluement|spamrats|backscatterer|\bpsbl\b|njabl|\bdsbl\b|manitu|hostkarma|spfbl|surriel|truncate\.gbudb|\bcloudmark\b|\bsenderbase\b|\breputation\b|\bcyren\b|\bhetrix/,
    source: 'the lists that refusals name most often; Cisco IronPort, in sisimai BadReputation',
    covers: 'every list that is named',
  },
  {
    refusal: 'blocklisted',
    text: /banned|sending ip|not accepted from (this|your)|\bbad (sender )?(ip|host|reputation)\b|sender ip\b|remote ip|\bip check|\b(black|bad|evil|rejected|forbidden|suspicious|unauthori[sz]ed|untrusted|unacceptable|unknown) ip\b/,
    source: 'Exchange Online 5.7.606, 5.7.708; Coremail; sisimai Blocked',
    covers: 'an IP address with a judgement',
  },
  {
    refusal: 'blocklisted',
    text: /quarantine|\bsuspended\b|bad history|on our list|error-messages\?ip=|\bfirewall|fail2ban|\bcrowdsec|intrusion|\b(country|countries|geo-? ?ip|geographic|region|continent|asn|autonomous system)\b/,
    source: 'texts of bans, from attempts to fool this table; GMX',
    covers: 'bans of addresses, countries and networks',
  },
  {
    refusal: 'blocklisted',
    text: /\b(?:to|for|from|(?:hosts?|clients?|networks?|users?|people|servers?|ips?|addresses) (?:in|of)) (?:all |any |the )?(?:austral|austri|asia|afric|americ|arab|brazil|britain|british|bulgari|canad|china|chinese|colombi|europe|france|french|german|hong ?kong|hungar|indi(?:a|ans?)\b|indones|iran|iraq|israel|ital(?:y|ian)|japan|korea|latin americ|malays|mexic|nigeria|pakistan|philippin|poland|polish|romania|russia|spain|spanish|taiwan|thai|turk|ukrain|vietnam)/,
    source: 'texts of bans, from attempts to fool this table',
    covers: 'relaying and mail that are denied to the people of a country',
  },
  {
    refusal: 'blocklisted',
    text: /\bcloud (?:provider|host|network|server|service|ip)|\b(?:hosting|vps|colo(?:cation)?|server) providers?\b|\bdata ?cent(?:er|re)s?\b|\bknown for (?:abuse|spam)|\bdue to (?:abuse|spam|complaints)|\bbecause of (?:abuse|spam|complaints)|\btor (?:exit|node)|\banonymi[sz]er|\b(?:ip|address|host|network) (?:to|of|from) our (?:users|customers)\b/,
    source: 'texts of bans, from attempts to fool this table',
    covers: 'bans of data centres, and bans for abuse',
  },
  ...BLOCKED_ABROAD,

  // We ask too much or too often.
  {
    refusal: 'throttled',
    text: /too (many|much|fast|frequent|quick|often|busy)|rate[- ]?limit|\brate (is )?(exceeded|too)|unusual rate|(message|sending|connection|delivery|hourly|daily) rate|slow(ing)? (it )?down|throttl|\bflood/,
    source: 'Postfix anvil, Exim, Sendmail, measured; Stalwart; Google 4.7.28',
    covers: 'too many, too fast, rates',
  },
  {
    refusal: 'throttled',
    text: /unexpected volume|user complaints|permanently deferred|exceed\w{0,3} (?:[\w-]{1,12} ){0,3}(?:limit|rate|number|maximum|allowance)\b/,
    source: 'Yahoo TSS01 to TSS09; sisimai TooManyConn',
    covers: 'limits that we exceed',
  },
  {
    refusal: 'throttled',
    text: /\b(?:limit|maximum|allowed number) (?:[\w-]{1,12} ){0,2}(?:exceeded|reached)\b/,
    source: 'MDaemon; Kerio',
    covers: 'limits that are reached',
  },
  {
    refusal: 'throttled',
    text: /\b(?:concurrent|simultaneous|maximum|max|hourly|daily) (?:number of |smtp |open |inbound |incoming |message |sending ){0,2}(?:connections?|sessions?|messages?|recipients?|limits?)\b/,
    source: 'Exim, Kerio, hMailServer',
    covers: 'limits of connections, messages and recipients',
  },

  // Greylisting in other words: not yet, come back, in five minutes.
  {
    refusal: 'greylisted',
    text: /\byet\b|first (time|contact|attempt|seen)|new (sender|triplet|client|relationship)|\btriplet|come back|call back later|too (early|soon)|(again|retry|wait|back|resend) (?:in|after|for|at least)\b|in (?:\S{1,9} ){1,2}(?:seconds?|secs?|minutes?|mins?|hours?)\b/,
    source: 'OpenBSD spamd; policyd; SQLgrey; milter-greylist; Exim and Haraka greylisting',
    covers: 'every refusal that says when to come back',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /\bdeferr(ed|al|ing)\b|\b(temporar(y|ily)|currently) (?:\w{1,12} )?(rejected|denied|refused|refusal|rejection|not accepted|delayed|deferral)|\bdelay(ed|ing)\b|please (?:wait|resend|retry)|\bpostpone/,
    source: 'sendmail milters; gld; spamd; Haraka DENYSOFT',
    covers: 'deferred, delayed, rejected for now',
    only: { temporary: true },
  },

  // The server cannot accept mail or look something up now. Anything else in such a text is true only for now.
  {
    refusal: 'server-trouble',
    text: /\btemporar(?:y|ily) (?:[\w-]{1,14} )?(?:error|failure|problem|trouble|fault|unavailable|out of|unable|down)\b/,
    source: 'Exchange "Temporary server error"; Postfix "Temporary lookup failure"; Mimecast',
    covers: 'temporary errors',
    only: { temporary: true },
  },
  {
    refusal: 'server-trouble',
    text: /\binternal (?:[\w-]{1,14} )?(?:error|failure|problem)\b|\b(?:system|server|lookup|dns|database|ldap|resolver|backend) (?:error|failure|problem|busy|timeout|timed out)\b/,
    source: 'Sendmail; Exim; Mimecast',
    covers: 'internal errors',
    only: { temporary: true },
  },
  {
    refusal: 'server-trouble',
    text: /\b(service|system|server|resources?|queue|database|backend)(?: is| are)? (?:currently |temporarily )?(not available|unavailable|busy|overloaded|full|down|offline|shutting|restarting)|maintenance|shutting down|overload|load average|out of (memory|disk|space|resources)|disk (is )?full|\bno space\b|timed out/,
    source: 'RFC 5321 section 4.2.2: 421; Sendmail; Exim load limits',
    covers: 'what the server has no room, time or memory for',
    only: { temporary: true },
  },
  {
    refusal: 'server-trouble',
    text: /local (problem|configuration error|error in processing)|(server )?configuration (error|problem)/,
    source: 'Exim and Postfix; RFC 5321 section 4.2.2',
    covers: 'mistakes in its settings',
    only: { temporary: true },
  },
  {
    refusal: 'server-trouble',
    text: /insufficient (?:[\w-]{1,14} )?(storage|resources|space|memory)|no system resources|\bqq (?:trouble|temporary|read|write|crashed|out of)\b/,
    source: 'RFC 5321 section 4.2.2; postscreen; qmail-queue',
    covers: 'storage and memory',
  },
  {
    refusal: 'server-trouble',
    text: /\b(?:right |just |for )?now\b|\bat (?:the|this|present)(?: present)? (?:moment|time)\b|\bat present\b|\bfor the moment\b|\bcurrently\b|\btoday\b|\buntil (?!you|auth|log|the sender|then)|\b(?:is|are|smart-?host|upstream|ldap|sql|dns) (?:down|offline)\b|\b(?:look-?up|query|search|check|ldap|sql|dns|database|directory|map|table|backend|connection)s? (?:\w{1,12} ){0,2}(?:failed|failure|fails|failing|error|timed out|timeout|unavailable|down|offline)\b/,
    source: 'texts of servers that cannot reach a database or a smarthost, from attempts to fool this table',
    covers: 'relaying, recipients and logins that are refused only now, or only because a look-up failed',
    only: { temporary: true },
  },

  // "Later", without the word greylisting. These rows come before those about our sender, our host and the recipient.
  {
    refusal: 'greylisted',
    text: /(try|retry|come|send|call|again)(?: it| this| your message| delivery| sending| back| mail)? (?:again |back )?later|\btry again\b|\b(?:please|bit|little|while|minutes|hours|some time) later\b|\btry later\b/,
    source: 'hMailServer SMTPConnection.cpp; rspamd; iRedAPD "Intentional policy rejection, please try again later"',
    covers: 'every text of "later"',
    only: { temporary: true },
  },
  ...LATER_ABROAD,

  // The sender address is not trusted. With our own sender, that is a refusal of us.
  {
    refusal: 'vantage-identity',
    text: LOOKED_UP,
    source: 'Postfix reject_unverified_recipient; Exim verify = recipient/callout; cPanel; servers behind a smarthost',
    covers: 'our domain, whose mail server the server has asked, or has looked for',
    only: { recipient: 'plain', stages: ['rcpt'] },
  },
  {
    refusal: 'vantage-identity',
    text: /\bname server:/,
    source: 'Sendmail "Host unknown (Name server: …)"',
    covers: 'a local part that the server took for an address outside, and looked up',
    only: { recipient: 'ambiguous', stages: ['rcpt'] },
  },
  {
    refusal: 'unknown-user',
    text: /recipient (?:address )?(?:callout |call-out )?verif(?:y|ication)(?: has)? failed|verification failed for recipient|recipient callout/,
    source: 'Exim verify = recipient',
    covers: 'a recipient that another server of the same domain refused',
  },
  {
    refusal: 'sender-rejected',
    text: SENDER_NOT_VERIFIED,
    source: 'Exim verify = sender and similar checks, measured',
    covers: 'callouts and checks of the sender',
    only: { sender: 'own' },
  },
  {
    refusal: 'vantage-identity',
    text: SENDER_NOT_VERIFIED,
    source: 'the same with our own sender',
    covers: 'the same',
  },
  {
    refusal: 'sender-rejected',
    text: FORGED,
    source: "RFC 7208, RFC 7489: a sender at the server's own domain that comes from outside is forged",
    covers: 'SPF, SRS, DKIM, DMARC, forged, spoofed, who may use this sender',
    only: { sender: 'own' },
  },
  {
    refusal: 'vantage-identity',
    text: FORGED,
    source: 'RFC 7208; Debian exim4 ACLs; Google; sisimai AuthFailure',
    covers: 'the same',
  },
  {
    refusal: 'vantage-identity',
    text: /call-?(out|back)/,
    source: 'Exim verify = sender/callout, measured',
    covers: 'callout, callback, call-back',
  },
  {
    refusal: 'vantage-identity',
    text: /(sender|domain|e-?mail|message) authentication|authentication (level|check|requirement|information|results?|policy|failed|failure)|unauthenticated (e-?mail|mail|message|domain)|(e-?mail|message|mail|domain) (is|was|must be|has to be|needs to be|should be|could not be) (un)?authenticated|\b(sender|sending|domain|e-?mail|mail|message)s? (?:[\w-]{1,12} ){0,2}(must|should|needs? to|has to|have to) (be )?authenticate|authenticate (your|the) (domain|ip|server|host|mail|e-?mail|message)|\b(?:failed|unable|fails|not|cannot|could) (?:to )?(?:be )?authenticate (?:your|the|this|sender|message|mail|domain)/,
    source: 'Exchange Online 5.7.515; Google 5.7.26; Yahoo; in sisimai AuthFailure',
    covers: 'authentication of a message or a domain, which is no login',
  },
  {
    refusal: 'sender-rejected',
    text: /sender address rejected/,
    source: 'Postfix reject_unknown_sender_domain and similar checks',
    covers: 'any text after these words',
    only: { sender: 'outside' },
  },
  {
    refusal: 'sender-rejected',
    text: /domain of sender|required for sender address|\bsender address (?:denied|refused)|(?:invalid|illegal|unknown|fake|denies the|null|empty) sender|badmailfrom|envelope sender|from address must|mail from must/,
    source: 'sendmail proto.m4; OpenSMTPD (with 530); qmail-smtpd.c; Coremail; sisimai Rejected',
    covers: 'a sender that is invalid or unknown',
  },
  {
    refusal: 'sender-rejected',
    text: /\b(?:sender|from address) (?!address )(?:[\w.-]{1,24} )?(?:rejected|denied|refused|not (?:allowed|accepted|permitted|valid|known))\b/,
    source: 'Haraka; Coremail; sisimai Rejected',
    covers: 'a sender that is refused',
  },
  {
    refusal: 'sender-rejected',
    text: /\b(?:sender|originator|from|return|reply|bounce|originating)(?:.s)? (?:e-?mail |mail |path )?(?:address|path|domain|mailbox|user|account) (?!rejected)(?:is |was |does |could |has |can)?(?:not|unknown|invalid|non-?exist|unroute?able|undeliverable)/,
    source: 'checks of the sender in the words of an administrator',
    covers: 'a return path that does not work',
  },
  {
    refusal: 'sender-rejected',
    text: /sender address (syntax|must|is not|does not)|unroutea?ble sender|bad sender address/,
    source: 'OpenSMTPD, hMailServer, Postfix sources; sisimai Rejected',
    covers: 'the form of a sender',
  },

  // The name of our host: PTR and HELO.
  {
    refusal: 'vantage-identity',
    text: /\b(?:helo|ehlo)(?: command| name| hostname| host| argument| domain| string)?(?: used)?(?: is| was| has been)? (?:rejected|denied|refused|invalid|error|not|must|does|mismatch|check|used|forged|syntax)\b/,
    source: 'Postfix reject_*_helo_hostname; Haraka connection.js',
    covers: 'HELO or its name that is refused or wrong',
  },
  {
    refusal: 'vantage-identity',
    text: /(invalid|bogus|bad|forged|fake|illegal|wrong|malformed|unacceptable|unqualified|impersonat\w{2,4}|incorrect) (helo|ehlo)|helohost/,
    source: 'sendmail block_bad_helo; Exim; Coremail',
    covers: 'a bad HELO in every word',
  },
  {
    refusal: 'vantage-identity',
    text: /cannot (find|resolve) your|reverse[- ](dns|host ?name|look-?up|resolution|name|record|pointer|mapping|path)|\bptr\b|\brdns\b|fcrdns|forward[- ]confirmed|need fully[- ]qualified|\bfqdn\b/,
    source: 'Postfix reject_unknown_client_hostname; sendmail require_rdns; Google; Haraka; sisimai RequirePTR',
    covers: 'PTR records, reverse and forward-confirmed names',
  },
  {
    refusal: 'vantage-identity',
    text: /ip name lookup failed|possibly forged|unresolvable relay|does not point to the sending ip|(?:no|missing|invalid|bad|generic) (?:valid )?(?:dns|host ?name|ptr|a record|mx record)|\bdns (entry|record|name)|host ?name (?:does not|is not|not|mismatch|cannot)/,
    source: 'sendmail require_rdns; Google; sisimai RequirePTR',
    covers: 'names that are missing or do not match',
  },
  {
    refusal: 'vantage-identity',
    text: /\b(?:client|your|ip|host|hostname|address|server|name) (?:ip |address ){0,3}(?:does|do|did|could|can) ?not (?:be )?(?:resolved?|verified|identif)/,
    source: 'sendmail require_rdns; sisimai RequirePTR',
    covers: 'names that do not resolve or were not verified',
  },
  {
    refusal: 'vantage-identity',
    text: /unverifiable sending|\bcannot be resolved\b|\bunresolvable\b/,
    source: 'sisimai RequirePTR',
    covers: 'the same in short',
  },
  {
    refusal: 'vantage-identity',
    text: /\b(?:mx|dns|domain|host|name|a records?|ns)(?: records?| name)? (?:of|for) (?:the |your |that |this )?sender\b|\bsender(?:.s)? (?:mx|dns|host|domain|a record)\b|\bset up (?:an? |the |your )?(?:mx|ptr|spf|dkim|dns|rdns)\b/,
    source: 'checks of the domain of a sender in the words of an administrator',
    covers: 'the MX, the DNS and the domain of a sender, which a reply can give as a reason to deny relaying',
  },

  // Our address or network is refused in other words.
  {
    refusal: 'blocklisted',
    text: /\bopen[- ]?(mail )?(relay|prox)|\b(from|your|insecure|sending|known|unknown|unregistered|untrusted|rogue|suspected|remote|upstream|previous|blocked|listed|spam|bad|abused|forbidden|banned) (mail )?relays?\b|(?<!credentials for )\brelay(ing)? \(? ?(?:hosts?|servers?|mta|ip|client|machine|system|computer|gateway)\b(?! (?:is )?not (?:configured|set up))/,
    source: 'texts of the ORBS family; sendmail srvrsmtp.c "rejecting open proxy"; sisimai; Coremail "openrelay check"',
    covers: 'relay as a name for us: "your relay", "relay host", "relay 192.0.2.7"',
  },
  {
    refusal: 'blocklisted',
    text: /client host rejected|\bhost (?:is )?rejected|\bconnection (?:was |is )?(?:rejected|refused|denied|dropped|blocked|prohibited)/,
    source: 'Postfix check_client_access; IronPort; Symantec "Connection rejected by policy"',
    covers: 'a refused host or connection',
  },
  {
    refusal: 'blocklisted',
    text: /(?<!relaying from )\bip(?: address(?:es)?)? (?:ip )?(?!(?:is |are |was )?(?:currently )?not (?:permitted|allowed|authori[sz]ed) to relay)(?:is|are|was|has|have|not|does|could|may|range|rejected|refused|denied|blocked|banned|forbidden|restricted)\b/,
    source: 'icewarp, MDaemon, Yandex, Coremail "IP is rejected"',
    covers: 'what an IP address is, has or does',
  },
  {
    refusal: 'blocklisted',
    text: /send (e-?mail|mail|messages) directly to|smtp (server|relay) (of|at) your|(isp|provider).{0,2}s? (mail|smtp|outgoing|relay)|\bdynamic|dial-? ?up|residential|broadband|\bdsl\b|consumer (ip|network|address)|zombie|\bdul\b/,
    source: 'Google: IP not authorized; AOL; Comcast; sisimai Blocked',
    covers: 'addresses that should send through a provider',
  },
  {
    refusal: 'blocklisted',
    text: /^\W*your access to\b|suspiciously like spam|connection (was )?not authori[sz]ed|confirm this mail server/,
    source: 'Cisco IronPort and qmail, in sisimai Blocked; Mercury',
    covers: 'nothing else',
  },
  {
    refusal: 'blocklisted',
    text: /spammers?\b|spam[- ]?(source|host|server|bot|trap|activity|sender|network|complaint)|(send|sends|sending|sent|source of) spam|botnet|infected|compromised|\btrojan|abusive|abusing|abusers?\b|\bhoneypot|dictionary attack|harvest|hack(ed|ing|er)|attack|bounce attack|backscatter/,
    source: 'texts of bans: Exim and qmail administrators, Rackspace, Comcast',
    covers: 'what we are accused of',
    only: { stages: BEFORE_DATA },
  },
  {
    refusal: 'blocklisted',
    text: /do(?:es)? not (?:want|like|trust|welcome|know|talk|speak|communicate) (?:to |with )?(?:you|your|any mail|mail|messages)\b|\bnot (?:welcome|wanted|trusted)\b|\bunwelcome\b|\bunwanted\b|\buntrusted\b|\bno access from\b/,
    source: 'bans in the words of an administrator',
    covers: 'that we are not wanted',
  },

  // The next hop refused, or there is none: the server may relay.
  {
    refusal: 'content',
    text: NEXT_HOP,
    source: 'gateways and servers behind a smarthost that pass a message on while we wait',
    covers: 'what a smarthost, an upstream server or the next hop refused',
    only: { stages: ['data', 'dot'] },
  },
  {
    refusal: 'vantage-identity',
    text: NEXT_HOP,
    source: 'the same before the message',
    covers: 'our domain, for which the server has asked another one',
    only: { recipient: 'plain', stages: ['rcpt'] },
  },
  {
    refusal: 'other',
    text: NEXT_HOP,
    source: 'the same before the message: a gateway asks its inner server about every recipient',
    covers: 'the same',
    only: { stages: ['mail', 'rcpt'] },
  },

  // The server does not relay for strangers. These words count more than what a reply says about hosts and TLS.
  {
    refusal: 'relay-denied',
    text: /\brelay(?:ing)?(?:[-,:;.!]{0,3}[ -](?:access|attempts?|requests?|services?|operations?|permissions?|functions?|of|mail|messages?|e-?mails?|to|for|through|thru|via|by|outside|external|remote|foreign|non-local|local|other|unknown|any|all|domains?|recipients?|addresses|address|destinations?|strangers|users?|from|outsiders|without|authentication|smtp|auth|servers?|systems?|machines?|site|our|my|hosts?|that|this|the|these|those|here|is|are|was|were|has|been|being|strictly|currently|explicitly|generally|anonymous|unauthenticated|unauthori[sz]ed|third|party|parties)){0,7}[-,:;.!]{0,3}[ -](?:denied|denies|prohibited|rejected|refused|forbidden|disallowed|disabled|restricted)/,
    source:
      'Postfix, Sendmail, Courier, measured; Exim 3 "relaying to … prohibited by administrator"; James; Kerio; Exchange 5.5, KB Q193922; Domino; Zoho; FortiMail',
    covers: 'relay or relaying, of or to anything, that is denied in any word',
  },
  {
    refusal: 'relay-denied',
    text: /\brelay(?:ing)?(?:[-,:;.!]{0,3}[ -](?:access|attempts?|requests?|services?|of|mail|messages?|e-?mails?|to|for|through|thru|via|by|outside|external|remote|foreign|non-local|other|unknown|any|all|domains?|recipients?|addresses|address|destinations?|strangers|users?|from|outsiders|without|authentication|smtp|auth|servers?|systems?|machines?|site|our|my|hosts?|that|this|the|these|those|here|is|are|was|were|will|can|could|has|been|be)){0,7}[-,:;.!]{0,3} ?not(?: be| been| currently| generally)? (?:permitted|allowed|authori[sz]ed|accepted|supported|enabled|available|possible|provided|granted|done)/,
    source: 'Exim, measured; Stalwart rcpt.rs; NTMail; Axigen; "Relaying to … is not permitted"',
    covers: 'relay or relaying, of or to anything, that is not permitted in any word',
  },
  {
    refusal: 'relay-denied',
    text: /\brelaying (?:of |e-?mail |mail |messages? ){0,2}(?:from|by|for) (?:your |this |the |that |unknown |unauthori[sz]ed |foreign |external |outside )?(?:ip|host|hosts|address|network|client|clients|server|system|computer|machine|location|domain|sender|site)(?: address)?(?: ip)? (?:is |was |are )?(?:not (?:permitted|allowed|authori[sz]ed|accepted|supported)|denied|prohibited|refused|rejected|forbidden)/,
    source: '"Relaying from your host is not allowed": servers that relay for hosts they know',
    covers: 'relaying from or for any kind of host',
  },
  {
    refusal: 'relay-denied',
    text: /\bno relaying(?! spam)\b|\bno relay (?:allowed|permitted|access|for|here|service)|\b(?:attempt|attempts|attempting|attempted|tried|trying) to relay\b|\b(?:unauthori[sz]ed|illegal|third[- ]party|anonymous|non-local) relay(?:ing)?(?: attempt)?\b|\brelay(?:ing)? (?:prohibition|violation|denial|forbidden|refusal)\b/,
    source: 'sisimai NoRelaying; MDaemon; hosts that forbid third-party relay',
    covers: 'relaying as a thing that is forbidden',
  },
  {
    refusal: 'relay-denied',
    text: /\bnot (?:be )?(?:permitted|allowed|configured|authori[sz]ed|able|set up|willing|going|enabled|entitled|eligible)(?: \w{1,12})? (?:to|for|as an?) (?:a |an |the |be a |act as a |mail |use (?:this |our )?(?:\w{1,8} )?as (?:a |an )?)?relay/,
    source: 'cPanel Exim, Sendmail, Axigen, IMail, in sisimai NoRelaying',
    covers: 'every subject that is not allowed to relay',
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:unable|refus(?:e|es|ed|ing)|declin(?:e|es|ed|ing)|impossible|(?:no|not have|not have the) permissions?|no authori[sz]ation|not) to relay\b|\b(?:cannot|will not|do not|does not|must not|may not|shall not|not|never|can only|only) (?:currently |usually |also |accept |allow |permit |support |provide |offer |act as |perform |do |going to )?(?:any |an? |third[- ]party |mail |open |anonymous |for |to |as ){0,3}relay(?:s|ing)?\b(?! (?:spam|spammers|unsolicited))/,
    source: 'Exchange, KB Q304897; IceWarp; Mercury; CommuniGate; seen on public servers',
    covers: 'the server that does not, cannot or will not relay',
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:not|never|cannot|only)(?: be)?(?: allowed| permitted| authori[sz]ed| able| going)?(?: to)? be relayed\b|\b(?:cannot|not) be relayed\b/,
    source: "qmail, netqmail, vpopmail and indimail patches: that domain isn't allowed to be relayed thru this MTA",
    covers: 'that a domain, a message or an address may not be relayed, thru or through anything',
  },
  {
    refusal: 'relay-denied',
    text: /\brelay(?:ing|s)? (?:access |mail |service )?(?:is |are )?(?:only |just )?(?:allowed|permitted|available|granted|enabled|for|possible)?(?: only)? ?(?:for|to|from|after|with|by) (?:the |our )?(?:auth|local|internal|known|registered|our|logged|clients|customers|members|subscribers|trusted|specified)|\brelay(?:ing)? (?:access |mail )?(?:requires|needs) (?:\w{1,10} )?(?:auth|log ?in|permission)|\b(?:invalid|no) credentials for relay/,
    source: 'SurgeMail; SmarterMail; Google Workspace SMTP relay',
    covers: 'relaying only for some, or only after a login',
  },
  {
    refusal: 'relay-denied',
    text: /\bwe do not relay(?! spam)|^\W*relaying mail to\b|\(relaying\) is not allowed|\bdenies relay|\brelay check\b|\bhost denies relay|\brelaying (?:is )?(?:denied|off|disabled)|^\W*relaying\W*$|^\W*not relayed|\bclosed relay\b|\brelay(?:ing)? (?:is )?closed\b/,
    source: 'IceWarp; sisimai NoRelaying; Coremail "553 host denies relay", "553 relay check local fail"',
    covers: 'short forms of the same',
  },
  ...RELAYING_ABROAD,
  {
    refusal: 'auth-required',
    text: /\b(?:server|system|host|service|domain) requires (?:smtp )?auth/,
    source: 'MailEnable, in sisimai NoRelaying',
    covers: 'a server that requires authentication, whatever for',
  },

  // These words are about hosts, TLS or spam in general. They come after relaying, and before logins and recipients.
  {
    refusal: 'tls-required',
    text: /\bstarttls\b/,
    source: 'RFC 3207 section 4',
    covers: 'every other text that names STARTTLS',
  },
  {
    refusal: 'blocklisted',
    text: /(from|by|to|of|for|on) your (ip|host|server|network|address|isp|provider|domain|client|system|computer|machine|location|connection)\b|not allowed to (connect|send)\b(?! (?:e-?mails? |mails? |messages? )?to (?:any|external|remote|outside|foreign|non-local|other|this|that|these|those)\b)|\bfrom (this|that) (ip|host|server|network|address|isp|provider|client|system|location|connection)\b/,
    source: 'sisimai Blocked',
    covers: 'texts that name our host, our address or our network',
  },
  {
    refusal: 'blocklisted',
    text: /\b(your|client|remote|connecting|sending|calling) (ip|host|server|network|address|isp|provider|system|computer|machine|mta|mail ?server|organi[sz]ation|connection)\b|\byour (?:e-?)?(?:mail|messages?)\b(?! (?:first|before|program|client|software|settings|account|app|reader))|(mail|messages?|connections?|traffic|access|anything) (coming )?from (you|ip|there|unknown|unauthori[sz]ed|untrusted|this|that|these|your|outside|external|foreign|the)\b/,
    source: 'Exim, sendmail access maps and firewalls',
    covers: 'what belongs to us, and what comes from us',
  },
  {
    refusal: 'blocklisted',
    text: /\bspam|unsolicited|\bu[bc]e\b|\bbulk|\bjunk|malicious|\bvirus|suspicious|phish/,
    source: 'bans in the words of an administrator',
    covers: 'spam in every word',
    only: { stages: BEFORE_DATA },
  },
  {
    refusal: 'vantage-identity',
    text: /(?<!duplicate |nested |second |need |missing |issue |send |say |during )\bmail from\b(?! (?:authenticated|local|our|known|first|already|command|given|expected|required))/,
    source: 'checks of the sender in the words of an administrator',
    covers: 'texts that repeat our command',
  },
  {
    refusal: 'vantage-identity',
    text: /\bverify your\b/,
    source: 'Exim verify = sender, measured',
    covers: 'texts about the verification of senders',
  },

  // The server found no route to our domain. Words that name "here" mean its own domains instead.
  {
    refusal: 'server-trouble',
    text: NO_ROUTE,
    source: 'Postfix reject_unknown_recipient_domain with 450; Exim: a router that deferred',
    covers: 'our domain, which the DNS of the server does not know now',
    only: { temporary: true, recipient: 'plain', stages: AFTER_MAIL },
  },
  {
    refusal: 'vantage-identity',
    text: NO_ROUTE,
    source: 'Exim "Unrouteable address"; Postfix "Domain not found", nullMX; Sendmail "Host unknown (Name server: …)"',
    covers: 'our domain, which the DNS of the server does not know',
    only: { recipient: 'plain', stages: AFTER_MAIL },
  },

  // These words are about our domain, our network or our client. They come after relaying, and before domains and
  // logins.
  ...ABOUT_US.flatMap((row): TextRow[] => [{ ...row, refusal: 'sender-rejected', only: { sender: 'own' } }, row]),

  {
    refusal: 'relay-denied',
    text: /^\W*(?:sorry\W{1,3})?no relays?\W*$|\b(?:cannot|may not|must not|not allowed to|not permitted to) (?:send|mail|deliver|write)(?: mail| messages)? to (?:an? |any )?(?:external|outside|remote|foreign|non-local) (?:domain|address|recipient|user|server|destination)|\bdomain (?:is|was) not in (?:my|our) list\W*$/,
    source: 'qmail-smtpd with shorter words; administrators',
    covers: 'no relay, and recipients outside to whom nobody may send',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'auth-required',
    text: /\b(?:external|outside|remote|foreign|non-local) (?:recipients?|address(?:es)?|domains?|destinations?|mail|delivery) (?:requires?|needs?) (?:an? )?(?:login|log-?in|account|password)\b/,
    source: 'administrators',
    covers: 'recipients outside that need a login',
    only: { stages: AFTER_MAIL },
  },

  // The recipient is at none of the server's domains. At MAIL, such words are about our sender.
  {
    refusal: 'relay-denied',
    text: /i cannot deliver (mail )?(for|to)|delivery is not allowed to this address|\bnot a gateway\b|\bgatewaying\b|list of allowed (rcpthosts|recipient|domains|hosts)|\brcpthosts\b/,
    source: 'Haraka, measured; hMailServer source; IMail; qmail-smtpd.c, notqmail and its TLS patch',
    covers: 'the words of Haraka, hMailServer, IMail and qmail',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:do|does|will|can|did|is|are)(?:not| not) (?:currently |configured to |set up to |able to |willing to |allowed to |permitted to |authori[sz]ed to )?(?:accept|accepting|handle|handling|host|hosting|receive|receiving|serve|serving|process|deliver|delivering|take|taking|route|routing|forward|forwarding)(?: any)?(?: e-?mails?| mails?| messages?| delivery)? (?:for|to) (?:that|this|the|these|those|such|here|your|any|other|non-local|external|remote|foreign|outside|others|recipients? (?:at|in|outside)|domains?|specified|requested)\b(?! (?:user|mailbox|account|person|connection|server|client|host))/,
    source: 'Symantec, MailEnable, Mercury, Xmail and sisimai NoRelaying: we do not handle mail for this domain',
    covers: 'a server that takes no mail for that domain',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:do|does|will|can) ?not (?:accept|handle|host|receive|serve|process|deliver|take|route) (?:e-?mails?|mails?|messages?|delivery) (?:for|to)(?: \w[\w.-]{0,60})?\W?$/,
    source: 'the same with the address at the end, where it was removed',
    covers: 'the same',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:mail|e-?mail|messages?) (?:to|for) (?:that |this |the )?(?:domain |address |recipient )?(?:is |are )?not accepted\b|\bnot a domain\b|\b(?:do|does) not (?:handle|host|serve|receive) (?:mail for |e-?mail for )?(?:that |this |the |your )?domain/,
    source: 'hosts of many domains',
    covers: 'that mail for it is not accepted',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\bdomain (?:is |was |are )?(?:not|never) (?:\w{1,10} )?(?:hosted|handled|served|local|ours|accepted|relayed|configured|found|known|recogni[sz]ed|managed)(?: \w{1,10})? (?:here|locally|by us|on this|at this|by this|for relay|in (?:my|our))|\bdomain (?:is |was )?not (?:hosted|local|ours)\b|\bnon-?local$|\b(?:do|does) not host\b|\bno such (?:mail )?domain (?:here|at this|on this|is)|\bnot (?:one of )?(?:our|my) (?:local |hosted |own )?(?:domains?|users?|customers?|recipients?)\b/,
    source: 'Barracuda "No such domain at this location"; Symantec; Rackspace; hosts of many domains',
    covers: 'a domain that is not hosted here',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\bnot (?:an? )?(?:local|internal)(?: \w{1,12})? ?(?:domain|host|user|recipient|address|mailbox|account|e-?mail)?\b(?! error)|\bnon-?local (?:e-?mail|mail|domain|recipient|address|user|host)|\bnot (?:a |the )?(?:mx|mail exchanger|mail host|mail server) for\b|\bnot responsible for\b|\bnot our (?:domain|problem|customer)/,
    source: 'RFC 5321 section 4.2.2: 551 User not local; sisimai UserUnknown; XMail',
    covers: 'a user, an address or a domain that is not local',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:local|hosted) (?:users?|recipients?|domains?|addresses|mailboxes) only\b|\bonly (?:accepts? |accepting |receives? |handles? |delivers? |takes? )?(?:e-?mails? |mails? |messages? |delivery )?(?:for |to )?(?:local|hosted|our own|our|internal) (?:users?|recipients?|domains?|addresses|mailboxes|delivery|customers)\b|\bonly (?:accepts?|receives?|handles?|delivers?) (?:e-?mails?|mails?|messages?) (?:for|to)\b/,
    source: 'Coremail "Local user only or Authentication mechanism"',
    covers: 'mail only for local users',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:not|never) (?:permitted|allowed|authori[sz]ed|accepted|possible)(?: to (?:send|deliver|forward))?(?: e-?mails?| mails?| messages?)? to (?:any |other |an? )?(?:remote|external|outside|foreign|non-local|other|outbound|off-?site|internet|(?:this|that|these|those) domains?)|\b(?:remote|external|outside|foreign|non-local) (?:recipients?|addresses|delivery|destinations?|users?) (?:is |are |was )?(?:not (?:permitted|allowed|accepted|supported)|denied|refused|rejected|prohibited|forbidden)|\bspecified domain is not allowed|\bno (?:external|remote|outside|foreign) (?:recipients?|delivery|relay|addresses)|\bno (?:outbound|outgoing) (?:recipients?|mail|delivery)/,
    source: 'Lotus Domino; XMail; sisimai NoRelaying',
    covers: 'recipients elsewhere, which are not allowed',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\bnot (?:handled|hosted|managed|served|serviced) (?:here|locally|by (?:this|our|us)|on (?:this|our)|at this)\b|\b(?:mail |smtp |remote )?forwarding (?:mail |to (?:remote|external|outside|other) \w{1,12} |to )?(?:is )?(?:not (?:allowed|permitted|supported)|denied|prohibited|disabled|refused)\b/,
    source: 'hosts of many domains; servers that call relaying forwarding',
    covers: 'what is not handled here; forwarding that is denied',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /\b(?:destination|recipient|target) (?:domain|host)(?: name)? (?:is )?(?:not|denied|refused|rejected)\b|\b(?:delivery|mail|sending) to (?:this|that|these|those) domains? (?:is |are )?(?:not|denied|refused|prohibited|forbidden)\b/,
    source: 'hosts of many domains',
    covers: 'a destination that is not allowed',
    only: { stages: AFTER_MAIL },
  },
  ...NOT_LOCAL_ABROAD,

  // The server relays only for clients that log in.
  {
    refusal: 'auth-required',
    text: /must issue an auth|\bauth(?:entication|orization|orisation|enticate)?(?: is)? (?:required|needed|necessary|mandatory|first|compulsory)|\b(?:requires?|need|needs|use|using|enable|without|no|missing|want|provide|perform) (?:\w{1,12} )?(?:smtp[- ])?auth(?:entication)?\b/,
    source: 'OpenSMTPD, measured; RFC 4954; hMailServer, James, Courier, MailEnable, SmarterMail sources',
    covers: 'authentication that is required or missing',
  },
  {
    refusal: 'auth-required',
    text: /\b(?:authenticate|auth|log ?[io]n|sign in|pop) first\b|\b(?:must|need to|needs to|have to|has to|should|please|first|required to) (?:first |be )?(?:authenticated?|log(?:ged)? ?[io]n|sign(?:ed)? in)\b(?! (?:to|at|on) (?:our|the|your|https?))|\bpop3?[- ]before[- ]smtp\b|\bsmtp[- ]after[- ]pop\b|\b(?:check|fetch|get|read|retrieve)(?:ing)?(?: for)?(?: \w{1,8})? mail (?:first|before)|\blog-?in (?:is )?(?:required|needed|first)|(?<!rejected: )\bnot (?:been )?(?:logged in|signed in)\b/,
    source: 'texts that come with 503 and 530, from attempts to fool this table; POP before SMTP',
    covers: 'a login that has to come first',
  },
  {
    refusal: 'auth-required',
    text: /client was not authenticated|\byou (?:are|were) not authenticated|\b(?:user|client|session|connection) (?:is |was )?(?:not|un) ?authenticated|\byou (?:do|did) not authenticate\b/,
    source: 'Exchange Online NDR documentation; qmail-ldap',
    covers: 'a client that did not log in',
  },
  {
    refusal: 'auth-required',
    text: /(unauthenticated|anonymous) (senders?|users?|clients?|access|connections?|submissions?|sessions?)(?: \w{1,10})? (is |are )?(not|denied|rejected|refused|prohibited|forbidden|disallowed)|\b(?:authenticated|registered) (?:users|clients|senders) only|\bonly (?:for |from |to |accepts? |accepts? (?:mail|messages) from |available (?:to|for) )?(?:authenticated|logged[- ]in|registered) (?:users|clients|senders)/,
    source: 'sisimai SecurityError; Exchange; Axigen',
    covers: 'nobody without a login',
  },
  ...LOGIN_ABROAD,

  // A mailbox that is busy now.
  {
    refusal: 'greylisted',
    text: /mailbox (is )?(temporarily |currently )?(unavailable|busy)/,
    source: 'RFC 5321 section 4.2.2: 450',
    covers: 'a mailbox that is busy or blocked for now',
    only: { temporary: true },
  },

  // The recipient does not exist, or is refused.
  {
    refusal: 'unknown-user',
    text: /recipient address rejected: (?:access denied|user|invalid|unknown|undeliverable|no such|not|mailbox|domain|address|relay|bad)|recipient (?:address )?(?:was |is |has been |not )?(?:rejected|refused|denied|invalid|unknown|accepted|ok|disabled|unavailable)\b(?!:)\W*$|^\W*(?:address|recipient|rcpt)(?: is| was)? (?:rejected|refused|invalid)\W*$/,
    source: 'Postfix: a final "reject" and check_recipient_access; IronPort "Address rejected"; Exchange Online',
    covers: 'a recipient that is refused without another reason',
  },
  {
    refusal: 'unknown-user',
    text: /user unknown|unknown (user|recipient|mailbox|account|local[- ]?part|alias|login|destination|rcpt|customer|e-?mail|addressee|virtual)|no such (user|recipient|mailbox|address|account|person|alias|local|login|customer|e-?mail|name|virtual|forward)/,
    source: 'Postfix, Sendmail, measured; hMailServer, Exim; sisimai UserUnknown',
    covers: 'unknown user, no such user and similar texts',
  },
  {
    refusal: 'unknown-user',
    text: /(invalid|bad|illegal|non-?existent|inactive|undeliverable|unavailable|incorrect|disabled) (recipient|mailbox|user|destination|local[- ]?part|rcpt|account|e-?mail address|virtual)|unroute?able (mail )?(address|domain)|(?:no|not a)(?: valid)? (?:mailbox|account|one|body|person|user|address|mail box)(?: here| there)? (?:by|with|at|of|under) (?:that|this)|badrcptto|validrcptto|envelope recipient/,
    source: 'OpenSMTPD, Exim, measured; vpopmail and qmail, in sisimai UserUnknown',
    covers: 'invalid recipients, nobody by that name',
  },
  {
    refusal: 'unknown-user',
    text: /(?:user|mailbox|account|recipient|address|addressee|person|alias|local part|login|customer|e-?mail)(?: \S{1,24})? (?:does not|did not|do not|not) exists?\b|does not like recipient|tried to reach does not exist|no longer accepts? (?:mail|messages)/,
    source: 'maddy.conf; Stalwart rcpt.rs; Courier; Google; sisimai UserUnknown',
    covers: 'a user that does not exist',
  },
  {
    refusal: 'unknown-user',
    text: /(?:user|mailbox|recipient|account|addressee|alias|local part|e-?mail address|recipient address)(?: \S{1,24})? (?:was |is |were |could |has )?(?:not|cannot)(?: been| be)? (?:found|known|valid|active|recogni[sz]ed|present|local|defined|listed|available|enabled|accepted)|(?:recipient|mailbox|account|addressee|user)(?: is| was)? (?:unknown|invalid|inactive|disabled|missing|unavailable)|mailbox unavail?able|\bnot a (?:valid|known|registered|current) (?:user|mailbox|recipient|address|account)|\bno (?:mailbox|account|user|recipient) (?:found|here)|\bno local (?:user|mailbox|recipient)/,
    source: 'RFC 5321 section 4.2.2; Google; Exchange; sisimai UserUnknown',
    covers: 'a user that is not found, known or valid',
  },
  ...NO_USER_ABROAD,
  {
    refusal: 'sender-rejected',
    text: /sender address rejected/,
    source: 'Postfix, every other sender',
    covers: 'any text after these words',
  },

  // The server refuses by policy. The text does not say whether it means us or relaying.
  {
    refusal: 'policy',
    text: /restricted characters in address/,
    source: 'Exim, measured',
    covers: 'nothing else',
  },
  {
    refusal: 'policy',
    text: /administrative prohibition/,
    source: 'Exim: a deny without a message',
    covers: 'nothing else',
  },
  {
    refusal: 'policy',
    text: /delivery not authori[sz]ed/,
    source: 'RFC 3463 X.7.1',
    covers: 'nothing else',
  },
  {
    refusal: 'policy',
    text: /\bpolicy\b|\bpolicies\b/,
    source: 'sisimai PolicyViolation',
    covers: 'every other text that names a policy',
  },
  {
    refusal: 'greylisted',
    text: /gr[ae]y-? ?list/,
    source: 'greylisting that answers 550, from attempts to fool this table',
    covers: 'the same',
  },
]
