/** Asks envelopes on a session, in mail transactions (RFC 5321 section 3.3) that end without a message. */
import type { Attempt } from '../relay/attempt.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { IsEnough } from '../smtp/connection.ts'
import { FIGURES, patience } from './pace.ts'
import type { ConnectionPlan, Transaction } from './plan.ts'
import { isRefusal, notRun, positive, record } from './record.ts'
import { begin, finish, isOccupied, type Reset, type Resetting, resetAfter, settle } from './reset.ts'
import type { Ready } from './session.ts'

/** Returns the MAIL command of a sender. */
export const mail = (sender: string) => `MAIL FROM:<${sender}>`

/** Returns the RCPT command of an envelope. */
export const rcpt = ({ form, rcptTo }: Envelope | Attempt) =>
  form.recipient.bare ? `RCPT TO:${rcptTo}` : `RCPT TO:<${rcptTo}>`

/** How to ask a plan on one session. */
export interface AskOptions extends Resetting {
  readonly stop: AbortSignal
  /** Whether to send everything in one write. */
  readonly pipelining: boolean
  /** Whether QUIT ends the group (RFC 2920 section 3.1), because the session is not needed any more. */
  readonly leave: boolean
}

/**
 * Asks every envelope of a plan without sending a message: with pipelining in one write, or one command at a time until
 * `stop` is aborted. One by one, a transaction ends when the next one begins. If each refusal takes longer, asks
 * no more: envelopes without an answer get the reason `slowing`.
 */
export async function askPlan(session: Ready, plan: ConnectionPlan, manner: AskOptions): Promise<Attempt[]> {
  if (manner.stop.aborted) return notRun(plan.flat(), 'interrupted')
  let { reset } = manner
  const learning: AskOptions = {
    ...manner,
    get reset() {
      return reset
    },
    resetFailed(by) {
      reset = resetAfter(by)
      manner.resetFailed(by)
    },
  }
  const mayGroup = manner.pipelining && (await isFree(session, manner.reset))
  const attempts = mayGroup ? await askAtOnce(session, plan, learning) : []
  const delays = watchDelays()
  let slowing = false
  const isSlowing: IsEnough = (answer) => {
    slowing ||= delays(answer)
    return slowing
  }
  const answered = new Set(attempts.map(({ form }) => form))
  for (const transaction of plan.filter(([first]) => first && !answered.has(first.form))) {
    // Without a reset, no other transaction can begin.
    if (attempts.at(-1)?.why === 'no-reset') attempts.push(...notRun(transaction, 'no-reset'))
    else if (slowing) attempts.push(...notRun(transaction, 'slowing'))
    else attempts.push(...(await askInTurn(session, transaction, learning, isSlowing)))
  }
  return attempts
}

/** Whether a group can begin with MAIL. If an earlier question left a transaction open, ends it first. */
async function isFree({ connection }: Ready, reset: Reset): Promise<boolean> {
  if (!isOccupied(connection)) return true
  if (reset !== 'RSET' || !positive('rcpt', await connection.command(reset, { patience }))) return false
  finish(connection)
  return true
}

/**
 * Asks a plan in one group. If a RSET fails, the answers after it do not count: returns only the attempts up to that
 * RSET, so that the others can be asked in turn. If the group ended with QUIT, returns the others as not run.
 */
async function askAtOnce(session: Ready, plan: ConnectionPlan, manner: AskOptions): Promise<Attempt[]> {
  const commands = plan.flatMap((transaction) => [mail(senderOf(transaction)), ...transaction.map(rcpt), 'RSET'])
  const { connection } = session
  const waiting = { abandon: watchDelays(), patience }
  const answers = await (manner.leave ? connection.farewell(commands, waiting) : connection.group(commands, waiting))
  const attempts: Attempt[] = []
  for (const [index, transaction] of plan.entries()) {
    const [sender, ...rest] = answers.splice(0, transaction.length + 2)
    const recipients = rest.slice(0, -1)
    // A server that refused MAIL cannot accept its RCPT: the replies are out of step.
    if (isRefusal(sender) && recipients.some((answer) => positive('rcpt', answer))) connection.desynchronised()
    const { resetFailed } = manner
    const isReset = settle(session, sender, rest.at(-1), { resetFailed, isLast: index === plan.length - 1 })
    const endsAt = recipients.findIndex(isRefusal)
    for (const [place, planned] of transaction.entries()) {
      const isAfterRefusal = endsAt !== -1 && place > endsAt
      attempts.push(record(session, planned, [sender, recipients[place]], { isAfterRefusal }))
    }
    const others = plan.slice(index + 1).flat()
    if (!isReset) return manner.leave ? [...attempts, ...notRun(others, 'no-reset')] : attempts
  }
  return attempts
}

async function askInTurn(
  session: Ready,
  transaction: Transaction,
  manner: AskOptions,
  isSlowing: IsEnough,
): Promise<Attempt[]> {
  const { connection } = session
  const { stop } = manner
  if (stop.aborted) return notRun(transaction, 'interrupted')
  const begun = await begin(session, [mail(senderOf(transaction))], manner)
  if ('why' in begun) return notRun(transaction, begun.why)
  const [sender] = begun.answers
  const attempts: Attempt[] = []
  let slowing = sender !== undefined && isSlowing(sender)
  let isAfterRefusal = false
  for (const planned of transaction) {
    if (stop.aborted) attempts.push(...notRun([planned], 'interrupted'))
    else if (slowing) attempts.push(...notRun([planned], 'slowing'))
    else if (!positive('mail', sender)) attempts.push(record(session, planned, [sender]))
    else {
      const answer = await connection.command(rcpt(planned))
      attempts.push(record(session, planned, [sender, answer], { isAfterRefusal, isAlone: true }))
      slowing = isSlowing(answer)
      isAfterRefusal ||= isRefusal(answer)
    }
  }
  return attempts
}

/** Returns a function that returns true when a refusal took much longer than the one before: a tarpit that grows. */
function watchDelays(): IsEnough {
  let before = Number.POSITIVE_INFINITY
  return ({ reply, ms }) => {
    if (!reply || reply.code < 400) return false
    const slowing = ms >= FIGURES.slowMs && ms >= before * FIGURES.slowGrowth
    before = ms
    return slowing
  }
}

const senderOf = (transaction: Transaction): string => transaction[0]?.mailFrom ?? ''
