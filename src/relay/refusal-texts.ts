/**
 * The texts that mail servers refuse with: one row for each text, with its meaning and its source. refusals.ts
 * searches them from top to bottom, and the first match counts.
 */
import type { Refusal } from '../contract/words.ts'
import type { Form } from './forms.ts'

/** A text that refusals contain, and what it means. */
export interface TextRow {
  readonly refusal: Refusal
  /**
   * Matched against `plainText` of the reply. Must not have a quantifier inside a quantifier: that can take for ever.
   */
  readonly text: RegExp
  /** The server or document that has the text; "measured" means that we saw it ourselves. */
  readonly source: string
  /** The row counts only for a temporary refusal (4xx), or only for that sender. */
  readonly only?: { readonly temporary?: true; readonly sender?: Form['sender']['as'] }
}

/** The server asked about the sender address and did not get a good answer. */
const SENDER_NOT_VERIFIED =
  /for sender\b|\bmail from\b|sender (mailbox|unknown|does not exist|domain)|verification failed|verify(ing)? sender|could not be confirmed/

/**
 * The rows. Texts about us, and temporary ones, come before texts about relaying, and a doubtful text is read as one
 * about us. If we read a refusal of our address as "relaying denied", we would call an open server closed; the opposite
 * mistake only makes a test inconclusive.
 */
