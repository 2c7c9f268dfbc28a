/** Turns the answers of a mail transaction into attempts, and detects answers that belong to another command. */
import type { Refusal, Why } from '../contract/words.ts'
import { isPositive } from '../relay/assess.ts'
import type { Attempt, Exchange, Reply, Stage } from '../relay/attempt.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { Form } from '../relay/forms.ts'
import { classify } from '../relay/refusals.ts'
import type { AwaitedReply } from '../smtp/connection.ts'
import { abridged } from '../smtp/reply.ts'
import { hostOf, type Ready } from './session.ts'

/** The reply to QUIT, and to no other command (RFC 5321 section 4.1.1.10). */
export const GOODBYE = 221

/** Returns attempts that were not run, with the reason. */
export function notRun(envelopes: readonly Envelope[], why: Why): Attempt[] {
  return envelopes.map((envelope) => ({ ...envelope, connection: null, node: null, exchanges: [], seen: null, why }))
}

/** The stages of a mail transaction, in order. */
export const TRANSACTION_STAGES: readonly Stage[] = ['mail', 'rcpt', 'data', 'dot']

/**
 * Makes an attempt from the answers to one envelope. Ends the session if an answer does not fit its command.
 *
 * @param isAfterRefusal whether an earlier recipient of the same transaction was refused
 * @param isAlone whether each command waited for its answer: then a 503 to RCPT is an answer, although a doubtful one
 */
export function record(
  session: Ready,
  planned: Envelope | Attempt,
  answers: readonly (AwaitedReply | undefined)[],
  { isAfterRefusal = false, isAlone = false } = {},
): Attempt {
  const { form, mailFrom, rcptTo } = planned
  const exchanges: Exchange[] = []
  let why: Why | null = null
  for (const [index, answer] of answers.entries()) {
    const stage = TRANSACTION_STAGES[index]
    if (!stage || !answer) break
    if (!answer.reply) why = session.connection.fault
    else if (answer.reply.code === 503 && stage === 'rcpt' && isAfterRefusal) why = 'transaction-ended'
    else if (isOutOfStep(form, stage, answer.reply) && !(isAlone && stage === 'rcpt' && answer.reply.code === 503)) {
      why = 'protocol-error'
      session.connection.desynchronised()
    } else exchanges.push({ stage, reply: abridged(answer.reply), at: answer.at })
    // In a group, the replies after a refusal only say that the command before them failed.
    if (!positive(stage, answer)) break
  }
  return { form, mailFrom, rcptTo, connection: session.number, node: hostOf(session), exchanges, seen: null, why }
}

/**
 * Whether a reply belongs to another command, or the server lost count of our commands: a goodbye, a code below 400
 * that this command cannot have, or a reply about the order of commands.
 */
const isOutOfStep = ({ sender }: Form, stage: Stage, reply: Reply): boolean =>
  reply.code === GOODBYE || (reply.code < 400 ? !isPositive({ stage, reply }) : isAboutOrder(stage, sender.as, reply))

/**
 * Whether a refusal is about the order of our commands: 503 without another reason (MailEnable asks for authentication
 * with a 503), or a complaint about pipelining (Postfix: "Improper use of SMTP command pipelining", Exim: "SMTP
 * synchronization error").
 */
export function isAboutOrder(stage: Stage, sender: Form['sender']['as'], reply: Reply): boolean {
  if (/pipelining|synchroni[sz]ation error/i.test(reply.lines.join(' '))) return true
  return reply.code === 503 && ABOUT_COMMANDS.has(classify(reply, { stage, sender, names: [] }).refusal)
}

/** The refusals that `classify` returns for a 503 that is about the order of our commands. */
const ABOUT_COMMANDS: ReadonlySet<Refusal> = new Set<Refusal>(['syntax', 'content', 'sender-rejected', 'other'])

/** Whether there is an answer, and it is a 4xx or 5xx reply. */
export const isRefusal = (answer: AwaitedReply | undefined): boolean =>
  answer?.reply != null && answer.reply.code >= 400

/** Whether there is an answer, and it accepts the command. */
export function positive(stage: Stage, answer: AwaitedReply | undefined): boolean {
  return answer?.reply != null && isPositive({ stage, reply: answer.reply })
}
