/**
 * Reads a report about mail that could not be delivered: RFC 3464, and the prose of the mail servers. Collects facts;
 * `service/arrivals.ts` knows what they mean for a form.
 */
import { decodedWords } from './encodings.ts'
import { isFailure, withoutAccents } from './failures.ts'
import { namesForeignHost } from './next-hops.ts'
import { ownHostsIn, type ReportSource } from './own-hosts.ts'
import { type Part, partsOfMessage, valuesOf } from './parts.ts'

/** The facts of a report, without the returned copy of our message. */
export interface ReportFacts {
  /** Whether it reports a failure, and not only a delay or a success. */
  readonly failed: boolean
  /** Whether it names another server that took part: a Remote-MTA, or the words of a remote host. */
  readonly remote: boolean
  /**
   * Whether it shows that the server talked to a foreign host, or looked for one. A filter or a server of its own is
   * not foreign.
   */
  readonly foreign: boolean
  /** Whether it names one of our recipients as a plain outside address, `token@domain`. */
  readonly outside: boolean
  /** Whether it names one of our recipients inside another address, such as `token%domain@own-domain`. */
  readonly local: boolean
  /** The values of its Status fields. */
  readonly statuses: readonly string[]
  /** Its sentences, unfolded, in lower case, without header fields; at most 100 with 500 characters each. */
  readonly sentences: readonly string[]
}

/** Our names that a report can contain. */
export interface OurNames {
  /** The mailbox domain, in lower case. */
  readonly domain: string
  /** The local part that the report was sent to. It is ours, but it is no recipient. */
  readonly token: string
}

/** How many lines of a part are read. Reports say what happened before their copy of the message. */
const MAX_LINES = 1_000
const MAX_SENTENCES = 100
const MAX_SENTENCE = 500

/** Reads a report. Never throws. Takes linear time. */
export function readReport(message: Buffer, names: OurNames, source: ReportSource): ReportFacts {
  const { header, parts } = partsOfMessage(message.toString('latin1'))
  // The fields of RFC 3464 first, so that long prose before them does not use up the room.
  const lines = parts.toSorted((a, b) => rank(a) - rank(b)).flatMap(linesBeforeCopy)
  const failed = (header.get('x-failed-recipients') ?? '').toLowerCase()
  const sentences = [failed, ...lines.filter((line) => !HEADER_FIELD.test(line))].slice(0, MAX_SENTENCES)
  const spellings = sentences.flatMap((sentence) => spellingsIn(sentence, names))
  const subject = decodedWords(header.get('subject') ?? '')
  const own = ownHostsIn(header, lines, names.domain, source)
  const remoteMtas = valuesOf(lines, 'remote-mta')
  const foreign = namesForeignHost({ sentences: [subject.toLowerCase(), ...sentences], remoteMtas }, own)
  return {
    failed: isFailure({ header, subject, lines: lines.map(withoutAccents), actions: valuesOf(lines, 'action') }),
    remote: foreign || namesRemoteServer(lines) || sentences.some(quotesRemoteServer),
    foreign,
    outside: spellings.includes('outside'),
    local: spellings.includes('local'),
    statuses: valuesOf(lines, 'status'),
    sentences,
  }
}

const rank = ({ type }: Part): number => (type.startsWith('message/') ? 0 : 1)

/** Lines where a dialect begins the copy of our message, and lines that begin a copy without such a line. */
const COPY_BEGINS: readonly RegExp[] = [
  // qmail and Exim.
  /^[\s>]*-+ ?(?:below this line|this is (?:a|the) copy of)/,
  // Sendmail.
  /^[\s>]*-+ ?(?:(?:original|unsent|returned) message|message (?:header|text))/,
  // Exchange.
  /^[\s>]*original message headers/,
  /^[\s>]*(?:return-path|received|x-relay-test|message-id):/,
]

/** A line of our message in a reply to it. Sendmail writes three signs before a command. */
const QUOTED = /^\s{0,9}(?:&gt;|>)(?!>>)/

/** Returns the lines of a part before the copy of our message, unfolded and in lower case. */
function linesBeforeCopy({ type, text }: Part): string[] {
  const prose = type === 'text/html' ? text.replace(/<[^<>]*>/g, '\n') : text
  const lines: string[] = []
  for (const raw of prose.toLowerCase().split(/\r?\n/, MAX_LINES)) {
    const line = raw.slice(0, MAX_SENTENCE)
    if (COPY_BEGINS.some((begins) => begins.test(line))) break
    if (QUOTED.test(line)) continue
    const last = lines.at(-1) ?? ''
    if (/^[ \t]/.test(line) && last !== '' && last.length < MAX_SENTENCE)
      lines[lines.length - 1] = `${last} ${line.trim()}`
    else lines.push(line)
  }
  return lines.filter((line) => line.trim() !== '')
}

/** A header field of our message in prose. Our To field is a plain address, whatever the envelope said. */
const HEADER_FIELD = /^[\s>]*(?:to|from|cc|subject|sent|date|reply-to) ?:/

/** Words of the dialects that quote another server, or name one. */
const REMOTE: readonly RegExp[] = [
  // Exim, qmail, Exchange.
  /\bremote (?:host|server|system|mta|mail server|mail system|smtp server)\b/,
  // Postfix.
  /\bhost [^\s[]{1,255} ?\[[^\]]{1,64}\] (?:said|refused)/,
  /\bconnect to [^\s[]{1,255}\[/,
  /\b(?:lost connection|conversation) with /,
  // Sendmail.
  /\bwhile talking to |^(?:>>>|<<<) /,
  // qmail.
  /\bconnected to \S{1,255} but |\bdoes not like recipient|\bgiving up on \d/,
]

/** Exchange also writes "Remote Server returned" about itself. Then its resolver gave the error. */
const OWN_RESOLVER = /resolver\.adr/

const quotesRemoteServer = (sentence: string): boolean =>
  !OWN_RESOLVER.test(sentence) && REMOTE.some((words) => words.test(sentence))

/** Whether a field names another server that gave the error (RFC 3464 section 2.3.5). */
function namesRemoteServer(lines: readonly string[]): boolean {
  const reporting = valuesOf(lines, 'reporting-mta').map(nameIn)
  return valuesOf(lines, 'remote-mta').some((value) => nameIn(value) !== '' && !reporting.includes(nameIn(value)))
}

/** Returns the name in a field such as `dns; mail.example.com`. */
const nameIn = (value: string): string => value.slice(value.indexOf(';') + 1).trim()

/** The characters between the words of a report. Brackets belong to words: an address can have an address literal. */
const BETWEEN_WORDS = /(?:[\s<>();,'|]|&(?:lt|gt|quot|nbsp|#39);)+/
const TOKEN = /(?<![a-z0-9])[a-z2-7]{16}(?![a-z0-9])/g

/** Returns the spellings of our recipients in a sentence. */
function spellingsIn(sentence: string, { domain, token }: OurNames): ('outside' | 'local')[] {
  return sentence.split(BETWEEN_WORDS).flatMap((whole) => {
    const word = whole.replace(/^(?:[a-z][a-z0-9-]*:){1,3}/, '').replace(/[.:!?]{1,3}$/, '')
    const ours = (word.match(TOKEN) ?? []).find((other) => other !== token)
    if (ours === undefined) return []
    const plain = `${ours}@${domain}`
    if (word === plain) return ['outside']
    // Prose may put quotes around a plain address, and one form has quotes around it. So they say nothing.
    if (word === `"${plain}"`) return []
    return word.includes(domain) || word.includes(domain.replaceAll('.', '+2e')) ? ['local'] : []
  })
}
