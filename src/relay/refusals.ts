/**
 * Says why a reply refused. A reply code alone says little: a 503 can ask for authentication, a 450 can deny
 * relaying, and a 550 can be greylisting. So the text decides first, then the enhanced status code, then phase and
 * reply code.
 */
import type { Refusal } from '../contract/words.ts'
import type { Phase, Reply } from './attempt.ts'
import type { Form } from './forms.ts'
import { TEXTS, type TextRow } from './refusal-texts.ts'

/** What a reply answered, and which names it may repeat. */
export interface ReplyContext {
  readonly phase: Phase | 'greeting' | 'hello'
  /** Whose address the sender of the envelope was: ours, the server's, or the null sender. */
  readonly sender: Form['sender']['as']
  /** Names and addresses that the reply may repeat. Words inside them say nothing about a refusal. */
  readonly names: readonly string[]
}

/** One enhanced status code or reply code, and what it means. */
interface CodeRow {
  readonly refusal: Refusal
  readonly codes: RegExp
  readonly source: string
  readonly phases?: readonly ReplyContext['phase'][]
  readonly only?: TextRow['only']
}

const AFTER_RCPT: readonly ReplyContext['phase'][] = ['data', 'dot']

/** Enhanced status codes (RFC 3463 section 3, and Microsoft's). They count if no text row fits. */
const ENHANCED: readonly CodeRow[] = [
  { refusal: 'content', codes: /^5/, source: 'the recipient was accepted, the message was not', phases: AFTER_RCPT },
  { refusal: 'relay-denied', codes: /^5\.7\.(54|64)$/, source: 'Exchange 2013 on, Exchange Online' },
  { refusal: 'auth-required', codes: /^5\.7\.57$/, source: 'Exchange Online' },
  { refusal: 'blocklisted', codes: /^5\.7\.(60[6-9]|6[1-4]\d|708)$/, source: 'Exchange Online: banned sending IP' },
  { refusal: 'sender-rejected', codes: /^.\.7\.2[0-46]$/, source: 'RFC 7372: DKIM, SPF', only: { sender: 'own' } },
  { refusal: 'vantage-identity', codes: /^.\.7\.2[0-6]$/, source: 'RFC 7372: DKIM, SPF, reverse DNS' },
  { refusal: 'sender-rejected', codes: /^.\.1\.[78]$/, source: "X.1.7 and X.1.8: the sender's address" },
  { refusal: 'unknown-user', codes: /^.\.1\.[16]$|^5\.4\.1$/, source: 'X.1.1, X.1.6; Exchange Online 5.4.1' },
  { refusal: 'syntax', codes: /^.\.1\.3$|^5\.5\.\d+$/, source: 'X.1.3, X.5.x' },
  { refusal: 'throttled', codes: /^4\.5\.3$|^4\.7\.0$/, source: 'X.5.3 too many recipients; Postfix 4.7.0' },
  { refusal: 'server-trouble', codes: /^.\.3\.\d+$/, source: 'X.3.x: mail system' },
  { refusal: 'greylisted', codes: /^4\.[27]\.\d+$/, source: 'RFC 6647 section 2: 4.2.0, 4.7.1' },
  { refusal: 'policy', codes: /^5\.7\.\d+$/, source: 'X.7.x: security or policy' },
]

/** Reply codes (RFC 5321 section 4.2.2). They count if nothing else fits. */
const CODES: readonly CodeRow[] = [
  { refusal: 'throttled', codes: /^421$/, source: 'RFC 5321 section 3.8' },
  { refusal: 'greylisted', codes: /^450$/, source: 'RFC 6647', phases: ['mail', 'rcpt'] },
  { refusal: 'server-trouble', codes: /^4/, source: 'RFC 5321 section 4.2.1' },
  { refusal: 'content', codes: /^5/, source: 'the recipient was accepted, the message was not', phases: AFTER_RCPT },
  {
    refusal: 'policy',
    codes: /^53[05]$/,
    source: 'RFC 4954 and RFC 3207 share 530: without a text it may mean either',
  },
  { refusal: 'syntax', codes: /^50\d$/, source: 'RFC 5321 section 4.2.2' },
  { refusal: 'sender-rejected', codes: /^5/, source: 'RFC 5321 section 3.3', phases: ['mail'] },
  { refusal: 'other', codes: /^/, source: 'every other reply' },
]

/** Why a reply refused. */
export interface Classified {
  readonly refusal: Refusal
  /** Whether we know its text or its enhanced code. False if only the reply code decided. */
  readonly reasoned: boolean
}

/** Returns why a 4xx or 5xx reply refused. */
export function classify(reply: Reply, context: ReplyContext): Classified {
  const text = plainText(reply, context.names)
  const code = String(reply.code)
  const fits = (only: TextRow['only']) =>
    (!only?.temporary || code.startsWith('4')) && (!only?.sender || only.sender === context.sender)
  const coded = (rows: readonly CodeRow[], value: string) =>
    rows.find((row) => row.codes.test(value) && fits(row.only) && (row.phases?.includes(context.phase) ?? true))
  const reason =
    TEXTS.find((candidate) => candidate.text.test(text) && fits(candidate.only)) ??
    (reply.enhanced === null ? undefined : coded(ENHANCED, reply.enhanced))
  return { refusal: (reason ?? coded(CODES, code))?.refusal ?? 'other', reasoned: reason !== undefined }
}

/** How many characters of a reply are searched. A refusal gives its reason early. */
const READ = 2048

/**
 * Returns the reply's text in lower case, without enhanced codes, addresses and the given names. It takes linear
 * time: a bracket is matched at most up to the next one.
 */
export function plainText(reply: Reply, names: readonly string[]): string {
  const text = ownWords(reply.lines.join(' ').slice(0, READ).toLowerCase())
    .replace(/<[^<>]*>|\[[^[\]]*\]/g, ' ')
    .split(/\s/)
    .filter((word) => word.slice(1, -1).includes('@') === false)
    .join(' ')
  return names
    .reduce((rest, name) => rest.replaceAll(name.toLowerCase(), ' '), text)
    .replace(/\b[245]\.\d{1,3}\.\d{1,3}\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Matches the place where a server begins to quote another server, as it does after it has verified our sender. */
const QUOTE =
  /\b(said|says|response|responded|replied|answered|returned)\b:? {0,3}[245]\d\d|\b(said|response|responded|replied):/

/** Returns a text without the quoted words of another server, because those are not this server's refusal. */
function ownWords(text: string): string {
  const at = text.search(QUOTE)
  return at === -1 ? text : text.slice(0, at)
}
