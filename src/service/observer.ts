/** The events that metrics count, so that the service needs no metrics package. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { Reason } from '../contract/words.ts'
import type { Phases } from '../probe/probe.ts'
import type { Traffic } from './audit.ts'

/** The events that the service reports while it works, for metrics. */
export interface Observer {
  /** A test has started. The service calls the returned function at its end, with the phases of each vantage. */
  started(): (result: RelayTest, traffic: Traffic, phases: readonly Phases[]) => void
  /** A second vantage goes on with a test. `reason` is why the first one got no clear answer. */
  moved(reason: Reason): void
  /** A finished result has changed, because of late mail or a follow-up. */
  amended(result: RelayTest): void
}
