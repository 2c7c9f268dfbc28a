import type { Reason } from '../../contract/words.ts'
import { type Advice, POSTFIX_ACCESS, RFC2505 } from './advice.ts'

/** "Fail2ban will not ban a host which matches an address in this list" (ignoreip); bantime and findtime 600, maxretry 5. */
const FAIL2BAN = 'https://github.com/fail2ban/fail2ban/blob/0121e09907c5eea262f96dfd5886515a3a18d29e/config/jail.conf'
/** Greylisting: temporary refusals of unknown clients. */
const RFC6647 = 'https://tech-invite.com/y65/tinv-ietf-rfc-6647.html'
/** RFC 5321 on retries, as a greylisting page quotes it: a sender must wait, as a rule half an hour. */
const RETRYING = 'https://home.nuug.no/~peter/pf/newest/spamd.greylist.html'
/** What backscatter is, and to refuse unknown recipients in the session. */
const BACKSCATTER = 'https://pyte.dev/posts/blocking-invalid-rcpt-postfix'

const LATER =
  'Test again after the time in retryAfter; the next test uses the same addresses, so that the server knows them again.'
const ALLOW_US =
  "Or ask the server's administrator to allow the address that the test comes from: vantage.ip, named on top of the text form."
const ASK_LOG = "Ask the server's administrator to look at its log at the time of the test."

