/**
 * Says what each reason means for people: one row for each reason, with its sentence, the pause before the next test,
 * and the steps that lead to an answer. The names and their order are in contract/words.ts; `fill` in wording.ts fills
 * the braces.
 */
import type { Reason } from '../contract/words.ts'
import { type Advice, POSTFIX_ACCESS, RFC2505, UNKNOWN_RECIPIENTS } from './remedies/advice.ts'

/** One reason for an inconclusive verdict. The advice says how to get an answer. */
export interface ReasonRow extends Advice {
  /** The summary of the test, in sentences that can be read out. */
  readonly says: string
  /** Seconds after which another test may learn more; null if waiting changes nothing. */
  readonly retryAfter: number | null
}

/**
 * "Fail2ban will not ban a host which matches an address in this list" (ignoreip); bantime and findtime 600, maxretry
 * 5.
 */
const FAIL2BAN = 'https://github.com/fail2ban/fail2ban/blob/master/config/jail.conf'
/** Defines greylisting: a server refuses unknown clients temporarily. */
const RFC6647 = 'https://www.rfc-editor.org/rfc/rfc6647.html'
/** RFC 5321 on retries: a sender should wait at least half an hour. */
const RETRYING = 'https://www.rfc-editor.org/rfc/rfc5321.html#section-4.5.4.1'

/** Greylisting and fail2ban both count in ten minutes by default. */
const TEN_MINUTES = 600

const TEST_LATER = 'Test again in {wait}. The next test uses the same addresses, so that the server recognises them.'
const ALLOW_US = "Or ask the server's administrator to allow {us}."
const ASK_LOG = "Ask the server's administrator to look at the server's log at the time of the test."
const USE_STANDARD = 'Use the standard suite instead of the full one: it asks the server much less.'
const LONGER_DEADLINE = 'Ask the operators of this service for a longer time limit'

