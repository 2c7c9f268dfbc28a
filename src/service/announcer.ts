/** Defines how the service tells callers about their results, so that it need not know webhooks. */
import type { RelayTest } from '../contract/relay-test.ts'

/** Tells callers about their results. The methods resolve soon and never reject. */
export interface Announcer {
  /** A test of this caller has ended, and its result is stored. */
  finished(callerId: string, result: RelayTest): Promise<void>
  /** A result has changed after its end. `before` is the result as it was. */
  amended(callerId: string, result: RelayTest, before: RelayTest): Promise<void>
}

/** Tells several announcers about each result. */
export const together = (...all: readonly Announcer[]): Announcer => ({
  async finished(callerId, result) {
    await Promise.all(all.map((one) => one.finished(callerId, result)))
  },
  async amended(callerId, result, before) {
    await Promise.all(all.map((one) => one.amended(callerId, result, before)))
  },
})
