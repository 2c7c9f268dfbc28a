/** Sends the message of a form, in a mail transaction of its own. */
import { isPositive } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import type { AwaitedReply } from '../smtp/connection.ts'
import { patience } from './pace.ts'
import { positive, record, TRANSACTION_STAGES } from './record.ts'
import { begin, finish } from './reset.ts'
import type { Ready } from './session.ts'
import { type AskOptions, mail, rcpt } from './transaction.ts'

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
  manner: Omit<AskOptions, 'leave'>,
): Promise<Attempt> {
  const { connection } = session
  const { stop, pipelining, reset } = manner
  const commands = [mail(attempt.mailFrom ?? ''), rcpt(attempt), 'DATA']
  const begun = await begin(session, pipelining ? commands : commands.slice(0, 1), manner)
  if ('why' in begun) return { ...attempt, why: begun.why }
  const answers = pipelining ? begun.answers : await inTurn(session, commands, begun.answers, stop)
  const [sender, recipient, data] = answers
  const taken = positive('mail', sender) && positive('rcpt', recipient)
  const mayWrite = positive('data', data)
  // Between 354 and the final dot, the connection can only be closed. Then the server drops the message.
  const isCutOff = mayWrite && stop.aborted
  const dot = mayWrite && !isCutOff ? await connection.message(taken ? message.lines : [], message.secrets) : undefined
  const isEnded = positive('dot', dot) || reset !== 'RSET' || isCutOff
  const end = isEnded ? dot : await connection.command('RSET', { patience })
  if (positive('dot', end)) finish(connection)
  const more = taken ? [sender, recipient, data, dot] : [sender, recipient]
  const sent = record(session, attempt, more)
  const isInterrupted = stop.aborted && dot === undefined && sent.exchanges.every(isPositive)
  return {
    ...sent,
    why: isInterrupted ? 'interrupted' : sent.why,
    exchanges: [...attempt.exchanges, ...sent.exchanges],
  }
}

/** Goes on with the commands of a transaction one by one, until one is refused or the test is stopped. */
async function inTurn(
  { connection }: Ready,
  commands: readonly string[],
  answered: readonly AwaitedReply[],
  stop: AbortSignal,
): Promise<AwaitedReply[]> {
  const answers = [...answered]
  for (const command of commands.slice(answers.length)) {
    if (stop.aborted || !positive(TRANSACTION_STAGES[answers.length - 1] ?? 'dot', answers.at(-1))) break
    answers.push(await connection.command(command))
  }
  return answers
}