/** The row of every reason. A word in contract/words.ts without a row here does not compile. */
export const REASON_ROWS: Readonly<Record<Reason, ReasonRow>> = {
  interrupted: {
    says: 'The test was stopped before it had an answer.',
    retryAfter: null,
    title: 'Run the test again',
    steps: [
      'Run the test again and keep the page or the request open until it ends.',
      'A test also stops when the operators of this service switch testing off, or no longer allow it.',
    ],
    references: [],
  },
  'vantage-failed': {
    says: 'Our own connection to the Internet failed during the test. This says nothing about the server.',
    retryAfter: 300,
    title: 'Test again later: the fault is on our side',
    steps: [
      'Change nothing at the server: our own machine, network or proxy failed. The session says how.',
      'Test again in {wait}, or from another place, if this service tests from more than one.',
      'If it fails again, tell the operators of this service. Their log says what is wrong.',
    ],
    references: [],
  },
  // RFC 2505 section 2.1: refuse to relay, in the reply to RCPT TO.
  'recipient-accepted': {
    says: 'The server accepted an outside recipient from a stranger, but it accepted no message. It may be an open relay.',
    retryAfter: null,
    title: 'Treat it as open until a message shows otherwise',
    steps: [
      'If this test sent no message because it was told not to, let it send one next time: only a message shows whether the server relays.',
      'Ask the administrator why the server accepts outside recipients from strangers. It should refuse them in its reply to RCPT TO.',
      'If the server is meant to refuse later, its refusal of the message should say that relaying is denied.',
    ],
    references: [RFC2505],
  },
  'content-refused': {
    says: 'The server accepted an outside recipient from a stranger, then refused our message because of its content.',
    retryAfter: null,
    title: 'Treat it as open until the filter lets the test message through',
    steps: [
      'Read in the session why the server refused the test message: a content filter stopped the test.',
      'Let the filter pass messages from {us}, then test again.',
      'Or let the server refuse outside recipients from strangers in its reply to RCPT TO, before a filter sees the message.',
    ],
    references: [RFC2505],
  },
  'accepted-then-bounced': {
    says: 'The server accepted a message from a stranger and sent it back. It did not relay the message, but it sends bounces.',
    retryAfter: null,
    title: 'Refuse in the session instead of bouncing',
    steps: [
      'Let the server refuse recipients that it will not deliver to in its reply to RCPT TO, instead of sending bounces later.',
      'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
      'With Postfix, that is: smtpd_reject_unlisted_recipient = yes, with relay_recipient_maps for the domains that it passes on',
      'Until then, its bounces reach people whose addresses were forged, and may put the server on blocklists.',
    ],
    references: [UNKNOWN_RECIPIENTS, POSTFIX_ACCESS],
  },
  'ambiguous-accepted': {
    says: 'The server accepted a recipient that may be a mailbox of {domain} or a way to relay. Only a delivered message could tell.',
    retryAfter: null,
    title: 'Find out where mail for such an address goes',
    steps: [
      'Only a message that arrives in a mailbox of this service proves that the server relays. If it has one, and this test did not wait for it, test again and wait.',
      'Ask the administrator whether {domain} has a catch-all mailbox. If the session shows a message (DATA), look for it there.',
      'Or let the server refuse recipients with %, ! or @ in the local part, unless such mailboxes exist. Then test again.',
    ],
    references: [RFC2505],
  },
  'vantage-banned': {
    says: 'The server answered us before and is silent now. It has probably banned our address, as servers do after refusals. Test again in {wait}.',
    retryAfter: 2 * TEN_MINUTES,
    title: 'Wait for the ban to end, or ask to be allowed',
    steps: [
      'Wait {wait} without testing: each attempt may make the ban longer.',
      ALLOW_US,
      'With fail2ban, add that address to ignoreip in the [DEFAULT] section of jail.local.',
    ],
    references: [FAIL2BAN],
  },
  'vantage-blocked': {
    says: 'The server refused us, but not clearly because of relaying. We cannot tell what it does for other strangers.',
    retryAfter: null,
    title: 'Ask to be allowed, then test again',
    steps: [
      'Read in the session why the server refused us: a blocklist, our host name, our sender, or everything that we asked.',
      'Check that the server accepts mail for {domain}.',
      "Ask the server's administrator to allow {us}.",
      'If many servers refuse us, tell the operators of this service: they look after the blocklists, names and SPF record of our address.',
    ],
    references: [],
  },
  'words-unknown': {
    says: 'The server refused us in words that we do not know. It may refuse relaying, or it may refuse only us. A mailbox that exists at {domain} would tell.',
    retryAfter: null,
    title: 'Name a mailbox that exists there, then test again',
    steps: [
      'Ask the customer for one mail address at {domain} that receives mail now, such as their own. A role address, such as postmaster or info, proves less.',
      'Test again, and name that address as the known mailbox. Nobody gets a message: the test only asks whether the server would accept one.',
      'If you named one already and the server refused it, check with the customer how the address is spelled, and that its mail comes to this server.',
      'If the server accepts the mailbox and still refuses outside recipients, it is closed.',
      'Or ask the operators of this service to add the mailbox to the customer, so that later tests use it.',
    ],
    references: [],
  },
  greylisted: {
    says: 'The server asked us to come back later, as servers with greylisting do. Test again in {wait}.',
    retryAfter: TEN_MINUTES,
    title: 'Test again when the greylisting is over',
    steps: [TEST_LATER, ALLOW_US],
    references: [RFC6647, RETRYING],
  },
  throttled: {
    says: 'The server says that we ask too much at once. Test again in {wait}.',
    retryAfter: TEN_MINUTES,
    title: 'Test again later, and not more often',
    steps: [TEST_LATER, USE_STANDARD, ALLOW_US],
    references: [],
  },
  'server-trouble': {
    says: 'The server reports a temporary problem of its own. Test again in {wait}.',
    retryAfter: TEN_MINUTES,
    title: 'Test again when the server works',
    steps: [TEST_LATER, `${ASK_LOG} A full disk or failing DNS are common causes.`],
    references: [],
  },
  'tls-required': {
    says: 'The server asks for encryption (STARTTLS), but it still refuses strangers when the connection is encrypted.',
    retryAfter: null,
    title: 'Ask the administrator to check STARTTLS',
    steps: [
      'Read in the session what the server says after STARTTLS: it asks for the encryption that it already has.',
      `${ASK_LOG} On port 25 it should accept mail from strangers after STARTTLS.`,
      'Test again when that is fixed.',
    ],
    references: [],
  },
  'tls-failed': {
    says: 'The server talks to strangers only over an encrypted connection (TLS), and we could not set one up.',
    retryAfter: null,
    title: 'Ask the administrator to check TLS',
    steps: [
      'Read in the session why the TLS connection failed.',
      `${ASK_LOG} Its certificate, its key, or the protocol versions that it offers may be the cause.`,
      'Test again when TLS works, or when the server accepts mail from strangers without it.',
    ],
    references: [],
  },
  tarpitted: {
    says: 'The server answers more slowly after each refusal. A whole test would take too long.',
    retryAfter: null,
    title: 'Ask less, or ask to be allowed',
    steps: [USE_STANDARD, `${LONGER_DEADLINE}, if the standard suite did not end in time.`, ALLOW_US],
    references: [],
  },
  'greeting-refused': {
    says: 'The server turned us away before we could ask anything.',
    retryAfter: null,
    title: 'Find out why it turned us away',
    steps: [
      'Read in the session what the server says instead of a greeting.',
      'Check that this is the address of a server that receives mail from the Internet, not one that only sends.',
      ALLOW_US,
    ],
    references: [],
  },
  'connect-timeout': {
    says: 'We could not connect in time. Check the address, whether the server is running, and whether its firewall lets {us} in on port {port}.',
    retryAfter: TEN_MINUTES,
    title: 'Find out whether a mail server answers there',
    steps: [
      'Check the address and the port, and that the server is running.',
      'Check that its firewall, and the network in front of it, let {us} in on port {port}.',
      'If other mail servers time out as well, tell the operators of this service: our own network may block port {port}.',
      'Then test again.',
    ],
    references: [],
  },
  'connection-refused': {
    says: 'The address refuses connections on port {port}. No mail server listens there.',
    retryAfter: null,
    title: 'Find out whether a mail server listens there',
    steps: [
      'Check the address and the port: nothing listens there, or a firewall rejects the connection.',
      'If there should be a mail server, start it, and let it listen on its public address, not only on loopback.',
      'Then test again. As long as no mail server runs at this address, it relays nothing.',
    ],
    references: [],
  },
  unreachable: {
    says: 'We found no network path to this address.',
    retryAfter: null,
    title: 'Find out why there is no path to it',
    steps: [
      'Check the address: no network path leads to it from where we test.',
      'If it is an IPv6 address, ask the operators of this service whether they test over IPv6. If they do, ask the customer to check the routing of its network.',
      'Then test again.',
    ],
    references: [],
  },
  'protocol-error': {
    says: 'Something answers on port {port}, but it does not speak SMTP as a mail server should.',
    retryAfter: null,
    title: 'Find out what answers there',
    steps: [
      'Read in the session what came instead of SMTP replies.',
      'Check the port: port 465 uses TLS from the start, and another port may belong to another service.',
      'A firewall that inspects SMTP can change the session: switch its inspection off, then test again.',
    ],
    references: [],
  },
  dropped: {
    says: 'The connection ended before the server had answered every question. Test again in {wait}.',
    retryAfter: TEN_MINUTES,
    title: 'Test again, and find out what ends the connection',
    steps: [
      TEST_LATER,
      `${ASK_LOG} The server, or a firewall in front of it, ended the connection early.`,
      USE_STANDARD,
      ALLOW_US,
    ],
    references: [],
  },
  'domain-unknown': {
    says: 'The server refused what we asked, but we do not know for certain which mail domain it serves. Test again with its domain.',
    retryAfter: null,
    title: 'Say which domain it serves',
    steps: [
      'Test again, and name a mail domain that this server accepts mail for. This service must have it in the list of the customer.',
      'If the domain is not in that list, ask the operators of this service to add it first.',
      'The server refused everything so far, but that is not enough to call it closed.',
    ],
    references: [],
  },
  'connection-limit': {
    says: 'The server allows so few questions on each connection that our limit of connections was reached before the test was done.',
    retryAfter: null,
    title: 'Ask less: the server allows very little on each connection',
    steps: [
      USE_STANDARD,
      'Read in the session after how many questions the server ends a connection, and ask its administrator for more.',
      ALLOW_US,
    ],
    references: [],
  },
  deadline: {
    says: 'The server answered too slowly for a whole test.',
    retryAfter: null,
    title: 'Give it more time',
    steps: [
      'If it says nothing at all, find out what listens there: a firewall or proxy may accept connections for a mail server that is down.',
      'Test again when the server is less busy, with the standard suite.',
      `${LONGER_DEADLINE}, if the server is always slow.`,
      `${ASK_LOG} Slow DNS look-ups of clients are a common cause.`,
    ],
    references: [],
  },
}
