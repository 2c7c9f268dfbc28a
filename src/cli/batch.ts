/** Tests many targets, several at a time, for `relay-test --file`. Waits for quotas and for other tests. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type NewRelayTest,
  type RelayTest,
  type RelayTestClient,
  RelayTestProblem,
  RelayTestUnreachable,
} from '../client/client.ts'
import { type Ending, lineFor } from './ending.ts'

/** The longest wait of one target. Most quotas count by the hour. */
const PATIENCE_MS = 2 * 3_600_000

/** Receives the progress of a batch. */
export interface BatchListener {
  /** Called at the end of each test, with the object to print. */
  ended(line: object, ending: Ending): void
  /** Called with the number of targets that wait for a quota or for another test to end. */
  waiting(count: number): void
}

const NOT_TESTED = { slug: null, status: null, detail: 'not tested' } as const

/**
 * Tests the targets, `atOnce` at a time, and reports each one when it ends. All attempts at a target share an
 * idempotency key, so that it is tested once. Stops if the service rejects the API key or has never answered.
 *
 * @returns one line that says why the remaining targets were not tested, or null
 */
export async function testMany(
  client: RelayTestClient,
  requests: readonly NewRelayTest[],
  atOnce: number,
  { ended, waiting }: BatchListener,
): Promise<string | null> {
  const batch = randomUUID()
  const queue = [...requests.entries()]
  let waitingCount = 0
  const wait = async (seconds: number) => {
    waiting(++waitingCount)
    await sleep(seconds * 1_000)
    waiting(--waitingCount)
  }
  let answered = false
  let stopped: string | null = null
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, request] = next
      try {
        const result = await testPatiently(client, request, `${batch}-${index + 1}`, wait)
        answered = true
        ended(result, result.verdict ?? 'error')
      } catch (error) {
        ended({ ...request, error: errorFields(error) }, 'error')
        answered ||= error instanceof RelayTestProblem
        const noKey = error instanceof RelayTestProblem && error.slug === 'unauthenticated'
        if (!noKey && (answered || !(error instanceof RelayTestUnreachable))) continue
        stopped ??= lineFor(error)
        for (const [, left] of queue.splice(0)) ended({ ...left, error: NOT_TESTED }, 'error')
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return stopped
}

/** Tests one target. Waits and tries again after each refusal that says when. */
async function testPatiently(
  client: RelayTestClient,
  request: NewRelayTest,
  idempotencyKey: string,
  wait: (seconds: number) => Promise<void>,
): Promise<RelayTest> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    try {
      return await client.create(request, { idempotencyKey })
    } catch (error) {
      if (!(error instanceof RelayTestProblem) || error.retryAfter === null) throw error
      if (Date.now() + error.retryAfter * 1_000 > until) throw error
      await wait(error.retryAfter)
    }
  }
}

/** Returns the members of `error` in the printed line. */
function errorFields(error: unknown) {
  const { slug = null, status = null } = error instanceof RelayTestProblem ? error : {}
  return { slug, status, detail: lineFor(error) }
}
