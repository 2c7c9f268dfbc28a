/** A sweep and its results, in which a test replaces the members that it is about, and a service that shows them. */
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import type { Sweep, SweepResult } from '../../src/contract/sweeps.ts'
import { listening } from './listening.ts'

/** The id of the sweep. */
export const SWEEP_ID = '5b0e7c1a-6d3c-4b0e-9c5e-0d9a1f2b3c4d'

/** Returns a sweep of two closed servers that has ended, with some members replaced. */
export function sweepWith(members: Partial<Sweep> = {}): Sweep {
  return {
    id: SWEEP_ID,
    name: 'weekly',
    status: 'finished',
    scheduled: false,
    customers: null,
    suite: 'standard',
    proof: 'message',
    spread: null,
    createdAt: '2027-01-02T03:04:05.678Z',
    finishedAt: '2027-01-02T04:05:06.789Z',
    says: null,
    progress: { targets: 2, tested: 2, skipped: 0, running: 0, waiting: 0 },
    verdicts: { open: 0, closed: 2, inconclusive: 0 },
    changes: { against: null, opened: 0, closed: 0, new: 0, lost: 0, stillOpen: 0 },
    ...members,
  }
}

/** Returns the result of a closed server, with some members replaced. */
export function sweepResultWith(members: Partial<SweepResult> = {}): SweepResult {
  return {
    ip: '203.0.113.25',
    port: 25,
    domain: null,
    customerId: 'acme',
    reference: null,
    state: 'tested',
    verdict: 'closed',
    reason: null,
    testId: '7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
    finishedAt: '2027-01-02T03:05:06.789Z',
    says: null,
    change: null,
    lastVerdict: 'closed',
    openSince: null,
    ...members,
  }
}

/** A service that shows one sweep. */
export interface SweepService {
  readonly url: string
  /** The requests so far: method and path with its query. */
  readonly asked: readonly string[]
}

/**
 * Starts a service that answers each look at the sweep with the next of `looks`, and then with the last one. It has
 * these results, and gives them in pages of `page`. It filters as the real one does, within each page. A look that is
 * `away` closes the connection without an answer.
 */
export async function sweepService(
  t: TestContext,
  looks: readonly (Sweep | 'away')[],
  results: readonly SweepResult[] = [],
  page = 1000,
): Promise<SweepService> {
  const left = [...looks]
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service')
    asked.push(`${request.method} ${request.url}`)
    const from = Number(searchParams.get('cursor') ?? 0)
    const matches = (result: SweepResult) =>
      (['state', 'verdict', 'change', 'customerId'] as const).every(
        (name) => !searchParams.has(name) || searchParams.get(name) === result[name],
      )
    const pageOf = () => ({
      results: results.slice(from, from + page).filter(matches),
      nextCursor: from + page < results.length ? `${from + page}` : null,
    })
    const sweep = () => (left.length > 1 ? left.shift() : left[0])
    const answer = pathname.endsWith('/results') ? pageOf() : pathname === '/sweeps' ? { sweeps: looks } : sweep()
    if (answer === 'away') return request.socket.destroy()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  return { url: `http://127.0.0.1:${await listening(t, server, new Set())}`, asked }
}
