/** Carries out what `questions` decides: on the current session, on several at once, or at our own mailbox. */
import type { Why } from '../contract/words.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import { REPEAT } from '../relay/controls.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { Form } from '../relay/forms.ts'
import type { Answers, Moment } from './answers.ts'
import type { Connections } from './connections.ts'
import type { ConnectionPlan } from './plan.ts'
import type { Question } from './questions.ts'
import type { Server } from './server.ts'
import { isReady, type Session } from './session.ts'
import { askPlan, type Message, sendMessage } from './transaction.ts'

/** Everything that asking needs: the server, the connections to it, and the message of each form. */
export interface Asking {
  readonly server: Server
  readonly connections: Connections
  messageFor(form: Form): Message
}

/** Asks the next questions in order, and keeps the answers. Never throws because of something that a server does. */
export async function ask(next: readonly Question[], asking: Asking, answers: Answers): Promise<void> {
  const { connections, server } = asking
  for (const question of next) await askOne(question, asking, answers)
  // A server that turns away a session that we opened early accepts only one at a time.
  if (await connections.dropRefused()) oneAtATime(asking, answers)
  takeBack(asking, answers)
  answers.now = momentOf(server, connections)
}

/** Returns the state of the test now. */
export function momentOf({ deadline, stop, now }: Server, { standing }: Connections): Moment {
  const msLeft = deadline - now()
  return { ...standing, msLeft, isOver: stop.aborted || msLeft <= 0 }
}

/** Removes the answers of sessions whose reply to QUIT showed that they were out of step. */
export function takeBack({ connections }: Pick<Asking, 'connections'>, answers: Answers): void {
  for (const session of connections.takeOutOfStep()) answers.takeBack(session)
}

async function askOne(question: Question, asking: Asking, answers: Answers): Promise<void> {
  const { connections, server } = asking
  const asked = (kind: 'envelopes' | 'message', forms: readonly Form[], within: number) => {
    connections.limit = within
    answers.latest = { kind, forms, within }
  }
  answers.latest = null
  switch (question.ask) {
    case 'unwritable': {
      for (const one of question.unwritable) answers.keepUnwritable(one)
      return
    }
    case 'unasked': {
      answers.keepUnasked(question.envelopes, server.stop.aborted ? 'interrupted' : question.why)
      return
    }
    case 'in-tls': {
      answers.dueInTls(question.rows)
      return connections.goOnInTls()
    }
    case 'again': {
      answers.dueAgain(question.rows)
      if (answers.pace.atOnce === 1) connections.alone = true
      await (question.leaveAll ? connections.leave() : connections.leaveCurrent())
      if (question.waitMs > 0) await server.pause(question.waitMs)
      return
    }
    case 'first': {
      const { plan } = question.first
      asked('envelopes', formsIn(plan), question.within)
      answers.firstPlan = question.first
      return askOn(await connections.live(), plan, question.leave, asking, answers)
    }
    case 'rest': {
      const forms = question.plans.flatMap(formsIn).filter(({ id }) => id !== REPEAT)
      asked('envelopes', forms, question.within)
      return askRest(question.plans, question.onCurrent, asking, answers)
    }
    case 'alone': {
      const { envelope } = question
      asked('envelopes', [envelope.form], question.within)
      answers.askedAlone(envelope.form)
      if (question.onNew) await connections.leaveCurrent()
      return askOn(await connections.live(), [[envelope]], false, asking, answers)
    }
    case 'message': {
      asked('message', [question.attempt.form], question.within)
      return sendOn(await connections.live(), question.attempt, asking, answers)
    }
    case 'arrivals':
      return awaitArrivals(question.rows, question.ms, server, answers)
  }
}

/** Asks a plan on one session. If that is impossible, keeps the reason instead. */
async function askOn(
  session: Session,
  plan: ConnectionPlan,
  leave: boolean,
  { connections, server }: Asking,
  answers: Answers,
): Promise<void> {
  if (!isReady(session)) {
    answers.keepUnasked(plan.flat(), whyNot(session, connections, server))
    // No other code ends a session that was turned away.
    if (session !== connections.current) await connections.end(session)
    return
  }
  const pipelining = session.pipelining && answers.pipelining
  answers.keep(await askPlan(session, plan, { stop: server.stop, leave, pipelining }))
  if (session.connection.outOfStep) answers.takeBack(session.number)
  if (leave) await connections.end(session)
}

/**
 * Asks plans on several sessions at once. Each session says QUIT after its plan, because some servers serve only one
 * client at a time. Only the last session stays open, for the next question.
 */
async function askRest(
  plans: readonly ConnectionPlan[],
  onCurrent: boolean,
  asking: Asking,
  answers: Answers,
): Promise<void> {
  const { connections } = asking
  const current = onCurrent ? connections.current : null
  if (!current) await connections.leaveCurrent()
  const waiting = [...plans]
  let workers = Math.min(answers.pace.atOnce, waiting.length)
  const work = async (own: Session | null) => {
    let session = own
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      session ??= await connections.another()
      if (!isReady(session) && workers > 1) {
        // The server accepts no more connections: another worker takes the plan. The last worker always goes on.
        workers -= 1
        waiting.unshift(next)
        oneAtATime(asking, answers)
        return connections.end(session)
      }
      const leave = waiting.length > 0 || workers > 1
      await askOn(session, next, leave, asking, answers)
      if (!leave) await connections.goOnWith(session)
      session = null
    }
    workers -= 1
  }
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index === 0 ? current : null)))
}

async function sendOn(
  session: Session,
  attempt: Attempt,
  { connections, server, messageFor }: Asking,
  answers: Answers,
): Promise<void> {
  const isPossible = isReady(session) && !server.stop.aborted
  const sent = isPossible
    ? await sendMessage(session, attempt, messageFor(attempt.form), server.stop)
    : { ...attempt, why: whyNot(session, connections, server) }
  answers.keepMessage(sent, attempt)
}

/** Waits until one of the messages has arrived, all of them have bounced, or the time is over. */
async function awaitArrivals(rows: readonly Assessed[], ms: number, server: Server, answers: Answers): Promise<void> {
  const startedAt = server.now()
  const wait = Math.max(0, Math.min(ms, server.deadline - startedAt))
  const arrivals = rows.map(async (row) => {
    const { form } = row.attempt
    answers.awaited(form)
    const seen = await server.arrival(form, wait)
    if (seen) answers.keepSeen(row, seen)
    if (seen?.kind !== 'message') throw new Error('no message arrived')
  })
  await Promise.any(arrivals).catch(() => {})
  answers.waitedMs = (answers.waitedMs ?? 0) + server.now() - startedAt
}

function oneAtATime({ connections }: Asking, answers: Answers): void {
  answers.oneAtATime()
  connections.alone = true
}

/** The failures of a later session if the server accepts no more of them. */
const TURNED_AWAY: ReadonlySet<Why> = new Set<Why>(['greeting-refused', 'dropped', 'connection-refused'])

/** Returns why nothing can be asked on a session. */
function whyNot(session: Session, { first }: Connections, { stop }: Server): Why {
  if (stop.aborted) return 'interrupted'
  // A server that accepted the first session and turns away a later one limits our connections.
  const isLater = session !== first && first.failure === null && session.tls === null
  if (isLater && session.failure !== null && TURNED_AWAY.has(session.failure)) return 'connection-limit'
  return session.failure ?? session.connection?.fault ?? 'dropped'
}

const formsIn = (plan: ConnectionPlan): Form[] => plan.flat().map(({ form }: Envelope) => form)
