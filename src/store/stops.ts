/** Remembers the tests that callers asked to stop, so that the replica that runs such a test learns of it. */
import { Expiring } from './expiring.ts'

/** The requests of callers to stop a test. */
export interface Stops {
  /** Notes that a caller asked to stop a test. */
  ask(testId: string): Promise<void>
  /** Returns those of the given tests that callers asked to stop. */
  asked(testIds: readonly string[]): Promise<readonly string[]>
}

/** How long a request is remembered, in milliseconds: longer than any test runs. */
export const STOP_MS = 600_000
const LIMIT = 10_000

/** Returns the requests that one replica remembers. */
export function memoryStops(): Stops {
  const stops = new Expiring<true>(LIMIT)
  return {
    async ask(testId) {
      stops.set(testId, true, STOP_MS)
    },
    asked: async (testIds) => testIds.filter((id) => stops.get(id) !== null),
  }
}
