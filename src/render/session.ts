/** Writes a relay test as text: its verdict, its attempts, what to do, what else was found, and the session. */

import type { AttemptView, FindingView, RelatedAddress, RelayTest, TranscriptLine } from '../contract/relay-test.ts'
import { isWaiting } from '../contract/waiting.ts'
import { ansi, COLOURS } from './colours.ts'
import { endpointText } from './endpoint.ts'
import { minuteOf } from './times.ts'

/** How the parts of a session are written: plain, or in terminal colours. */
interface Style {
  client(text: string): string
  server(text: string): string
  event(text: string): string
  verdict(test: RelayTest, text: string): string
}

const PLAIN: Style = { client: same, server: same, event: same, verdict: (_test, text) => text }

function same(text: string): string {
  return text
}

/** Our commands are bold and replies italic, as support pages print such sessions. */
const COLOURED: Style = {
  client: ansi('1'),
  server: ansi('3'),
  event: ansi('2'),
  verdict: (test, text) => (test.verdict ? COLOURS[test.verdict](text) : text),
}

/** The mark before each line says its direction, also where there are no colours. */
const MARKS = { client: '-> ', server: '<- ', event: '-- ' } as const

/** Returns a relay test as text, the verdict first and the whole session last. `coloured` adds terminal colours. */
export function renderTest(test: RelayTest, coloured: boolean): string {
  const style = styleOf(coloured)
  return paragraphs(heading(test, style), attempts(test.attempts, firstLine), ...advice(test), session(test, style))
}

/**
 * Returns a relay test without what the reader has seen live: the session, and the words of the replies. Of the lines
 * that decided, each is shown once.
 */
export function renderOutcome(test: RelayTest, coloured: boolean): string {
  const style = styleOf(coloured)
  const deciding = new Set(
    inOrder(test.transcript)
      .filter(({ key }) => key)
      .map(marked),
  )
  const decided = [...deciding].map((line) => style.verdict(test, line))
  const rows = attempts(test.attempts, ({ code }) => `${code}`)
  return paragraphs(heading(test, style), rows, ...advice(test), decided.length > 0 ? ['Decided by', ...decided] : [])
}

/** Returns the position of a waiting test in words. Empty if it is not known. */
export function placeInLine(position: number | null): string {
  if (position === null) return ''
  if (position === 1) return 'the next test'
  return position === 2 ? '1 test is before this one' : `${position - 1} tests are before this one`
}

/** Returns a line of a running session. Which lines decide is not known yet. */
export function renderLine(line: Pick<TranscriptLine, 'from' | 'line'>, coloured: boolean): string {
  return styleOf(coloured)[line.from](marked(line))
}

const styleOf = (coloured: boolean): Style => (coloured ? COLOURED : PLAIN)

const marked = ({ from, line }: Pick<TranscriptLine, 'from' | 'line'>): string => `${MARKS[from]}${line}`

/** Joins parts with an empty line between them. Leaves out empty parts. */
const paragraphs = (...parts: readonly string[][]): string =>
  `${parts
    .filter(({ length }) => length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`

function heading(test: RelayTest, style: Style): string[] {
  const target = `${endpointText(test.ip, test.port)}${test.domain ? ` (${test.domain})` : ''}`
  if (isWaiting(test)) return [`WAITING  ${target}`, placeInLine(test.position), `id ${test.id}`].filter(Boolean)
  if (test.status === 'running') return [`RUNNING  ${target}`, `id ${test.id}`]
  const facts = [
    // For a closed server "evidence none" would sound as if something were missing.
    !(test.verdict === 'closed' && test.evidence === 'none') && `evidence ${test.evidence}`,
    test.reason && `reason ${test.reason}`,
    test.cause && `cause ${test.cause}`,
    test.retryAfter !== null && `test again in ${test.retryAfter} s`,
    test.durationMs !== null && `${(test.durationMs / 1000).toFixed(2)} s`,
  ]
  const origin = [
    `${test.createdAt.slice(0, 16).replace('T', ' ')} UTC`,
    testedFrom(test),
    test.server?.seesUsAs && `the server sees us as ${test.server.seesUsAs}`,
    test.knownMailbox && `known mailbox ${test.knownMailbox}`,
    test.queuedAt && test.startedAt && `waited ${secondsBetween(test.queuedAt, test.startedAt)} s for a slot`,
    test.reference && `reference ${test.reference}`,
    `id ${test.id}`,
  ]
  return [
    style.verdict(test, `${test.verdict?.toUpperCase()}  ${target}`),
    test.summary ?? '',
    facts.filter(Boolean).join(', '),
    origin.filter(Boolean).join(', '),
    ...test.followUps.map(({ at, says }) => `Follow-up at ${minuteOf(at)} UTC: ${says}`),
  ]
}

