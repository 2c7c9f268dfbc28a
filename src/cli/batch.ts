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

/** How long a target may have to wait for its turn: quotas count by the hour. */
const PATIENCE_MS = 2 * 3_600_000

/** Who is told how it goes. */
export interface Watcher {
  ended(line: object, ending: Ending): void
  /** How many targets wait for a quota, or for another test to end. */
  waiting(count: number): void
}

const NOT_TESTED = { slug: null, status: null, detail: 'not tested' } as const

/**
 * Tests many targets, so many at a time, and tells how each ended, in the order in which they end. A target has one key for
 * all its tries, so that none is tested twice. Where it would be the same with every other, because the key is not taken or
 * nobody has answered yet, the rest is not tested.
 *
 * @returns why the rest was not tested, in one line, or null
 */
export async function testMany(
  client: RelayTestClient,
  requests: readonly NewRelayTest[],
  atOnce: number,
  { ended, waiting }: Watcher,
): Promise<string | null> {
  const batch = randomUUID()
  const queue = [...requests.entries()]
  let inLine = 0
  const inTurn = async (seconds: number) => {
    waiting(++inLine)
    await sleep(seconds * 1_000)
    waiting(--inLine)
  }
  let answered = false
  let stopped: string | null = null
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, request] = next
      try {
        const result = await testInTurn(client, request, `${batch}-${index + 1}`, inTurn)
        answered = true
        ended(result, result.verdict ?? 'error')
      } catch (error) {
        ended({ ...request, error: describe(error) }, 'error')
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

/** Tests one target, as soon as the service lets it. */
async function testInTurn(
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

function describe(error: unknown) {
  const { slug = null, status = null } = error instanceof RelayTestProblem ? error : {}
  return { slug, status, detail: lineFor(error) }
}
