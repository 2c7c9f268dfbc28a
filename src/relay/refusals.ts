/**
 * Says why a reply refused. A reply code alone says little: a 503 can ask for authentication, a 450 can deny
 * relaying, and a 550 can be greylisting. So the text decides first, then the enhanced status code, then stage and
 * reply code.
 */
import type { Refusal } from '../contract/words.ts'
import type { Reply } from './attempt.ts'
import type { Form } from './forms.ts'
import { plainText, quotesOther, withoutLinks } from './plain-text.ts'
import type { SessionStage, TextRow } from './refusal-row.ts'
import { TEXTS } from './refusal-texts.ts'

/** The circumstances of a reply: its stage, and the names that it may repeat. */
export interface ReplyContext {
  readonly stage: SessionStage
  /** Whose address the sender of the envelope was: ours, the server's, or the null sender. */
  readonly sender: Form['sender']['as']
  /** The kind of recipient. Without it, rows for one kind of recipient do not count. */
  readonly recipient?: Form['recipient']['kind']
  /** Names and addresses that the reply may repeat. Words inside them say nothing about a refusal. */
  readonly names: readonly string[]
}

/** Enhanced status codes or reply codes, and what they mean. */
interface CodeRow {
  readonly refusal: Refusal
  readonly codes: RegExp
  readonly source: string
  readonly only?: TextRow['only']
}

const AFTER_RCPT: TextRow['only'] = { stages: ['data', 'dot'] }
const AT_ENVELOPE: TextRow['only'] = { stages: ['mail', 'rcpt'], stays: true }

/**
 * Enhanced status codes that give a reason (RFC 3463 section 3, and Microsoft's). They count if no text row fits. All
 * others, such as X.7.0, X.7.1, X.0.0 and X.5.0, say no more than the reply code.
 */
const ENHANCED: readonly CodeRow[] = [
  { refusal: 'relay-denied', codes: /^5\.7\.(54|64)$/, source: 'Exchange 2013 on, Exchange Online' },
  { refusal: 'auth-required', codes: /^5\.7\.57$/, source: 'Exchange Online' },
  {
    refusal: 'unknown-user',
    codes: /^.\.1\.(1|6|10)$|^5\.4\.1$/,
    source: 'X.1.1, X.1.6; Exchange Online 5.1.10, 5.4.1',
  },
  {
    refusal: 'vantage-identity',
    codes: /^5\.1\.2$|^5\.4\.(?!1$)\d+$/,
    source:
      'X.1.2, and all of X.4 but Microsoft’s 5.4.1: the server found no route to our domain, so nothing shows that it would not relay',
    only: { recipient: 'plain', stages: ['rcpt'] },
  },
  { refusal: 'content', codes: /^5/, source: 'the recipient was accepted, the message was not', only: AFTER_RCPT },
  { refusal: 'tls-required', codes: /^.\.7\.1[01]$/, source: 'X.7.10, X.7.11: encryption needed' },
  { refusal: 'blocklisted', codes: /^5\.7\.(60[6-9]|6[1-4]\d|708)$/, source: 'Exchange Online: banned sending IP' },
  { refusal: 'sender-rejected', codes: /^.\.7\.2[0-46]$/, source: 'RFC 7372: DKIM, SPF', only: { sender: 'own' } },
  { refusal: 'vantage-identity', codes: /^.\.7\.2[0-7]$/, source: 'RFC 7372: DKIM, SPF, reverse DNS' },
  { refusal: 'throttled', codes: /^.\.7\.28$|^4\.5\.3$/, source: 'X.7.28 mail flood; X.5.3 too many recipients' },
  { refusal: 'sender-rejected', codes: /^.\.1\.[78]$/, source: "X.1.7 and X.1.8: the sender's address" },
  { refusal: 'syntax', codes: /^.\.1\.3$|^5\.5\.[1-9]\d*$/, source: 'X.1.3, X.5.x' },
  { refusal: 'server-trouble', codes: /^.\.3\.\d+$/, source: 'X.3.x: mail system' },
  { refusal: 'greylisted', codes: /^4\.[27]\.\d+$/, source: 'RFC 6647 section 2: 4.2.0, 4.7.1', only: AT_ENVELOPE },
]

/** Reply codes that give a reason by themselves. They count like enhanced codes. */
const MEANT: readonly CodeRow[] = [
  {
    refusal: 'unknown-user',
    codes: /^551$/,
    source: 'RFC 5321 section 4.2.2: user not local',
    only: { stages: ['rcpt'] },
  },
]

/** Reply codes (RFC 5321 section 4.2.2). They count if nothing else fits. */
const CODES: readonly CodeRow[] = [
  { refusal: 'throttled', codes: /^421$/, source: 'RFC 5321 section 3.8' },
  { refusal: 'greylisted', codes: /^450$/, source: 'RFC 6647', only: AT_ENVELOPE },
  { refusal: 'server-trouble', codes: /^4/, source: 'RFC 5321 section 4.2.1' },
  { refusal: 'content', codes: /^5/, source: 'the recipient was accepted, the message was not', only: AFTER_RCPT },
  {
    refusal: 'policy',
    codes: /^53[05]$/,
    source: 'RFC 4954 and RFC 3207 share 530: without a text it may mean either',
  },
  { refusal: 'syntax', codes: /^50\d$/, source: 'RFC 5321 section 4.2.2' },
  { refusal: 'sender-rejected', codes: /^5/, source: 'RFC 5321 section 3.3', only: { stages: ['mail'] } },
  { refusal: 'other', codes: /^/, source: 'every other reply' },
]

/** Why a reply refused. */
export interface Classified {
  readonly refusal: Refusal
  /** The source of the reason: words that we know, an enhanced or special code, or only the reply code (`none`). */
  readonly basis: 'words' | 'code' | 'none'
}

/** Refusals that can make a server closed. Words inside a link do not count for them. */
const SAID: ReadonlySet<Refusal> = new Set<Refusal>(['relay-denied', 'auth-required', 'unknown-user'])

/** Returns why a 4xx or 5xx reply refused. */
export function classify(reply: Reply, context: ReplyContext): Classified {
  const code = String(reply.code)
  const fits = ({ only }: TextRow | CodeRow): boolean =>
    (!only?.temporary || code.startsWith('4')) &&
    (!only?.sender || only.sender === context.sender) &&
    (!only?.recipient || only.recipient === context.recipient) &&
    (!only?.stays || reply.code !== 421) &&
    (!only?.stages || only.stages.includes(context.stage))
  const coded = (rows: readonly CodeRow[], value: string | null) =>
    value === null ? undefined : rows.find((row) => row.codes.test(value) && fits(row))
  const isAboutOutside = context.recipient === 'plain' && context.stage === 'rcpt'
  if (isAboutOutside && quotesOther(reply, context.names)) return { refusal: 'vantage-identity', basis: 'words' }
  const text = plainText(reply, context.names)
  const said = withoutLinks(text)
  const known = TEXTS.find((row) => row.text.test(SAID.has(row.refusal) ? said : text) && fits(row))
  if (known) return { refusal: known.refusal, basis: 'words' }
  const meant = coded(ENHANCED, reply.enhanced) ?? coded(MEANT, code)
  if (meant) return { refusal: meant.refusal, basis: 'code' }
  return { refusal: coded(CODES, code)?.refusal ?? 'other', basis: 'none' }
}
