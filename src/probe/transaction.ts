/** Runs mail transactions (RFC 5321 section 3.3) on a session: envelopes without a message, and messages. */
import { isPositive } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { Abandon, Answer } from '../smtp/connection.ts'
import { FIGURES } from './pace.ts'
import type { ConnectionPlan, Transaction } from './plan.ts'
import { GOODBYE, isRefusal, notRun, PHASES, positive, record } from './record.ts'
import type { Dialogue } from './server.ts'
import type { Ready } from './session.ts'

const mail = (sender: string) => `MAIL FROM:<${sender}>`
const rcpt = ({ form, rcptTo }: Envelope | Attempt) =>
  form.recipient.bare ? `RCPT TO:${rcptTo}` : `RCPT TO:<${rcptTo}>`

/** How to ask a plan on one session. */
export interface Manner {
  readonly stop: AbortSignal
  /** Whether to send everything in one write. */
  readonly pipelining: boolean
  /** Whether QUIT ends the group (RFC 2920 section 3.1), because the session is not needed any more. */
  readonly leave: boolean
}

/**
 * Asks every envelope of a plan without sending a message: in one write with pipelining, else one command at a time
 * until `stop` is aborted. Each transaction ends with RSET; one by one, the last RSET waits until it is needed. If each
 * refusal takes longer, asks no more: envelopes without an answer get the reason `slowing`.
 */
export async function askPlan(
  session: Ready,
  plan: ConnectionPlan,
  { stop, leave, pipelining }: Manner,
): Promise<Attempt[]> {
  if (stop.aborted) return notRun(plan.flat(), 'interrupted')
  if (pipelining) return askAtOnce(session, plan, leave)
  const attempts: Attempt[] = []
  const delays = watchDelays()
  let slowing = false
  const isSlowing: Abandon = (answer) => {
    slowing ||= delays(answer)
    return slowing
  }
  for (const transaction of plan) {
    if (slowing) attempts.push(...notRun(transaction, 'slowing'))
    else attempts.push(...(await askInTurn(session, transaction, stop, isSlowing)))
  }
  return attempts
}

async function askAtOnce(session: Ready, plan: ConnectionPlan, leave: boolean): Promise<Attempt[]> {
  const commands = plan.flatMap((transaction) => [mail(senderOf(transaction)), ...transaction.map(rcpt), 'RSET'])
  const { connection } = session
  const answers = await (leave
    ? connection.farewell(commands, watchDelays())
    : connection.group(commands, watchDelays()))
  const attempts: Attempt[] = []
  for (const [index, transaction] of plan.entries()) {
    const [sender, ...rest] = answers.splice(0, transaction.length + 2)
    const recipients = rest.slice(0, -1)
    // A server that refused MAIL cannot accept its RCPT: the replies are out of step.
    if (isRefusal(sender) && recipients.some((answer) => positive('rcpt', answer))) connection.desynchronised()
    await settle(session, sender, rest.at(-1), index === plan.length - 1)
    const endsAt = recipients.findIndex(isRefusal)
    for (const [place, planned] of transaction.entries()) {
      const isAfterRefusal = endsAt !== -1 && place > endsAt
      attempts.push(record(session, planned, [sender, recipients[place]], isAfterRefusal))
    }
  }
  return attempts
}

async function askInTurn(
  session: Ready,
  transaction: Transaction,
  stop: AbortSignal,
  isSlowing: Abandon,
): Promise<Attempt[]> {
  const { connection } = session
  if (stop.aborted) return notRun(transaction, 'interrupted')
  await reset(session)
  if (connection.fault) return notRun(transaction, connection.fault)
  const sender = await connection.command(mail(senderOf(transaction)))
  unfinished.set(connection, sender)
  const attempts: Attempt[] = []
  let slowing = isSlowing(sender)
  let isAfterRefusal = false
  for (const planned of transaction) {
    if (stop.aborted) attempts.push(...notRun([planned], 'interrupted'))
    else if (slowing) attempts.push(...notRun([planned], 'slowing'))
    else if (!positive('mail', sender)) attempts.push(record(session, planned, [sender]))
    else {
      const answer = await connection.command(rcpt(planned))
      attempts.push(record(session, planned, [sender, answer], isAfterRefusal))
      slowing = isSlowing(answer)
      isAfterRefusal ||= isRefusal(answer)
    }
  }
  return attempts
}