/** What to do to get an answer. */
export const BY_REASON: Record<Reason, Advice> = {
  interrupted: {
    title: 'Run the test again',
    steps: [
      'Run the test again and let it finish: it stops when whoever asked for it leaves, and when testing is switched off.',
    ],
    references: [],
  },
  // RFC 2505 2.1: else refuse to relay, at RCPT TO.
  'recipient-accepted': {
    title: 'Treat it as open until a message shows otherwise',
    steps: [
      'Test again with proof message or delivery: only a message that is taken, or not, gives an answer.',
      'Ask the administrator why the server takes outside recipients from strangers: it should refuse them in the answer to RCPT TO.',
      'If the server means to refuse later, let its refusal of the message say that relaying is denied.',
    ],
    references: [RFC2505],
  },
  'content-refused': {
    title: 'Treat it as open until the filter lets the test message through',
    steps: [
      'Read in the session why the test message was refused: a content filter stood before the answer.',
      'Let the filter pass messages from the address that the test comes from (vantage.ip), then test again.',
      'Or let the server refuse outside recipients from strangers in the answer to RCPT TO, before any filter sees the message.',
    ],
    references: [RFC2505],
  },
  'accepted-then-bounced': {
    title: 'Refuse in the session instead of bouncing',
    steps: [
      'Let the server refuse recipients that it will not deliver to in the answer to RCPT TO, instead of sending bounces later.',
      'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
      'With Postfix, that is: smtpd_reject_unlisted_recipient = yes, with relay_recipient_maps for domains that it passes on',
      'Until then its bounces reach people whose addresses were forged, and may bring it onto blocklists.',
    ],
    references: [BACKSCATTER, POSTFIX_ACCESS],
  },
  'ambiguous-accepted': {
    title: 'Find out what becomes of such an address',
    steps: [
      'Test again with proof delivery: if the message arrives in our mailbox, the server relays.',
      'Ask the administrator whether the domain has a catch-all mailbox, and look there for our test message.',
      'Or let the server refuse recipients with %, ! or @ in the local part, unless such mailboxes exist; then test again.',
    ],
    references: [RFC2505],
  },
  'vantage-banned': {
    title: 'Wait for the ban to end, or have us allowed',
    steps: [
      'Wait for retryAfter without testing: every try may make the ban longer.',
      ALLOW_US,
      'With fail2ban, that is: ignoreip = 127.0.0.1/8 ADDRESS, in the [DEFAULT] section of jail.local',
    ],
    references: [FAIL2BAN],
  },
  'vantage-blocked': {
    title: 'Have us let in, then test again',
    steps: [
      'Read in the session why we were refused: a blocklist, our name, our sender, or everything that we asked.',
      'Make sure that the domain of the test is one that this server takes mail for.',
      "Ask the server's administrator to allow the address that the test comes from: vantage.ip, named on top of the text form.",
      'If many servers refuse us, tell the operators of this service: blocklists, PTR and SPF of the vantage are theirs to mend.',
    ],
    references: [],
  },
  greylisted: {
    title: 'Test again when the greylisting is over',
    steps: [LATER, ALLOW_US],
    references: [RFC6647, RETRYING],
  },
  throttled: {
    title: 'Test again later, and not more often',
    steps: [LATER, 'Take the standard suite rather than the full one: it asks four questions.', ALLOW_US],
    references: [],
  },
  'server-trouble': {
    title: 'Test again when the server is well',
    steps: [LATER, `${ASK_LOG} It reports a temporary problem of its own, such as a full disk or a DNS failure.`],
    references: [],
  },
  'tls-required': {
    title: 'Have STARTTLS looked at',
    steps: [
      'Read in the session what the server says after STARTTLS: it asks for encryption that it has already.',
      `${ASK_LOG} On port 25 it should take mail from strangers after STARTTLS.`,
      'Test again when it does.',
    ],
    references: [],
  },
  'tls-failed': {
    title: 'Have TLS looked at',
    steps: [
      'Read in the session why the TLS connection failed.',
      `${ASK_LOG} Its certificate, key, or the protocol versions it offers may be the cause.`,
      'Test again when STARTTLS works, or when it takes mail from strangers without.',
    ],
    references: [],
  },
  tarpitted: {
    title: 'Ask less, or have us allowed',
    steps: [
      'Test again with the standard suite: it asks four questions.',
      'Ask the operators of this service for a longer deadline (TEST_DEADLINE_MS), if the standard suite did not end in time.',
      ALLOW_US,
    ],
    references: [],
  },
  'greeting-refused': {
    title: 'Find out why it turned us away',
    steps: [
      'Read in the session what the server says instead of a greeting.',
      'Make sure that this is the address of a mail server that takes mail from the Internet, and no outgoing one.',
      ALLOW_US,
    ],
    references: [],
  },
  'connect-timeout': {
    title: 'Find out whether a mail server answers there',
    steps: [
      'Check the address and the port, and that the server is up.',
      'Check that its firewall, and the network before it, let port 25 in from the address that the test comes from (vantage.ip).',
      'If other mail servers time out as well, tell the operators of this service: the way out on port 25 may be shut.',
      'Then test again.',
    ],
    references: [],
  },
  'connection-refused': {
    title: 'Find out whether a mail server listens there',
    steps: [
      'Check the address and the port: nothing listens there, or a firewall says so.',
      'If a mail server should be there, start it, and let it listen on the outside address, not on loopback only.',
      'Then test again. An address without a mail server relays nothing, as long as that stays so.',
    ],
    references: [],
  },
  'vantage-failed': {
    title: 'Test again later: our own way out failed',
    steps: [
      'Nothing has to be done at the server: it was our proxy that did not do its part.',
      'If it fails again, tell the operators of this service: GET /vantages, and their log, say what is wrong.',
      'Test again in some minutes, or from another vantage where there is one.',
    ],
    references: [],
  },
  unreachable: {
    title: 'Find out why there is no way there',
    steps: [
      'Check the address: no network path leads to it from our vantage.',
      'If it is an IPv6 address, check that the vantage has IPv6; else have the routing of the customer looked at.',
      'Then test again.',
    ],
    references: [],
  },
  'protocol-error': {
    title: 'Find out what answers there',
    steps: [
      'Read in the session what came instead of SMTP replies.',
      'Check the port: 465 speaks TLS from the start, and other services are no mail servers.',
      'A firewall that inspects SMTP may garble the session: have its inspection switched off, then test again.',
    ],
    references: [],
  },
  dropped: {
    title: 'Test again; find out who hangs up',
    steps: [
      LATER,
      `${ASK_LOG} It, or a firewall before it, ended the connection before every question had an answer.`,
      'Take the standard suite rather than the full one: it asks four questions.',
      ALLOW_US,
    ],
    references: [],
  },
  'domain-unknown': {
    title: 'Say which domain it serves',
    steps: [
      'Test again with domain: a mail domain whose mail this server takes, one of the domains on file for the customer.',
      'If the domain is not on file, have it added to the customer first.',
      'What was asked so far was refused; it is not enough to call the server closed.',
    ],
    references: [],
  },
  deadline: {
    title: 'Give it more time',
    steps: [
      'If it says nothing at all, find out what listens there: a firewall or proxy that takes connections for a mail server that is down does so.',
      'Test again when the server is less busy; take the standard suite.',
      'Ask the operators of this service for a longer deadline (TEST_DEADLINE_MS), if the server is always slow.',
      `${ASK_LOG} Slow DNS look-ups of clients are a common cause.`,
    ],
    references: [],
  },
}

// SMTPD_ACCESS_README: rejecting non-existent recipients "helps to keep the mail queue free of undeliverable" bounces.
/** For a closed server that takes any local part at its own domain. */
export const ANY_LOCAL_PART_TAKEN: Advice = {
  title: 'No relay; let it refuse mailboxes that do not exist',
  steps: [
    'Nothing has to be closed: the server does not relay.',
    'If the domain has a catch-all mailbox on purpose, leave it as it is.',
    'Else let the server refuse unknown mailboxes in the answer to RCPT TO: mail that it takes and cannot deliver becomes bounces.',
    'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
  ],
  references: [BACKSCATTER, POSTFIX_ACCESS],
}
