/** Puts lines and attempts into the order in which people read them. */
import type { AttemptView, TranscriptLine } from '../contract/relay-test.ts'

/** Sorts lines by connection, each reply under its command, even if several commands were sent at once. */
export function readingOrder<Line extends TranscriptLine>(lines: readonly Line[]): Line[] {
  const answersTo = new Map<number, Line[]>()
  for (const line of lines) {
    if (line.answers === null) continue
    const answers = answersTo.get(line.answers)
    if (answers) answers.push(line)
    else answersTo.set(line.answers, [line])
  }
  return lines
    .flatMap((line, index) => (line.answers === null ? [line, ...(answersTo.get(index) ?? [])] : []))
    .sort((a, b) => a.connection - b.connection)
}

/** Whether the verdict rests on an attempt: the line with its recipient is among those that decided. */
export const isDeciding = (
  { rcptTo, connection }: Pick<AttemptView, 'rcptTo' | 'connection'>,
  transcript: readonly TranscriptLine[],
): boolean =>
  transcript.some(
    (line) =>
      line.key && line.from === 'client' && line.connection === connection && line.line === `RCPT TO:<${rcptTo}>`,
  )

const RANK = { accepted: 1, deferred: 2, refused: 2, 'not-run': 3 } as const

/** Sorts attempts: those that decided come first, then what was accepted; controls and what was not asked come last. */
export function decidingFirst(
  attempts: readonly AttemptView[],
  transcript: readonly TranscriptLine[],
): (AttemptView & { readonly decides: boolean })[] {
  const rank = (attempt: AttemptView, decides: boolean) => {
    if (decides) return 0
    return attempt.control ? 4 : RANK[attempt.outcome]
  }
  return attempts
    .map((attempt) => ({ ...attempt, decides: isDeciding(attempt, transcript) }))
    .sort((a, b) => rank(a, a.decides) - rank(b, b.decides))
}