/** Connections whose last transaction has had no RSET yet, with the answer to its MAIL. QUIT would end it too. */
const unfinished = new WeakMap<Dialogue, Answer>()

/** Sends the RSET that is still missing, so that another transaction can begin. */
async function reset(session: Ready): Promise<void> {
  const { connection } = session
  const sender = unfinished.get(connection)
  if (unfinished.delete(connection)) await settle(session, sender, await connection.command('RSET'), false)
}

/**
 * Checks the answer to RSET. A refused RSET leaves the transaction open: later answers would count for nothing, and
 * after the last one we say QUIT. A goodbye is the reply to QUIT, so the server has skipped a command.
 */
async function settle(
  { connection }: Ready,
  sender: Answer | undefined,
  reset: Answer | undefined,
  isLast: boolean,
): Promise<void> {
  const code = reset?.reply?.code
  if (code === undefined || code === SHUTTING_DOWN) return
  const isOpen = positive('mail', sender) && !positive('mail', reset)
  if (code === GOODBYE || (isOpen && !isLast)) connection.desynchronised()
  else if (isOpen) await connection.quit()
}

/** The server ends the session (RFC 5321 section 3.8). Its earlier answers still count. */
const SHUTTING_DOWN = 421

/** Returns a function that returns true when a refusal took much longer than the one before: a tarpit that grows. */
function watchDelays(): Abandon {
  let before = Number.POSITIVE_INFINITY
  return ({ reply, ms }) => {
    if (!reply || reply.code < 400) return false
    const slowing = ms >= FIGURES.slowMs && ms >= before * FIGURES.slowGrowth
    before = ms
    return slowing
  }
}

/** A message, and the secrets in it that no output may show. */
export interface Message {
  readonly lines: readonly string[]
  readonly secrets: readonly string[]
}

/**
 * Sends the message of an attempt whose recipient was accepted, in a new transaction with that recipient alone. Returns
 * the attempt with the new replies after the old ones. If the server now refuses the recipient but answers DATA with
 * 354, sends a single dot (RFC 2920 section 3.1).
 */
export async function sendMessage(
  session: Ready,
  attempt: Attempt,
  message: Message,
  { stop, pipelining }: Pick<Manner, 'stop' | 'pipelining'>,
): Promise<Attempt> {
  const { connection } = session
  await reset(session)
  const commands = [mail(attempt.mailFrom ?? ''), rcpt(attempt), 'DATA']
  const answers = pipelining ? await connection.group(commands) : await inTurn(session, commands, stop)
  const [sender, recipient, data] = answers
  const taken = positive('mail', sender) && positive('rcpt', recipient)
  const dot = positive('data', data) ? await connection.message(taken ? message.lines : [], message.secrets) : undefined
  if (!positive('dot', dot)) await connection.command('RSET')
  const more = taken ? [sender, recipient, data, dot] : [sender, recipient]
  const sent = record(session, attempt, more)
  const isInterrupted = stop.aborted && dot === undefined && sent.exchanges.every(isPositive)
  return {
    ...sent,
    why: isInterrupted ? 'interrupted' : sent.why,
    exchanges: [...attempt.exchanges, ...sent.exchanges],
  }
}

/** Sends commands one by one until one is refused or the test is stopped. */
async function inTurn({ connection }: Ready, commands: readonly string[], stop: AbortSignal): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const [index, command] of commands.entries()) {
    if (stop.aborted) break
    const answer = await connection.command(command)
    answers.push(answer)
    if (!positive(PHASES[index] ?? 'dot', answer)) break
  }
  return answers
}

const senderOf = (transaction: Transaction): string => transaction[0]?.mailFrom ?? ''
