/** Defines what a test learnt, as one value that the verdict, the findings and the result are made of. */
import type { DomainSource, Proof } from '../contract/words.ts'
import type { Assessed } from './assess.ts'
import type { Exchange, Reply } from './attempt.ts'
import type { MailboxKind } from './controls.ts'

/** Everything that a test learnt. The verdict depends on nothing else. */
export interface Observations {
  readonly proof: Proof
  /** Whether the target refused us in the last ten minutes. Servers count refusals over that time before a ban. */
  readonly refusedBefore: boolean
  /** The addresses of our vantage that the server can see; empty if we know none. */
  readonly vantage: readonly string[]
  /** Our name in EHLO, and the first line of the reply that accepted it; null if there is none. */
  readonly ehlo: string | null
  readonly helloLine: string | null
  readonly domain: string | null
  readonly domainSource: DomainSource | null
  /** Our knowledge of a mailbox of the server. */
  readonly known: MailboxKind
  /** Names and addresses that replies may repeat. Words inside them say nothing about a refusal. */
  readonly names: readonly string[]
  readonly greeting: { readonly reply: Reply; readonly at: readonly number[] } | null
  /** The reply that refused us at the greeting, or to both EHLO and HELO. Nothing was asked after it. */
  readonly turnedAway: Omit<Exchange, 'stage'> | null
  /** Whether our mailbox turned anybody away while we waited. If it did, missing mail proves nothing. */
  readonly mailboxTroubled: boolean
  /** Whether another vantage met the words that refused the outside sender (rule 13). Default: no. */
  readonly metElsewhere?: boolean
  /** Every attempt, judged by itself when its answer was kept. */
  readonly rows: readonly Assessed[]
}
