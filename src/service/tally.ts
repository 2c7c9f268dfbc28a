import type { RelayTest } from '../contract/relay-test.ts'
import type { Phases } from '../probe/probe.ts'
import type { Deeds } from './auditing.ts'

/** What the service tells whoever keeps count of it. */
export interface Tally {
  /** A test has begun; what is returned is told its end. */
  begun(): (result: RelayTest, deeds: Deeds, phases: Phases | null) => void
  /** A result was judged anew, since something arrived after the wait. */
  amended(result: RelayTest): void
}
