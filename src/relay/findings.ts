import type { DomainSource, Proof, Why } from '../contract/words.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Form } from './forms.ts'

/** Where in the dialogue a reply was given. */
export type Phase = 'mail' | 'rcpt' | 'data' | 'dot'

/** A reply within an attempt; `at` are the transcript lines of the command and its reply. */
export interface Exchange {
  readonly phase: Phase
  readonly reply: Reply
  readonly at: readonly number[]
}

/** What our own mailbox saw of an attempt's message: the message itself, or its bounce. All text is printable ASCII. */
export interface Seen {
  readonly kind: 'message' | 'bounce'
  readonly peer: string
  readonly helo: string
  /** The Received field that the first server wrote. */
  readonly received: string | null
  readonly receivedAt: string
}

/** All that one attempt saw, in order. A message transaction adds to the probing transaction that earned it. */
export interface Attempt {
  readonly form: Form
  readonly mailFrom: string | null
  readonly rcptTo: string | null
  readonly connection: number | null
  readonly exchanges: readonly Exchange[]
  /** What the mailbox saw of it. */
  readonly seen: Seen | null
  /** Why an answer is missing, where one is. */
  readonly why: Why | null
}

/** All that a run saw: what the verdict is made of, and nothing else. */
export interface Findings {
  readonly proof: Proof
  /** Whether the target refused things of ours within the last ten minutes, as bans count. */
  readonly refusedBefore: boolean
  /** Where we came from and under which name, as a server that sees it writes it down. */
  readonly vantage: readonly string[]
  readonly domain: string | null
  readonly domainSource: DomainSource | null
  /** Names and addresses that replies may echo; words in them mean nothing. */
  readonly names: readonly string[]
  readonly greeting: { readonly reply: Reply; readonly at: readonly number[] } | null
  /** A refusal of the greeting or of both EHLO and HELO: nothing was asked after it. */
  readonly turnedAway: Omit<Exchange, 'phase'> | null
  readonly attempts: readonly Attempt[]
}