export const TEXTS: readonly TextRow[] = [
  // Exceptions. These mention open relays or look-ups, but they deny relaying; the last one does not.
  { refusal: 'relay-denied', text: /^open relay (is )?not allowed/, source: 'Mimecast, in sisimai rhost' },
  { refusal: 'relay-denied', text: /not an open relay, so get lost/, source: 'sisimai NoRelaying' },
  {
    refusal: 'relay-denied',
    text: /relaying denied\. ip name (lookup failed|possibly forged)/,
    source: 'sendmail proto.m4, Relay_ok: the name of a client only decides whether it may relay',
  },
  { refusal: 'vantage-identity', text: /relaying temporarily denied/, source: 'sendmail proto.m4: PTR not resolved' },

  // The server asks for TLS.
  {
    refusal: 'tls-required',
    text: /\bstarttls\b|\b(tls|encryption) (is )?(required|needed)/,
    source: 'RFC 3207 section 4; Postfix, OpenSMTPD, Courier; Envoy',
  },

  // Greylisting. A blocklist can refuse temporarily too, but no blocklist calls itself grey.
  { refusal: 'greylisted', text: /gr[ae]y-?list/, source: 'RFC 6647; postgrey; Stalwart', only: { temporary: true } },
  {
    refusal: 'greylisted',
    text: /service currently unavailable/,
    source: 'postscreen after its deep protocol tests, measured',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /verification in progress/,
    source: 'Postfix reject_unverified_sender, before its probe has an answer',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /^(please )?try again later\W*$/,
    source: 'hMailServer SMTPConnection.cpp: greylisting',
    only: { temporary: true },
  },

  // The name of our host: PTR and HELO.
  {
    refusal: 'vantage-identity',
    text: /(helo|ehlo) (command rejected|denied)|(invalid|bogus) (helo|ehlo)/,
    source: 'Postfix reject_*_helo_hostname; Haraka connection.js; sendmail block_bad_helo; Exim',
  },
  {
    refusal: 'vantage-identity',
    text: /cannot (find|resolve) your|reverse (dns|hostname|lookup)|\bptr\b|\brdns\b/,
    source: 'Postfix reject_unknown_client_hostname; sendmail require_rdns; Google; Haraka; sisimai RequirePTR',
  },
  {
    refusal: 'vantage-identity',
    text: /ip name lookup failed|possibly forged|unresolvable relay|does not point to the sending ip/,
    source: 'sendmail require_rdns; Google; sisimai RequirePTR',
  },
  {
    refusal: 'vantage-identity',
    text: /client ip address (?:\S{1,60} )?does not resolve|unverifiable sending ip/,
    source: 'sendmail require_rdns; sisimai RequirePTR',
  },

  // Our address or network is blocked.
  {
    refusal: 'blocklisted',
    text: /black-? ?list|block-? ?list|dnsbl|\brbl\b|\borbs\b/,
    source: 'Debian exim4 ACLs; Outlook S3140; ORBS',
  },
  {
    refusal: 'blocklisted',
    text: /\bblocked (using|by|for|due|because)\b|(has been|is|was|currently|ips?|address) blocked/,
    source: 'Postfix reject_rbl_client, postscreen; Google 5.7.26; sisimai Blocked',
  },
  { refusal: 'blocklisted', text: /\b(blocked|refused) - see\b/, source: 'Proofpoint, in sisimai Blocked' },
  {
    refusal: 'blocklisted',
    text: /\blisted at\b|\b(is|are|address) (currently )?listed (in|on|by|as)\b/,
    source: 'sendmail proto.m4 dnsbl; sisimai Blocked',
  },
  {
    refusal: 'blocklisted',
    text: /spamhaus|spamcop|barracuda|\bsorbs\b|abuseat|uceprotect|senderscore|mailspike|\breputation\b/,
    source: 'the lists that refusals name most often; Cisco IronPort, in sisimai BadReputation',
  },
  {
    refusal: 'blocklisted',
    text: /open (relay|prox)|(\bfrom|\byour|insecure|sending) relay\b/,
    source: 'texts of the ORBS family; sendmail srvrsmtp.c "rejecting open proxy"; sisimai',
  },
  { refusal: 'blocklisted', text: /client host rejected/, source: 'Postfix check_client_access' },
  {
    refusal: 'blocklisted',
    text: /banned sending ip|not accepted from this ip|bad (sender )?ip\b|sender ip\b/,
    source: 'Exchange Online 5.7.606, 5.7.708; sisimai Blocked',
  },
  {
    refusal: 'blocklisted',
    text: /(from|by|to) your (ip|host|server|network|address)|you are not allowed to (connect|send)/,
    source: 'sisimai Blocked',
  },
  {
    refusal: 'blocklisted',
    text: /send (e-?mail|mail) directly to|smtp (server|relay) (of|at) your|dynamic[ /]?(ip|host|zombied)/,
    source: 'Google: IP not authorized; sisimai Blocked',
  },
  {
    refusal: 'blocklisted',
    text: /your access to .{0,60}has been rejected|suspiciously like spam|connection (was )?not authori[sz]ed/,
    source: 'Cisco IronPort and qmail, in sisimai Blocked; Mercury',
  },

  {
    refusal: 'blocklisted',
    text: /\bbanned\b|deny-? ?list|quarantine|suspended|bad history|on our list|error-messages\?ip=/,
    source: 'texts of bans, from attempts to fool this table; GMX',
  },

  // We ask too much or too often.
  {
    refusal: 'throttled',
    text: /too many|rate[- ]limit|too much (mail|load)|unusual rate|slow down|throttl/,
    source: 'Postfix anvil, Exim, Sendmail, measured; Stalwart; Google 4.7.28',
  },
  {
    refusal: 'throttled',
    text: /unexpected volume|user complaints|permanently deferred|exceed\w{0,3} (?:[\w-]{1,12} ){0,3}connection limit/,
    source: 'Yahoo TSS01 to TSS09; sisimai TooManyConn',
  },

  // The sender address is not trusted. With our own sender, that is a refusal of us.
  {
    refusal: 'sender-rejected',
    text: SENDER_NOT_VERIFIED,
    source: 'Exim verify = sender and similar checks, measured',
    only: { sender: 'own' },
  },
  {
    refusal: 'vantage-identity',
    text: SENDER_NOT_VERIFIED,
    source: 'the same with our own sender',
  },
  {
    refusal: 'sender-rejected',
    text: /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|sender verif|not allowed to send (mail )?from/,
    source: "RFC 7208, RFC 7489: a sender at the server's own domain that comes from outside is forged",
    only: { sender: 'own' },
  },
  {
    refusal: 'vantage-identity',
    text: /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|not allowed to send (mail )?from/,
    source: 'RFC 7208; Debian exim4 ACLs; Google; sisimai AuthFailure',
  },
  { refusal: 'vantage-identity', text: /sender verif|call-?(out|back)/, source: 'Exim verify = sender, measured' },
  {
    refusal: 'vantage-identity',
    text: /(sender|domain|e-?mail|message) authentication|authentication (level|check|requirement)/,
    source: 'Exchange Online 5.7.515, in sisimai AuthFailure',
  },
  {
    refusal: 'sender-rejected',
    text: /sender address rejected/,
    source: 'Postfix reject_unknown_sender_domain and similar checks',
    only: { sender: 'outside' },
  },
  {
    refusal: 'sender-rejected',
    text: /domain of sender|required for sender address|sender (was )?(rejected|denied)|invalid sender|badmailfrom/,
    source: 'sendmail proto.m4; OpenSMTPD (with 530); Haraka; qmail-smtpd.c; sisimai Rejected',
  },
  {
    refusal: 'sender-rejected',
    text: /sender address (syntax|must|is not|does not)|unroutea?ble sender|bad sender address/,
    source: 'OpenSMTPD, hMailServer, Postfix sources; sisimai Rejected',
  },

  // The server does not relay for strangers.
  { refusal: 'relay-denied', text: /relay access denied/, source: 'Postfix, measured; Exchange Online' },
  {
    refusal: 'relay-denied',
    text: /\brelay(ing)? (is )?(denied|prohibited|rejected)/,
    source: 'Sendmail, Courier, measured; James, Kerio; Exchange 5.5, KB Q193922; Google, in sisimai; Domino',
  },
  {
    refusal: 'relay-denied',
    text: /\brelay(ing)? (is )?not (permitted|allowed)/,
    source: 'Exim, measured; Stalwart rcpt.rs; seen on public servers',
  },
  {
    refusal: 'relay-denied',
    text: /\bnot (permitted|allowed|configured) to relay/,
    source: 'cPanel Exim and others, in sisimai NoRelaying',
  },
  { refusal: 'relay-denied', text: /\bunable to relay/, source: 'Exchange, KB Q304897 and Exchange documentation' },
  { refusal: 'relay-denied', text: /\bwe do not relay(?! spam)/, source: 'IceWarp, seen on public servers' },
  { refusal: 'relay-denied', text: /\bno relaying\b/, source: 'sisimai NoRelaying' },
  { refusal: 'relay-denied', text: /^\W*relaying mail to\b/, source: 'sisimai NoRelaying' },
  { refusal: 'relay-denied', text: /(relay of mail|\(relaying\)) is not allowed/, source: 'seen on public servers' },
  { refusal: 'relay-denied', text: /i cannot deliver mail for/, source: 'Haraka, measured' },
  { refusal: 'relay-denied', text: /list of allowed rcpthosts/, source: 'qmail-smtpd.c, notqmail' },
  { refusal: 'relay-denied', text: /delivery is not allowed to this address/, source: 'hMailServer source' },
  { refusal: 'relay-denied', text: /\bnot a gateway\b/, source: 'IMail, in sisimai NoRelaying' },
  { refusal: 'relay-denied', text: /\bwe don.t handle mail for\b/, source: 'sisimai NoRelaying' },

  // The server relays only for clients that log in.
  { refusal: 'auth-required', text: /must issue an auth/, source: 'OpenSMTPD, measured' },
  {
    refusal: 'auth-required',
    text: /authentication (is )?required/,
    source: 'RFC 4954; hMailServer, James, Courier sources',
  },
  { refusal: 'auth-required', text: /server requires authentication/, source: 'MailEnable, in sisimai NoRelaying' },
  {
    refusal: 'auth-required',
    text: /\b(auth|authenticate|log ?in) first\b|\bmust (first )?(authenticate|log ?in)\b|\bpop before smtp\b/,
    source: 'texts that come with 503 and 530, from attempts to fool this table; POP before SMTP',
  },
  { refusal: 'auth-required', text: /client was not authenticated/, source: 'Exchange Online NDR documentation' },
  { refusal: 'auth-required', text: /unauthenticated senders not allowed/, source: 'sisimai SecurityError' },

  // The recipient does not exist.
  {
    refusal: 'unknown-user',
    text: /user unknown|unknown (user|recipient|mailbox)|no such (user|recipient|mailbox|address)/,
    source: 'Postfix, Sendmail, measured; hMailServer, Exim; sisimai UserUnknown',
  },
  {
    refusal: 'unknown-user',
    text: /invalid (recipient|mailbox)|unroutea?ble address|no mailbox here by that name/,
    source: 'OpenSMTPD, Exim, measured; vpopmail, in sisimai UserUnknown',
  },
  {
    refusal: 'unknown-user',
    text: /(user|mailbox|account|recipient|address) (does not|doesn.t) exist/,
    source: 'maddy.conf; Stalwart rcpt.rs; sisimai UserUnknown',
  },
  {
    refusal: 'unknown-user',
    text: /(user|mailbox|recipient) (was )?not (found|known)|tried to reach does not exist|mailbox unavailable/,
    source: 'RFC 5321 section 4.2.2; Google; sisimai UserUnknown',
  },
  { refusal: 'sender-rejected', text: /sender address rejected/, source: 'Postfix, every other sender' },

  // The server refuses by policy. The text does not say whether it means us or relaying.
  { refusal: 'policy', text: /restricted characters in address/, source: 'Exim, measured' },
  { refusal: 'policy', text: /administrative prohibition/, source: 'Exim: a deny without a message' },
  { refusal: 'policy', text: /delivery not authorized/, source: 'RFC 3463 X.7.1' },
  { refusal: 'policy', text: /\bpolicy\b|\bpolicies\b/, source: 'sisimai PolicyViolation' },

  // The server cannot accept mail now.
  {
    refusal: 'greylisted',
    text: /gr[ae]y-?list/,
    source: 'greylisting that answers 550, from attempts to fool this table',
  },
  {
    refusal: 'server-trouble',
    text: /insufficient (system )?(storage|resources)|no system resources/,
    source: 'RFC 5321 section 4.2.2; postscreen',
  },
  {
    refusal: 'server-trouble',
    text: /local (problem|configuration error|error in processing)|server configuration (error|problem)/,
    source: 'Exim and Postfix; RFC 5321 section 4.2.2',
    only: { temporary: true },
  },
]
