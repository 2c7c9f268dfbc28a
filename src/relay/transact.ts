import type { Why } from '../contract/words.ts'
import type { Answer } from '../smtp/connection.ts'
import { isPositive } from './assess.ts'
import type { Attempt, Exchange, Phase } from './findings.ts'
import type { ConnectionPlan, PlannedAttempt, Transaction } from './plan.ts'
import type { Ready } from './session.ts'

const mail = (sender: string) => `MAIL FROM:<${sender}>`
const rcpt = (recipient: string) => `RCPT TO:<${recipient}>`

/** Attempts that were not run, and why. */
export function notRun(planned: readonly PlannedAttempt[], why: Why): Attempt[] {
  return planned.map((attempt) => ({ ...attempt, connection: null, exchanges: [], why }))
}

/**
 * Asks for every recipient of the plan without sending a message: all in one write where the server offered PIPELINING,
 * else command by command, stopping at the next one when `stop` says so. Every transaction ends in RSET.
 */
export async function probe(session: Ready, plan: ConnectionPlan, stop: AbortSignal): Promise<Attempt[]> {
  if (stop.aborted) return notRun(plan.flat(), 'interrupted')
  if (session.pipelining) return probeAtOnce(session, plan)
  const attempts: Attempt[] = []
  for (const transaction of plan) attempts.push(...(await probeInTurn(session, transaction, stop)))
  return attempts
}

async function probeAtOnce(session: Ready, plan: ConnectionPlan): Promise<Attempt[]> {
  const commands = plan.flatMap((transaction) => [
    mail(senderOf(transaction)),
    ...transaction.map(({ rcptTo }) => rcpt(rcptTo)),
    'RSET',
  ])
  const answers = await session.connection.group(commands)
  return plan.flatMap((transaction) => {
    const [sender, ...recipients] = answers.splice(0, transaction.length + 2)
    return transaction.map((planned, index) => record(session, planned, [sender, recipients[index]]))
  })
}

async function probeInTurn(session: Ready, transaction: Transaction, stop: AbortSignal): Promise<Attempt[]> {
  const { connection } = session
  if (stop.aborted) return notRun(transaction, 'interrupted')
  const sender = await connection.command(mail(senderOf(transaction)))
  const attempts: Attempt[] = []
  for (const planned of transaction) {
    if (stop.aborted) attempts.push(...notRun([planned], 'interrupted'))
    else if (!positive('mail', sender)) attempts.push(record(session, planned, [sender]))
    else attempts.push(record(session, planned, [sender, await connection.command(rcpt(planned.rcptTo))]))
  }
  await connection.command('RSET')
  return attempts
}

/**
 * Sends the message for an attempt whose recipient was taken, in a fresh transaction that holds only that recipient, and
 * returns the attempt with what followed. A 354 although nothing was taken is answered by a lone dot (RFC 2920 section
 * 3.1).
 */
export async function send(
  session: Ready,
  attempt: Attempt,
  message: readonly string[],
  stop: AbortSignal,
): Promise<Attempt> {
  const { connection } = session
  const commands = [mail(attempt.mailFrom ?? ''), rcpt(attempt.rcptTo ?? ''), 'DATA']
  const answers = session.pipelining ? await connection.group(commands) : await inTurn(session, commands, stop)
  const [sender, recipient, data] = answers
  const taken = positive('mail', sender) && positive('rcpt', recipient)
  const dot = positive('data', data) ? await connection.message(taken ? message : []) : undefined
  if (!positive('dot', dot)) await connection.command('RSET')
  const more = taken ? [sender, recipient, data, dot] : [sender, recipient]
  const sent = record(session, attempt, more)
  const interrupted = stop.aborted && dot === undefined && sent.exchanges.every(isPositive)
  return { ...sent, why: interrupted ? 'interrupted' : sent.why, exchanges: [...attempt.exchanges, ...sent.exchanges] }
}

/** Sends commands one by one and stops at the first that is not taken, or when told to. */
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

const PHASES: readonly Phase[] = ['mail', 'rcpt', 'data', 'dot']

function record(session: Ready, planned: PlannedAttempt | Attempt, answers: readonly (Answer | undefined)[]): Attempt {
  const { form, mailFrom, rcptTo } = planned
  const exchanges: Exchange[] = []
  let why: Why | null = null
  for (const [index, answer] of answers.entries()) {
    const phase = PHASES[index]
    if (!phase || !answer) break
    if (!answer.reply) why = session.connection.fault
    // 1xx to 3xx where they have no meaning: the two sides no longer speak of the same command.
    else if (answer.reply.code < 400 && !positive(phase, answer)) why = 'protocol-error'
    else exchanges.push({ phase, reply: answer.reply, at: answer.at })
    // What follows a refusal in a pipelined group only says that there was nothing to follow.
    if (!positive(phase, answer)) break
  }
  return { form, mailFrom, rcptTo, connection: session.number, exchanges, why }
}

function positive(phase: Phase, answer: Answer | undefined): boolean {
  return answer?.reply != null && isPositive({ phase, reply: answer.reply, at: answer.at })
}

const senderOf = (transaction: Transaction): string => transaction[0]?.mailFrom ?? ''
