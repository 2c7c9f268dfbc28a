/** The step that asks again what was left without an answer, or deferred. */
import type { Why } from '../../contract/words.ts'
import type { Assessed } from '../../relay/assess.ts'
import { isNeeded } from '../../relay/controls.ts'
import { waitIn } from '../../relay/retry-times.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'
import { connectionsLeft } from './parts.ts'

/** Asks again what the last question left without an answer, or deferred (docs/verdict.md, rule 6). */
export function again(answers: Answers): readonly Question[] {
  const { latest, now, first } = answers
  if (latest === null || first.failure !== null || now.isOver || connectionsLeft(answers, latest.within) <= 0) return []
  const asked = answers.rows.filter(({ attempt }) => latest.forms.includes(attempt.form))
  const rows = asked.filter((row) => isNeeded(row, answers.rows))
  const waitOf = latest.kind === 'message' ? (row: Assessed) => againForMessage(answers, row) : againAfter
  if (!now.tls && rows.some(({ refusal }) => refusal === 'tls-required')) {
    return [{ ask: 'in-tls', rows: rows.filter((row) => row.refusal === 'tls-required' || waitOf(row) === 0) }]
  }
  const due = rows.flatMap((row) => {
    const waitMs = answers.retriesOf(row.attempt.form) < FIGURES.retries ? waitOf(row) : null
    return waitMs !== null && (waitMs === 0 || waitMs + FIGURES.visitMs <= now.msLeft) ? [{ row, waitMs }] : []
  })
  if (due.length === 0) return []
  const waitMs = Math.max(...due.map((each) => each.waitMs))
  // Greylisting and postscreen expect a new connection. Other servers can be asked on one that is open.
  const leaveAll = due.some(({ row }) => row.refusal === 'greylisted')
  return [{ ask: 'again', rows: due.map(({ row }) => row), leaveAll, waitMs }]
}

/**
 * Returns 0 if a message is worth sending again, or null. It is only if the server has not accepted its MAIL and RCPT:
 * another node or another time refused what was accepted before.
 */
const againForMessage = (answers: Answers, { attempt }: Assessed): number | null =>
  answers.messageOf(attempt.form)?.envelopeTaken ? null : 0

/**
 * Returns after how many milliseconds it is worth asking again on a new connection, or null if it is not. It is after
 * a missing answer, throttling, postscreen (which accepts a client that comes back), and greylisting with a known end.
 */
function againAfter({ attempt, outcome, refusal, decisive }: Assessed): number | null {
  if (outcome === 'not-run') return attempt.why !== null && WORTH_ASKING_AGAIN.has(attempt.why) ? 0 : null
  if (refusal === 'throttled') return 0
  if (refusal !== 'greylisted' || !decisive) return null
  if (decisive.reply.enhanced === '4.3.2') return 0
  return waitIn(decisive.reply)
}

/** The reasons of missing answers that can be different on a new connection. */
const WORTH_ASKING_AGAIN: ReadonlySet<Why> = new Set<Why>([
  'dropped',
  'slowing',
  'turned-away',
  'transaction-ended',
  'no-reset',
  'protocol-error',
])
