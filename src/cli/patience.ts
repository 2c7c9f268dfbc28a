/** Waits for one target of a batch: for a quota, for a service that can test, and for the end of its test. */
import {
  type FinishedRelayTest,
  type RelayTest,
  type RelayTestClient,
  RelayTestProblem,
  RelayTestUnreachable,
} from '../client/client.ts'
import { lineFor } from './ending.ts'

/** The longest wait of one target. Most quotas count by the hour. */
const PATIENCE_MS = 2 * 3_600_000

/** Does work that the service may refuse for now. Waits and tries again after each refusal that says when. */
export async function patiently<T>(
  work: () => Promise<T>,
  wait: (seconds: number, reason: string) => Promise<void>,
): Promise<T> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RelayTestProblem) || error.retryAfter === null) throw error
      if (Date.now() + error.retryAfter * 1_000 > until) throw error
      await wait(error.retryAfter, lineFor(error))
    }
  }
}

/** Follows a test to its end, and returns its result. */
export async function endOfTest(
  { id }: RelayTest,
  client: RelayTestClient,
  inLine: (position: number | null) => void,
): Promise<FinishedRelayTest> {
  try {
    for await (const event of client.follow(id)) {
      inLine(event.event === 'waiting' ? event.data.position : null)
      if (event.event === 'verdict') return event.data
    }
  } finally {
    inLine(null)
  }
  throw new RelayTestUnreachable('The stream ended before the verdict.')
}
