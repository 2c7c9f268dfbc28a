/** Carries out what `questions` decides: on the current session, on several at once, or at our own mailbox. */
import type { Why } from '../contract/words.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Form } from '../relay/forms.ts'
import type { Answers, Moment } from './answers.ts'
import type { Connections } from './connections.ts'
import type { ConnectionPlan } from './plan.ts'
import type { AskRest, OnResult, Question, SendMessage } from './question.ts'
import { notRun } from './record.ts'
import { isOccupied, type Reset, type ResetCommand } from './reset.ts'
import { type Message, sendMessage } from './sending.ts'
import type { Server } from './server.ts'
import { isReady, type Session } from './session.ts'
import { askPlan } from './transaction.ts'

/** Everything that asking needs: the server, the connections to it, and the message of each form. */
export interface Asking {
  readonly server: Server
  readonly connections: Connections
  messageFor(form: Form): Message
  /** When we began to send the first message, by `server.now`; null before that. */
  sendingSince: number | null
}

/**
 * Asks the next questions in order. `answers` keeps the results. Never throws because of something that a server does.
 */
export async function ask(next: readonly Question[], asking: Asking, answers: Answers): Promise<void> {
  const { connections, server } = asking
  const tell: OnResult = (shown) => answers.hear(shown)
  for (const question of next) {
    answers.asking(question)
    connections.alone ||= answers.pace.atOnce === 1
    await askOne(question, asking, tell)
  }
  tellOutOfStep(connections, tell)
  answers.now = momentOf(server, connections)
}

/** Returns the state of the test now. */
export function momentOf({ deadline, stop, now }: Server, { standing }: Connections): Moment {
  const msLeft = deadline - now()
  return { ...standing, msLeft, isStopped: stop.aborted, isOver: stop.aborted || msLeft <= 0 }
}

/** Reports the sessions whose reply to QUIT showed that they were out of step. */
export function tellOutOfStep(connections: Connections, tell: OnResult): void {
  for (const session of connections.takeOutOfStep()) tell({ shown: 'out-of-step', session })
}

async function askOne(question: Question, asking: Asking, tell: OnResult): Promise<void> {
  const { connections, server } = asking
  if ('within' in question) connections.limit = question.within
  switch (question.ask) {
    case 'nothing':
      return tell({ shown: 'attempts', attempts: question.attempts })
    case 'in-tls':
      return connections.goOnInTls()
    case 'again': {
      await connections.leaveCurrent()
      if (question.waitMs > 0) await server.pause(question.waitMs)
      return
    }
    case 'first':
      return askOn(await connections.live(), question.plan, question, asking, tell)
    case 'rest':
      return askRest(question, asking, tell)
    case 'alone': {
      if (question.onNew) await connections.leaveCurrent()
      const session = await live(connections, question.reset)
      return askOn(session, question.plan, { ...question, leave: false }, asking, tell)
    }
    case 'message':
      if (question.onNew) await connections.leaveCurrent()
      return sendOn(await live(connections, question.reset), question, asking, tell)
    case 'arrivals':
      return awaitArrivals(question.rows, question.ms, asking, tell)
  }
}

/** Returns the current session, or a new one if the current one has an open transaction that nothing can end. */
async function live(connections: Connections, reset: Reset): Promise<Session> {
  if (reset === 'none' && isOccupied(connections.current.connection)) await connections.leaveCurrent()
  return connections.live()
}

/** How to ask a plan on one session. */
interface Way {
  readonly leave: boolean
  readonly pipelining: boolean
  readonly reset: Reset
}

