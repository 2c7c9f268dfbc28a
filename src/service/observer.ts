/** The events that metrics count, so that the service needs no metrics package. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { Phases } from '../probe/probe.ts'
import type { Traffic } from './audit.ts'

/** The events that the service reports while it works, for metrics. */
export interface Observer {
  /** A test has started. The service calls the returned function when the test ends. */
  started(): (result: RelayTest, traffic: Traffic, phases: Phases | null) => void
  /** A finished result has changed, because a message arrived late. */
  amended(result: RelayTest): void
}
