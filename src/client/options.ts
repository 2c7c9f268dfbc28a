/** The options of the client, and of each of its calls. */
import type { CallOptions } from './limit.ts'
import type { OnRetry } from './send.ts'
import type { RelayTest, Sweep, SweepChange, SweepState, Verdict } from './types.ts'

export interface ClientOptions {
  /** The address of the service, for example `https://relay-tests.isp.example`. */
  readonly url: string
  /** The API key; not needed if a proxy logs you in. */
  readonly key?: string
  /** How long a request is retried if that is safe, in milliseconds; default: 60,000. */
  readonly patienceMs?: number
  /** Called before each retry, with the error and the pause before the retry in milliseconds. */
  readonly onRetry?: OnRetry
}

export interface CreateOptions extends CallOptions {
  /** Makes retries safe: all requests with one key make one test. The test continues when its caller disconnects. */
  readonly idempotencyKey?: string
}

/** The end to wait for: that of the first visit, of the last follow-up, or of all changes. */
export type WaitFor = 'finished' | 'answer' | 'settled'

/** Called with the test as it is now, after each look that does not end the wait. */
export type OnProgress = (test: RelayTest) => void

export interface WaitOptions extends CallOptions {
  readonly for?: WaitFor
  readonly onProgress?: OnProgress
}

export interface TestAllOptions extends CallOptions {
  readonly onProgress?: OnProgress
}

/** The target whose quotas are shown too. */
export interface LimitsOptions extends CallOptions {
  readonly ip?: string
  readonly port?: number
  readonly customerId?: string
}

/** The tests to list. A test must match every member. */
export interface ListFilter {
  readonly ip?: string
  readonly reference?: string
  readonly customerId?: string
  readonly verdict?: Verdict
  /** Only tests that were asked for at this time or later: ISO 8601. */
  readonly since?: string
  /** The most tests to return; default: 100. */
  readonly limit?: number
}

/** The results of a sweep to read. A result must match every member. */
export interface SweepFilter {
  readonly state?: SweepState
  readonly verdict?: Verdict
  readonly change?: SweepChange
  readonly customerId?: string
}

export interface SweepWaitOptions extends CallOptions {
  /** Called with the sweep at each look that does not end the wait: its `progress`, its `verdicts`. */
  readonly onProgress?: (sweep: Sweep) => void
}
