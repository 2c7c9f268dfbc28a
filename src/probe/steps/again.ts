/** The step that asks again what was left without an answer, or deferred. */
import type { Refusal, Why } from '../../contract/words.ts'
import { type Assessed, isCutOff } from '../../relay/assess.ts'
import type { Attempt } from '../../relay/attempt.ts'
import { isNeeded } from '../../relay/controls.ts'
import { waitIn } from '../../relay/retry-times.ts'
import type { Answers } from '../answers.ts'
import { FIGURES, isTooManyRecipients } from '../pace.ts'
import type { Question } from '../question.ts'
import { connectionsLeft } from './parts.ts'

/** Asks again what the last question left without an answer, or deferred (docs/verdict.md, rule 6). */
export function again(answers: Answers): readonly Question[] {
  const { latest, now, first } = answers
  if (latest === null || first.failure !== null || now.isOver || connectionsLeft(answers, latest.within) <= 0) return []
  const asked = answers.rows.filter(({ attempt }) => latest.forms.includes(attempt.form))
  const rows = asked.filter((row) => isNeeded(row, answers.rows))
  const waitOf = latest.kind === 'message' ? againForMessage : againAfter
  if (!now.tls && rows.some(({ refusal }) => refusal === 'tls-required')) {
    return [{ ask: 'in-tls', rows: rows.filter((row) => row.refusal === 'tls-required' || waitOf(answers, row) === 0) }]
  }
  const due = rows.flatMap((row) => {
    const waitMs = answers.retriesOf(row.attempt.form) < FIGURES.retries ? waitOf(answers, row) : null
    return waitMs !== null && waitMs + Math.min(waitMs, FIGURES.visitMs) <= now.msLeft ? [{ row, waitMs }] : []
  })
  if (due.length === 0) return []
  const waitMs = Math.max(...due.map((each) => each.waitMs))
  return [{ ask: 'again', rows: due.map(({ row }) => row), waitMs }]
}

/**
 * Returns how many milliseconds to wait before a message is sent again; null if the server accepted its envelope this
 * time. Otherwise the server, or another node of it, refused the envelope, or the connection ended first.
 */
function againForMessage(answers: Answers, row: Assessed): number | null {
  if (answers.messageOf(row.attempt.form)?.envelopeTaken) return null
  const { reply } = row.attempt.exchanges.at(-1) ?? {}
  return reply && reply.code >= 400 && reply.code < 500 ? pause(answers, true) : 0
}

/**
 * Returns how many milliseconds to wait before asking again on a new connection; null if that would not help. It helps
 * after a missing answer, throttling, postscreen (which accepts a client that comes back), and greylisting that names
 * its end.
 */
function againAfter(answers: Answers, row: Assessed): number | null {
  const { attempt, outcome, refusal, decisive } = row
  if (outcome === 'not-run') return againUnanswered(answers, attempt)
  if (decisive === null || refusal === null) return null
  const { reply } = decisive
  if (isTooManyRecipients(row)) return 0
  if (refusal === 'throttled' || (reply.code === 421 && NOW_ONLY.has(refusal))) {
    return waitIn(reply) ?? pause(answers, isLimitOfSession(answers, row))
  }
  if (refusal !== 'greylisted') return null
  return reply.enhanced === '4.3.2' ? 0 : waitIn(reply)
}

function againUnanswered(answers: Answers, attempt: Attempt): number | null {
  const { why } = attempt
  if (why === 'turned-away' || isCutOff(attempt)) return pause(answers, answers.pace.atOnce > 1)
  return why !== null && WORTH_ASKING_AGAIN.has(why) ? 0 : null
}

/** Whether a server that says we ask too much answered something else on that connection: then a new one may help. */
const isLimitOfSession = ({ rows }: Answers, { attempt: { connection } }: Assessed): boolean =>
  rows.some(
    ({ attempt, decisive, refusal }) =>
      attempt.connection === connection && refusal !== 'throttled' && decisive !== null && decisive.reply.code !== 421,
  )

/** Returns the pause after a server says that we ask too much; null if there were enough pauses. */
const pause = ({ longPauses }: Answers, isShort: boolean): number | null =>
  isShort ? FIGURES.sessionPauseMs : (FIGURES.throttledMs[longPauses] ?? null)

/** The refusals with 421 that may be over in a moment. */
const NOW_ONLY: ReadonlySet<Refusal> = new Set<Refusal>(['server-trouble', 'other'])

/** The reasons of missing answers that can be different on a new connection. */
const WORTH_ASKING_AGAIN: ReadonlySet<Why> = new Set<Why>([
  'dropped',
  'slowing',
  'transaction-ended',
  'no-reset',
  'protocol-error',
])
