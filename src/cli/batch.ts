import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type NewRelayTest, type RelayTest, type RelayTestClient, RelayTestProblem } from '../client/client.ts'
import { type Ending, lineFor } from './ending.ts'

/** How long a target may have to wait for its turn: quotas count by the hour. */
const PATIENCE_MS = 2 * 3_600_000

/**
 * Tests many targets, so many at a time, and tells how each ended, in the order in which they end. A target has one key for
 * all its tries, so that none is tested twice.
 */
export async function testMany(
  client: RelayTestClient,
  requests: readonly NewRelayTest[],
  atOnce: number,
  ended: (line: object, ending: Ending) => void,
): Promise<void> {
  const batch = randomUUID()
  const queue = [...requests.entries()]
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, request] = next
      try {
        const result = await testInTurn(client, request, `${batch}-${index + 1}`)
        ended(result, result.verdict ?? 'error')
      } catch (error) {
        ended({ ...request, error: describe(error) }, 'error')
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

/** Tests one target, as soon as the service lets it. */
async function testInTurn(client: RelayTestClient, request: NewRelayTest, idempotencyKey: string): Promise<RelayTest> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    try {
      return await client.create(request, { idempotencyKey })
    } catch (error) {
      if (!(error instanceof RelayTestProblem) || error.retryAfter === null) throw error
      const waitMs = error.retryAfter * 1_000
      if (Date.now() + waitMs > until) throw error
      await sleep(waitMs)
    }
  }
}

function describe(error: unknown) {
  const { slug = null, status = null } = error instanceof RelayTestProblem ? error : {}
  return { slug, status, detail: lineFor(error) }
}