/** Returns a time to the minute. */

const secondsBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 1000)

/** Returns where a test came from; null if that is not known. */
function testedFrom({ vantage, secondVantage }: RelayTest): string | null {
  if (!secondVantage) return vantage.ip && `tested from ${vantage.ip}`
  const [first, second] = [vantage, secondVantage].map(({ name, ip }) => (ip === null ? name : `${name} (${ip})`))
  return `tested from ${first}, then from ${second}`
}

/** Returns the attempts, one a line. If a test used two vantages, those of each come under its name. */
function attempts(rows: readonly AttemptView[], replyOf: (reply: Reply) => string): string[] {
  const width = Math.max(0, ...rows.map(({ form }) => form.length))
  return rows.flatMap(({ form, outcome, refusal, why, reply, evidence, vantage }, index) => {
    const taken = outcome === 'accepted' && evidence !== 'none' ? evidence.replace('-', ' ') : null
    const said = reply ? replyOf(reply) : ''
    const reason = [refusal ?? taken ?? why ?? '', said].filter(Boolean).join(': ')
    const isNew = vantage && vantage !== rows[index - 1]?.vantage
    return [...(isNew ? [`From ${vantage}`] : []), `${form.padEnd(width)}  ${outcome.padEnd(8)}  ${reason}`.trimEnd()]
  })
}

type Reply = NonNullable<AttemptView['reply']>

const firstLine = ({ code, lines }: Reply): string => `${code} ${lines[0] ?? ''}`.trim()

/** Returns what to do, what else was found, and the other addresses of the server, as paragraphs. */
const advice = ({ remedy, findings, related }: RelayTest): string[][] => [
  remedy ? [`What to do: ${remedy.title}`, ...stepsOf(remedy)] : [],
  ...findings.map((finding) => [`Also worth knowing: ${finding.says}`, ...stepsOf(finding)]),
  related.length > 0 ? ['Other addresses of this server', ...related.map(otherAddress)] : [],
]

/** Returns steps and references, one a line. */
const stepsOf = ({ steps, references }: Pick<FindingView, 'steps' | 'references'>): string[] => [
  ...steps.map((step, index) => `  ${index + 1}. ${step}`),
  ...references.map((reference) => `  see ${reference}`),
]

function otherAddress({ ip, port, lastVerdict, lastAt }: RelatedAddress): string {
  const last = lastVerdict && lastAt ? `${lastVerdict} at ${lastAt.slice(0, 16).replace('T', ' ')} UTC` : 'not tested'
  return `  ${endpointText(ip, port)}  ${last}`
}

function session(test: RelayTest, style: Style): string[] {
  const shown = inOrder(test.transcript).map((line) =>
    line.key ? style.verdict(test, marked(line)) : style[line.from](marked(line)),
  )
  return test.truncated ? [...shown, style.event('-- the rest of the session was left out')] : shown
}

/** Sorts lines by connection, each reply under its command, even if several commands were sent at once. */
function inOrder(transcript: readonly TranscriptLine[]): TranscriptLine[] {
  const answersTo = new Map<number, TranscriptLine[]>()
  for (const line of transcript) {
    if (line.answers === null) continue
    const answers = answersTo.get(line.answers)
    if (answers) answers.push(line)
    else answersTo.set(line.answers, [line])
  }
  return transcript
    .flatMap((line, index) => (line.answers === null ? [line, ...(answersTo.get(index) ?? [])] : []))
    .sort((a, b) => a.connection - b.connection)
}
