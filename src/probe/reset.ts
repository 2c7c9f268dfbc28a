/**
 * Begins another mail transaction on a session. RSET ends the one before. Some servers do not know RSET, so a second
 * EHLO does it (RFC 5321 section 4.1.4). If that fails too, the session can have no other transaction.
 */
import type { Why } from '../contract/words.ts'
import type { AwaitedReply } from '../smtp/connection.ts'
import { patience } from './pace.ts'
import { GOODBYE, isAboutOrder, positive } from './record.ts'
import type { Dialogue } from './server.ts'
import type { Ready } from './session.ts'

/** A command that ends a transaction. */
export type ResetCommand = 'RSET' | 'EHLO'

/** The command that works at a server as far as we know, or `none`. */
export type Reset = ResetCommand | 'none'

/** How to end transactions. */
export interface Resetting {
  readonly reset: Reset
  /** Called when a command did not end a transaction. */
  resetFailed(by: ResetCommand): void
}

/** The commands to try in order, from the one that works as far as we know. */
const TRIES: Readonly<Record<Reset, readonly ResetCommand[]>> = { RSET: ['RSET', 'EHLO'], EHLO: ['EHLO'], none: [] }

/** Returns what to use after a command failed. */
export const resetAfter = (failed: ResetCommand): Reset => (failed === 'RSET' ? 'EHLO' : 'none')

/** For each connection with an open transaction, the answer to its MAIL. QUIT ends a transaction too. */
const unfinished = new WeakMap<Dialogue, AwaitedReply>()

/** Whether a transaction is open on a connection, so that another one needs a reset. */
export const isOccupied = (connection: Dialogue | null): boolean => connection !== null && unfinished.has(connection)

/** Notes that the transaction of a connection has ended. */
export const finish = (connection: Dialogue): void => void unfinished.delete(connection)

/**
 * Sends the commands of a new transaction in one group, MAIL first. If the transaction before is still open, ends it.
 * Returns the answers, or why no transaction can begin: then the session is over.
 */
export async function begin(
  session: Ready,
  commands: readonly string[],
  manner: Resetting,
): Promise<{ readonly answers: readonly AwaitedReply[] } | { readonly why: Why }> {
  const { connection } = session
  const send = async () => {
    const answers = await connection.group(commands, commands.length > 1 ? { patience } : {})
    if (answers[0]) unfinished.set(connection, answers[0])
    return { answers }
  }
  if (connection.fault !== null) return { why: connection.fault }
  const before = unfinished.get(connection)
  if (before === undefined) return send()
  for (const by of TRIES[manner.reset]) {
    const { reply } = await connection.command(by === 'RSET' ? by : (session.hello ?? by), { patience })
    // A goodbye is the reply to QUIT, so the server has skipped a command.
    if (reply?.code === GOODBYE) connection.desynchronised()
    const { fault, outOfStep } = connection
    if (fault !== null && (fault !== 'protocol-error' || outOfStep)) return { why: fault }
    if (reply !== null && (reply.code < 300 || reply.code === SHUTTING_DOWN)) {
      const sent = await send()
      const [sender, , data] = sent.answers
      if (!isNested(sender)) return sent
      // The server is still in the transaction before: a message would go to its recipients.
      if (positive('data', data)) connection.desynchronised()
    }
    manner.resetFailed(by)
    if (connection.fault) return { why: 'no-reset' }
  }
  // After a refused MAIL there is nothing to end.
  if (!positive('mail', before) && connection.fault === null) return send()
  await connection.quit()
  return { why: 'no-reset' }
}

/**
 * Checks the answer to the RSET of a group. Returns whether the transaction has ended, so that later answers count.
 *
 * @param isLast whether the group ends with that RSET
 */
export function settle(
  { connection }: Ready,
  sender: AwaitedReply | undefined,
  reset: AwaitedReply | undefined,
  { resetFailed, isLast }: Pick<Resetting, 'resetFailed'> & { readonly isLast: boolean },
): boolean {
  const code = reset?.reply?.code
  if (code === undefined || code === SHUTTING_DOWN) return true
  if (code === GOODBYE) connection.desynchronised()
  if (sender === undefined || !positive('mail', sender) || positive('mail', reset)) return true
  unfinished.set(connection, sender)
  // Any other refusal may belong to another command, so the transactions after it are not certain.
  if (UNKNOWN.has(code)) resetFailed('RSET')
  else if (!isLast) connection.desynchronised()
  return false
}

/** The server ends the session (RFC 5321 section 3.8). Its earlier answers still count. */
const SHUTTING_DOWN = 421

/** The replies to a command that the server does not know or does not have (RFC 5321 section 4.2.4). */
const UNKNOWN: ReadonlySet<number> = new Set([500, 502])

/** Whether MAIL was refused because the transaction before is still open: `503 nested MAIL command`. */
function isNested(answer: AwaitedReply | undefined): boolean {
  const reply = answer?.reply
  if (!reply || reply.code < 500) return false
  return NESTED.test(reply.lines.join(' ')) || isAboutOrder('mail', 'outside', reply)
}

const NESTED = /\bnested\b|sender already|already (specified|given|set|started|begun|in progress)|bad sequence/i
