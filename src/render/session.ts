/** Writes a relay test as text: its verdict, its attempts, what to do, what else was found, and the session. */
import type { AttemptView, FindingView, RelatedAddress, RelayTest, TranscriptLine } from '../contract/relay-test.ts'

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

const ansi = (code: string) => (text: string) => `\x1b[${code}m${text}\x1b[0m`

const VERDICT_COLOURS = { open: '1;31', closed: '1;32', inconclusive: '1;33' } as const

/** Our commands are bold and replies italic, as support pages print such sessions. */
const COLOURED: Style = {
  client: ansi('1'),
  server: ansi('3'),
  event: ansi('2'),
  verdict: (test, text) => (test.verdict ? ansi(VERDICT_COLOURS[test.verdict])(text) : text),
}

/** Returns a relay test as text, the verdict first and the whole session last. `coloured` adds terminal colours. */
export function renderTest(test: RelayTest, coloured: boolean): string {
  const style = styleOf(coloured)
  return paragraphs(heading(test, style), attempts(test.attempts), ...advice(test), session(test, style))
}

/** Returns a relay test without its session, which the reader has seen live: only the lines that decided. */
export function renderOutcome(test: RelayTest, coloured: boolean): string {
  const style = styleOf(coloured)
  const deciding = inOrder(test.transcript)
    .filter(({ key }) => key)
    .map(({ line }) => style.verdict(test, line))
  const decided = deciding.length > 0 ? ['Decided by', ...deciding] : []
  return paragraphs(heading(test, style), attempts(test.attempts), ...advice(test), decided)
}

/** Returns a line of a running session. Which lines decide is not known yet. */
export function renderLine({ from, line }: Pick<TranscriptLine, 'from' | 'line'>, coloured: boolean): string {
  return styledLine(from, line, styleOf(coloured))
}

const styleOf = (coloured: boolean): Style => (coloured ? COLOURED : PLAIN)

const styledLine = (from: TranscriptLine['from'], line: string, style: Style): string =>
  style[from](from === 'event' ? `-- ${line}` : line)

/** Joins parts with an empty line between them. Leaves out empty parts. */
const paragraphs = (...parts: readonly string[][]): string =>
  `${parts
    .filter(({ length }) => length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`

function heading(test: RelayTest, style: Style): string[] {
  const literal = test.ip.includes(':') ? `[${test.ip}]` : test.ip
  const target = `${literal}:${test.port}${test.domain ? ` (${test.domain})` : ''}`
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
    test.vantage.ip && `tested from ${test.vantage.ip}`,
    test.server?.seesUsAs && `the server sees us as ${test.server.seesUsAs}`,
    test.knownMailbox && `known mailbox ${test.knownMailbox}`,
    test.reference && `reference ${test.reference}`,
    `id ${test.id}`,
  ]
  return [
    style.verdict(test, `${test.verdict?.toUpperCase()}  ${target}`),
    test.summary ?? '',
    facts.filter(Boolean).join(', '),
    origin.filter(Boolean).join(', '),
  ]
}

function attempts(rows: readonly AttemptView[]): string[] {
  const width = Math.max(0, ...rows.map(({ form }) => form.length))
  return rows.map(({ form, outcome, refusal, why, reply, evidence }) => {
    const taken = outcome === 'accepted' && evidence !== 'none' ? evidence.replace('-', ' ') : null
    const said = reply ? `${reply.code} ${reply.lines[0] ?? ''}`.trim() : ''
    return `${form.padEnd(width)}  ${outcome.padEnd(8)}  ${[refusal ?? taken ?? why ?? '', said].filter(Boolean).join(': ')}`.trimEnd()
  })
}

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
  const literal = ip.includes(':') ? `[${ip}]` : ip
  const last = lastVerdict && lastAt ? `${lastVerdict} at ${lastAt.slice(0, 16).replace('T', ' ')} UTC` : 'not tested'
  return `  ${literal}:${port}  ${last}`
}

function session(test: RelayTest, style: Style): string[] {
  const shown = inOrder(test.transcript).map(({ from, line, key }) =>
    key ? style.verdict(test, line) : styledLine(from, line, style),
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
