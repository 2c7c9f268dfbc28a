/** The two messages of the engine: what to do next, as `questions` says it, and what that showed, as `ask` tells it. */
import type { Assessed } from '../relay/assess.ts'
import type { Attempt, Seen } from '../relay/attempt.ts'
import type { Envelope } from '../relay/envelope.ts'
import type { ConnectionPlan, FirstPlan } from './plan.ts'

/** How a question that needs a connection is asked. */
interface OnConnections {
  /** How many connections may have been opened when it has been asked. */
  readonly within: number
  /** Whether commands may be sent in groups, where the server offers it. */
  readonly pipelining: boolean
}

/**
 * Asks some envelopes on the session at hand. `leave` says QUIT after them, because the rest comes on other sessions.
 */
export interface First extends OnConnections {
  readonly ask: 'first'
  readonly first: FirstPlan
  readonly leave: boolean
}

/** Asks the rest, at most `atOnce` sessions at a time. `onCurrent` asks the first plan on the session at hand. */
export interface Rest extends OnConnections {
  readonly ask: 'rest'
  readonly plans: readonly ConnectionPlan[]
  readonly onCurrent: boolean
  readonly atOnce: number
}

/** Asks one envelope that stands in no suite. `onNew` leaves the session at hand, which has refused enough. */
export interface Alone extends OnConnections {
  readonly ask: 'alone'
  readonly envelope: Envelope
  readonly onNew: boolean
}

/** Sends the message of a form whose recipient was accepted. */
export interface SendMessage extends OnConnections {
  readonly ask: 'message'
  readonly attempt: Attempt
}

/** One thing to do next. */
export type Question =
  /** Keeps attempts that are not run. */
  | { readonly ask: 'nothing'; readonly attempts: readonly Attempt[] }
  /** Makes rows due once more, in TLS. */
  | { readonly ask: 'in-tls'; readonly rows: readonly Assessed[] }
  /**
   * Makes rows due once more, on a new connection, after a pause. `leaveAll` ends the sessions opened ahead as well.
   */
  | { readonly ask: 'again'; readonly rows: readonly Assessed[]; readonly leaveAll: boolean; readonly waitMs: number }
  | First
  | Rest
  | Alone
  | SendMessage
  /** Waits up to that long for messages to reach our mailbox. */
  | { readonly ask: 'arrivals'; readonly rows: readonly Assessed[]; readonly ms: number }

/** One thing that asking showed. */
export type Shown =
  | { readonly shown: 'attempts'; readonly attempts: readonly Attempt[] }
  /** The attempt with the replies to its message behind those to its envelope. */
  | { readonly shown: 'message'; readonly sent: Attempt; readonly before: Attempt }
  | { readonly shown: 'arrival'; readonly row: Assessed; readonly seen: Seen }
  | { readonly shown: 'waited'; readonly ms: number }
  /** The answers of a session did not fit its commands. */
  | { readonly shown: 'out-of-step'; readonly session: number }
  /** The server accepts only one connection of ours at a time. */
  | { readonly shown: 'one-at-a-time' }

/** Takes in what asking showed. */
export type Tell = (shown: Shown) => void

/** Returns the forms that a plan asks for. */
export const formsIn = (plan: ConnectionPlan): Envelope['form'][] => plan.flat().map(({ form }) => form)
