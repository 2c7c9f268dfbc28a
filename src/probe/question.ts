/**
 * Defines the two kinds of data in the engine: the questions that `questions` returns, and the results that `ask`
 * reports.
 */
import type { Proof, Suite } from '../contract/words.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Attempt, ReceivedMail } from '../relay/attempt.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { ConnectionPlan } from './plan.ts'
import type { Reset, ResetCommand } from './reset.ts'

/** Which forms a test asks, and how far it goes. */
export interface ProbeLimits {
  readonly suite: Suite
  readonly proof: Proof
  /** How long to wait for the message of a plain form to arrive, in milliseconds. */
  readonly deliveryWaitMs: number
  /** The connections and messages that the test has used before, from another vantage or in an earlier visit. */
  readonly spentBefore?: Spent | undefined
}

/** The numbers of connections, accepted messages and final dots that a test has used. */
export interface Spent {
  readonly connections: number
  readonly messages: number
  readonly dots: number
}

export const NOTHING_SPENT: Spent = { connections: 0, messages: 0, dots: 0 }

/** The limits of a question that needs connections. */
interface OnConnections {
  /** How many connections the test may have opened by the end of the question. */
  readonly within: number
  /** Whether envelopes may be asked in groups if the server offers it. */
  readonly pipelining: boolean
  /** How a transaction ends, so that another one can begin on the same connection. */
  readonly reset: Reset
}

/** Asks envelopes on the current session. With `leave`, QUIT follows, because other sessions ask the rest. */
export interface First extends OnConnections {
  readonly ask: 'first'
  readonly plan: ConnectionPlan
  readonly leave: boolean
}

/** Asks the rest on at most `atOnce` sessions at a time. The current session goes on if it has a plan, or ends. */
export interface AskRest extends OnConnections {
  readonly ask: 'rest'
  readonly onCurrent: ConnectionPlan
  readonly plans: readonly ConnectionPlan[]
  readonly atOnce: number
}

/**
 * Asks forms that are in no suite, on one session. With `onNew`, on a new session, because the current one has refused
 * enough.
 */
export interface AskAlone extends OnConnections {
  readonly ask: 'alone'
  readonly plan: ConnectionPlan
  readonly onNew: boolean
}

/** Sends the message of a form whose recipient was accepted. With `onNew`, on a new session, as in `AskAlone`. */
export interface SendMessage extends OnConnections {
  readonly onNew: boolean
  readonly ask: 'message'
  readonly attempt: Attempt
}

/** One step of a test. */
export type Question =
  /** Only keeps attempts that are not run. */
  | { readonly ask: 'nothing'; readonly attempts: readonly Attempt[] }
  /** Starts TLS, and marks rows to be asked again. */
  | { readonly ask: 'in-tls'; readonly rows: readonly Assessed[] }
  /** Pauses, and marks rows to be asked again on a new connection. */
  | { readonly ask: 'again'; readonly rows: readonly Assessed[]; readonly waitMs: number }
  | First
  | AskRest
  | AskAlone
  | SendMessage
  /** Waits up to `ms` milliseconds for messages to reach our mailbox. */
  | { readonly ask: 'arrivals'; readonly rows: readonly Assessed[]; readonly ms: number }

/** One result of asking. */
export type AskResult =
  | { readonly shown: 'attempts'; readonly attempts: readonly Attempt[] }
  /** `sent` is the attempt with the replies to its message after those to its envelope. */
  | { readonly shown: 'message'; readonly sent: Attempt; readonly before: Attempt }
  | { readonly shown: 'arrival'; readonly row: Assessed; readonly seen: ReceivedMail }
  /** `troubled` says whether our mailbox turned anybody away since the first message went out. */
  | { readonly shown: 'waited'; readonly ms: number; readonly troubled: boolean }
  /** The answers of a session did not fit the commands. */
  | { readonly shown: 'out-of-step'; readonly session: number }
  /** A command did not end a transaction. */
  | { readonly shown: 'reset-failed'; readonly by: ResetCommand }

/** Receives each result of asking. */
export type OnResult = (shown: AskResult) => void

/** Returns the forms of a plan. */
export const formsIn = (plan: ConnectionPlan): Envelope['form'][] => plan.flat().map(({ form }) => form)
