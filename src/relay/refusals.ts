import type { Refusal } from '../contract/words.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Phase } from './findings.ts'
import type { Form } from './forms.ts'

/** Where and to whom a reply was given. */
export interface Context {
  readonly phase: Phase | 'greeting' | 'hello'
  /** Whose name the sender of the envelope bore. */
  readonly sender: Form['sender']
  /** Names and addresses that may be echoed. */
  readonly names: readonly string[]
}

interface TextRow {
  readonly refusal: Refusal
  /** Matched against the text without addresses and names, in lower case. */
  readonly text: RegExp
  readonly source: string
  readonly only?: { readonly temporary?: true; readonly sender?: Form['sender'] }
}

/**
 * What refusals say, first match wins. Texts that are about us come before texts about the relay, so that a blocklisted
 * vantage is never taken for a closed server; but for the few that mention a look-up and mean the relay.
 */
const TEXTS: readonly TextRow[] = [
  { refusal: 'relay-denied', text: /open relay not allowed/, source: 'Mimecast, in sisimai rhost' },
  { refusal: 'vantage-identity', text: /relaying temporarily denied/, source: 'sendmail proto.m4: PTR not resolved' },
  { refusal: 'tls-required', text: /must issue a starttls|starttls (is )?required/, source: 'RFC 3207 section 4' },
  {
    refusal: 'blocklisted',
    text: /blocked using|black ?list|block ?list|dnsbl|\brbl\b/,
    source: 'Postfix reject_rbl_client',
  },
  { refusal: 'blocklisted', text: /spamhaus|spamcop|barracuda/, source: 'the lists that rejections name most' },
  { refusal: 'blocklisted', text: /\b(is|as) an open (relay|proxy)/, source: 'texts of the ORBS family' },
  { refusal: 'relay-denied', text: /relay access denied/, source: 'Postfix, measured' },
  { refusal: 'relay-denied', text: /relay not permitted/, source: 'Exim, measured' },
  { refusal: 'relay-denied', text: /relaying (is )?denied/, source: 'Sendmail, Courier, measured; James, Kerio' },
  { refusal: 'relay-denied', text: /i cannot deliver mail for/, source: 'Haraka, measured' },
  { refusal: 'relay-denied', text: /permitted to relay/, source: 'cPanel Exim, in sisimai' },
  { refusal: 'relay-denied', text: /list of allowed rcpthosts/, source: 'qmail source' },
  { refusal: 'relay-denied', text: /relaying prohibited/, source: 'Exchange 5.5, KB Q193922' },
  { refusal: 'relay-denied', text: /unable to relay/, source: 'Exchange, KB Q304897 and Exchange documentation' },
  { refusal: 'relay-denied', text: /delivery is not allowed to this address/, source: 'hMailServer source' },
  { refusal: 'relay-denied', text: /relay(ing)? not allowed/, source: 'Stalwart source' },
  { refusal: 'relay-denied', text: /relay rejected for policy/, source: 'Domino, seen in the wild' },
  { refusal: 'relay-denied', text: /we do not relay/, source: 'IceWarp, seen in the wild' },
  { refusal: 'relay-denied', text: /not local host.*not a gateway/, source: 'IMail' },
  { refusal: 'relay-denied', text: /mail relay denied/, source: 'Google, in sisimai rhost' },
  { refusal: 'relay-denied', text: /not configured to relay/, source: 'seen in the wild' },
  { refusal: 'relay-denied', text: /(relay of mail|\(relaying\)) is not allowed/, source: 'seen in the wild' },
  { refusal: 'auth-required', text: /must issue an auth/, source: 'OpenSMTPD, measured' },
  { refusal: 'auth-required', text: /authentication (is )?required/, source: 'RFC 4954; hMailServer, James sources' },
  { refusal: 'auth-required', text: /requires authentication/, source: 'MailEnable' },
  { refusal: 'auth-required', text: /not authenticated/, source: 'Exchange Online NDR documentation' },
  { refusal: 'greylisted', text: /gr[ae]y-?list/, source: 'RFC 6647; postgrey', only: { temporary: true } },
  {
    refusal: 'greylisted',
    text: /service currently unavailable/,
    source: 'postscreen after its deep tests, measured',
    only: { temporary: true },
  },
  {
    refusal: 'throttled',
    text: /too many|rate limit|too much mail/,
    source: 'Postfix anvil, Exim, Sendmail, measured',
  },
  {
    refusal: 'vantage-identity',
    text: /helo command rejected|invalid (helo|ehlo)/,
    source: 'Postfix reject_*_helo_hostname',
  },
  {
    refusal: 'vantage-identity',
    text: /cannot find your|reverse (dns|hostname|lookup)|\bptr\b|\brdns\b/,
    source: 'Postfix reject_unknown_client_hostname',
  },
  {
    refusal: 'sender-rejected',
    text: /\bspf\b|spoof|sender verif/,
    source: 'RFC 7208: an own-domain sender from outside is a forgery',
    only: { sender: 'own' },
  },
  {
    refusal: 'vantage-identity',
    text: /\bspf\b|sender verif|call-?(out|back)/,
    source: 'RFC 7208; Exim verify = sender',
  },
  {
    refusal: 'sender-rejected',
    text: /sender address rejected|domain of sender/,
    source: 'Postfix, Sendmail',
    only: { sender: 'outside' },
  },
  {
    refusal: 'unknown-user',
    text: /user unknown|unknown user|no such (user|recipient|mailbox)|invalid recipient|unrouteable address/,
    source: 'Postfix, Sendmail, OpenSMTPD, Exim, measured',
  },
  { refusal: 'unknown-user', text: /(user|mailbox|account) (does not|doesn't) exist/, source: 'maddy.conf' },
  { refusal: 'sender-rejected', text: /sender address rejected|domain of sender/, source: 'Postfix, Sendmail' },
  { refusal: 'policy', text: /restricted characters in address/, source: 'Exim, measured' },
  { refusal: 'policy', text: /administrative prohibition/, source: 'Exim: a deny without a message' },
  { refusal: 'server-trouble', text: /insufficient (system )?(storage|resources)/, source: 'RFC 5321 section 4.2.2' },
]

interface CodeRow {
  readonly refusal: Refusal
  readonly codes: RegExp
  readonly source: string
  readonly phases?: readonly Context['phase'][]
  readonly only?: TextRow['only']
}

const AFTER_RCPT: readonly Context['phase'][] = ['data', 'dot']

/** Enhanced status codes (RFC 3463 section 3, and Microsoft's), asked where no text row fits. */
const ENHANCED: readonly CodeRow[] = [
  { refusal: 'content', codes: /^5/, source: 'the recipient was taken, the message not', phases: AFTER_RCPT },
  { refusal: 'relay-denied', codes: /^5\.7\.(54|64)$/, source: 'Exchange 2013 on, Exchange Online' },
  { refusal: 'auth-required', codes: /^5\.7\.57$/, source: 'Exchange Online' },
  { refusal: 'sender-rejected', codes: /^.\.7\.2[36]$/, source: 'RFC 7372: SPF', only: { sender: 'own' } },
  { refusal: 'vantage-identity', codes: /^.\.7\.2[356]$/, source: 'RFC 7372: SPF, reverse DNS' },
  { refusal: 'sender-rejected', codes: /^.\.1\.[78]$/, source: "X.1.7 and X.1.8: the sender's address" },
  { refusal: 'unknown-user', codes: /^.\.1\.[16]$|^5\.4\.1$/, source: 'X.1.1, X.1.6; Exchange Online 5.4.1' },
  { refusal: 'syntax', codes: /^.\.1\.3$|^5\.5\.\d+$/, source: 'X.1.3, X.5.x' },
  { refusal: 'throttled', codes: /^4\.5\.3$|^4\.7\.0$/, source: 'X.5.3 too many recipients; Postfix 4.7.0' },
  { refusal: 'server-trouble', codes: /^.\.3\.\d+$/, source: 'X.3.x: mail system' },
  { refusal: 'greylisted', codes: /^4\.[27]\.\d+$/, source: 'RFC 6647 section 2: 4.2.0, 4.7.1' },
  { refusal: 'policy', codes: /^5\.7\.\d+$/, source: 'X.7.x: security or policy' },
]

/** Reply codes, asked last (RFC 5321 section 4.2.2). */
const CODES: readonly CodeRow[] = [
  { refusal: 'throttled', codes: /^421$/, source: 'RFC 5321 section 3.8' },
  { refusal: 'greylisted', codes: /^450$/, source: 'RFC 6647', phases: ['mail', 'rcpt'] },
  { refusal: 'server-trouble', codes: /^4/, source: 'RFC 5321 section 4.2.1' },
  { refusal: 'content', codes: /^5/, source: 'the recipient was taken, the message not', phases: AFTER_RCPT },
  { refusal: 'auth-required', codes: /^53[05]$/, source: 'RFC 4954 section 6' },
  { refusal: 'syntax', codes: /^50\d$/, source: 'RFC 5321 section 4.2.2' },
  { refusal: 'sender-rejected', codes: /^5/, source: 'RFC 5321 section 3.3', phases: ['mail'] },
  { refusal: 'other', codes: /^/, source: 'nothing more is known' },
]

/**
 * Why a reply refused: its text decides first, then its enhanced status code, then phase and code. Meant for 4xx and
 * 5xx replies.
 */
export function classify(reply: Reply, context: Context): Refusal {
  const text = plainText(reply, context.names)
  const code = String(reply.code)
  const fits = (only: TextRow['only']) =>
    (!only?.temporary || code.startsWith('4')) && (!only?.sender || only.sender === context.sender)
  const coded = (rows: readonly CodeRow[], value: string) =>
    rows.find((row) => row.codes.test(value) && fits(row.only) && (row.phases?.includes(context.phase) ?? true))
  const row =
    TEXTS.find((candidate) => candidate.text.test(text) && fits(candidate.only)) ??
    (reply.enhanced === null ? undefined : coded(ENHANCED, reply.enhanced)) ??
    coded(CODES, code)
  return row?.refusal ?? 'other'
}

/** The text of a reply in lower case, without enhanced codes, addresses and the names it may echo. */
export function plainText(reply: Reply, names: readonly string[]): string {
  const text = reply.lines
    .join(' ')
    .toLowerCase()
    .replace(/<[^>]*>|\[[^\]]*\]|\S+@\S+/g, ' ')
  return names
    .reduce((rest, name) => rest.replaceAll(name.toLowerCase(), ' '), text)
    .replace(/\b[245]\.\d{1,3}\.\d{1,3}\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
