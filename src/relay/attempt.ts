/**
 * Defines the facts that `relay` judges, as plain types: what was asked, and what came back. A judgement uses nothing
 * else, so it needs no socket.
 */
import type { Why } from '../contract/words.ts'
import type { Form } from './forms.ts'

/** One SMTP reply (RFC 5321 section 4.2): its code, its enhanced status code or null, and its text. */
export interface Reply {
  readonly code: number
  readonly enhanced: string | null
  /** The text as printable ASCII. It is shown. */
  readonly lines: readonly string[]
  /** The text as the server sent it, in Unicode. It is judged. */
  readonly words: string
}

/** The stage of a mail transaction (RFC 5321 section 3.3): a command, or `dot`, the final dot of a message. */
export type Stage = 'mail' | 'rcpt' | 'data' | 'dot'

/** One command of an attempt and its reply; `at` holds the indexes of their transcript lines. */
export interface Exchange {
  readonly stage: Stage
  readonly reply: Reply
  readonly at: readonly number[]
}

/**
 * The meaning of a report about our message: the server tried to pass it on; or the recipient is local, but does not
 * exist; or neither.
 */
export type BounceReport = 'tried-to-relay' | 'was-local' | 'unclear'

/**
 * The mail that our own mailbox received for an attempt: its message, a bounce of it, or a trace. A trace is other mail
 * that shows an attempt to relay: a report of a delay, or a message whose body was replaced. All text is printable
 * ASCII.
 */
export interface ReceivedMail {
  readonly kind: 'message' | 'bounce' | 'trace'
  readonly peer: string
  readonly helo: string
  /** The Received field that the first server wrote. */
  readonly received: string | null
  readonly receivedAt: string
  /** The meaning of a bounce or trace; null for a message. */
  readonly report: BounceReport | null
}

/** One form tried: its envelope, every reply to it in order, and what the mailbox received. */
export interface Attempt {
  readonly form: Form
  readonly mailFrom: string | null
  readonly rcptTo: string | null
  /** The number of the connection, from 1; null if nothing was asked. */
  readonly connection: number | null
  /** The host name that the server gave on that connection; null if it gave none. Other names are other machines. */
  readonly node: string | null
  /** The replies to the envelope, and after them those of the transaction with the message, if one was sent. */
  readonly exchanges: readonly Exchange[]
  readonly seen: ReceivedMail | null
  /** Why an answer is missing; null if none is missing. */
  readonly why: Why | null
}
