/**
 * One attempt, and all attempts of one test, as facts: what was asked and what came back. Everything that `relay`
 * judges is given in these types, so that a judgement needs no socket.
 */
import type { DomainSource, Proof, Why } from '../contract/words.ts'
import type { Form } from './forms.ts'

/** A reply as it is judged (RFC 5321 section 4.2): its code, its enhanced status code, and its text line by line. */
export interface Reply {
  readonly code: number
  readonly enhanced: string | null
  readonly lines: readonly string[]
}

/** The command that a reply answers; `dot` is the final dot of a message. */
export type Phase = 'mail' | 'rcpt' | 'data' | 'dot'

/** One command of an attempt and its reply; `at` holds the indexes of their transcript lines. */
export interface Exchange {
  readonly phase: Phase
  readonly reply: Reply
  readonly at: readonly number[]
}

/** What our own mailbox received for an attempt: its message, or a bounce of it. All text is printable ASCII. */
export interface Seen {
  readonly kind: 'message' | 'bounce'
  readonly peer: string
  readonly helo: string
  /** The Received field that the first server wrote. */
  readonly received: string | null
  readonly receivedAt: string
}

/** One form tried: its envelope, every reply to it in order, and what the mailbox received. */
export interface Attempt {
  readonly form: Form
  readonly mailFrom: string | null
  readonly rcptTo: string | null
  /** The number of the connection, from 1; null where nothing was asked. */
  readonly connection: number | null
  /** The replies to the envelope, and after them those of the transaction with the message, if one was sent. */
  readonly exchanges: readonly Exchange[]
  readonly seen: Seen | null
  /** Why an answer is missing; null where none is. */
  readonly why: Why | null
}

/** Everything that a test learnt. The verdict is made of this and of nothing else. */
export interface Observations {
  readonly proof: Proof
  /** Whether the target refused anything of ours in the last ten minutes, the time in which bans are counted. */
  readonly refusedBefore: boolean
  /** The addresses and names that a server writes down for us. */
  readonly vantage: readonly string[]
  readonly domain: string | null
  readonly domainSource: DomainSource | null
  /** Names and addresses that replies may repeat. Words inside them mean nothing. */
  readonly names: readonly string[]
  readonly greeting: { readonly reply: Reply; readonly at: readonly number[] } | null
  /** The reply that refused us at the greeting, or to both EHLO and HELO. Nothing was asked after it. */
  readonly turnedAway: Omit<Exchange, 'phase'> | null
  readonly attempts: readonly Attempt[]
}