/** Asks a plan on one session. If that is impossible, reports the reason instead. */
async function askOn(
  session: Session,
  plan: ConnectionPlan,
  { leave, pipelining, reset }: Way,
  { connections, server }: Asking,
  tell: OnResult,
): Promise<void> {
  if (!isReady(session)) {
    tell({ shown: 'attempts', attempts: notRun(plan.flat(), whyNot(session, connections, server)) })
    // Nothing else ends a session that was turned away.
    if (session !== connections.current) await connections.end(session)
    return
  }
  const resetFailed = resetTeller(tell)
  const manner = { stop: server.stop, leave, pipelining: pipelining && session.pipelining, reset, resetFailed }
  tell({ shown: 'attempts', attempts: await askPlan(session, plan, manner) })
  if (session.connection.outOfStep) tell({ shown: 'out-of-step', session: session.number })
  if (leave) await connections.end(session)
}

/**
 * Asks plans on several sessions at once. Each session says QUIT after its plan, because some servers serve only one
 * client at a time. Only the last session stays open, for the next question.
 */
async function askRest(
  { plans, onCurrent, atOnce, pipelining, reset }: AskRest,
  asking: Asking,
  tell: OnResult,
): Promise<void> {
  const { connections } = asking
  const current = onCurrent.length > 0 ? connections.current : null
  if (!current) await connections.leaveCurrent()
  const waiting = current ? [onCurrent, ...plans] : [...plans]
  let workers = Math.min(atOnce, waiting.length)
  const work = async (own: Session | null) => {
    let session = own
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      session ??= await connections.open()
      if (!isReady(session) && workers > 1) {
        // The server accepts no more connections: another worker takes the plan. The last worker always goes on.
        workers -= 1
        waiting.unshift(next)
        connections.alone ||= session.failure !== 'connection-limit'
        return connections.end(session)
      }
      const leave = waiting.length > 0 || workers > 1
      await askOn(session, next, { leave, pipelining, reset }, asking, tell)
      if (!leave) await connections.goOnWith(session)
      session = null
    }
    workers -= 1
  }
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index === 0 ? current : null)))
}

async function sendOn(
  session: Session,
  { attempt, pipelining, reset }: SendMessage,
  asking: Asking,
  tell: OnResult,
): Promise<void> {
  const { connections, server, messageFor } = asking
  asking.sendingSince ??= server.now()
  const isPossible = isReady(session) && !server.stop.aborted
  const sent = isPossible
    ? await sendMessage(session, attempt, messageFor(attempt.form), {
        stop: server.stop,
        pipelining: pipelining && session.pipelining,
        reset,
        resetFailed: resetTeller(tell),
      })
    : { ...attempt, why: whyNot(session, connections, server) }
  tell({ shown: 'message', sent, before: attempt })
}

/** Waits until one of the messages has arrived, all of them have bounced, or the time is over. */
async function awaitArrivals(
  rows: readonly Assessed[],
  ms: number,
  { server, sendingSince }: Asking,
  tell: OnResult,
): Promise<void> {
  const startedAt = server.now()
  const wait = Math.max(0, Math.min(ms, server.deadline - startedAt))
  const arrivals = rows.map(async (row) => {
    const seen = await server.arrival(row.attempt.form, wait)
    if (seen) tell({ shown: 'arrival', row, seen })
    if (seen?.kind !== 'message') throw new Error('no message arrived')
  })
  await Promise.any(arrivals).catch(() => {})
  const waited = server.now() - startedAt
  tell({ shown: 'waited', ms: waited, troubled: await server.troubled(sendingSince ?? startedAt) })
}

/** Returns a function that reports that a command did not end a transaction. */
const resetTeller =
  (tell: OnResult) =>
  (by: ResetCommand): void =>
    tell({ shown: 'reset-failed', by })

/** Returns why nothing can be asked on a session. */
function whyNot(session: Session, { first }: Connections, { stop }: Server): Why {
  if (stop.aborted) return 'interrupted'
  const isLater = session !== first && first.failure === null && (session.tls === null || first.tls !== null)
  // A server that accepted the first session and says no to a later one limits our connections.
  if (isLater && session.failure === 'greeting-refused') return 'turned-away'
  // If a later connection is refused, it counts like one that ended without a reply.
  if (isLater && session.failure === 'connection-refused') return 'dropped'
  return session.failure ?? session.connection?.fault ?? 'dropped'
}
