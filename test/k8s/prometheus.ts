/** The metrics that alert rules and dashboards may ask Prometheus for, and promtool, which checks their queries. */
import { join } from 'node:path'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import { REASONS, VERDICTS } from '../../src/contract/words.ts'
import { makeMetrics } from '../../src/http/metrics.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import { Queues } from '../../src/queue/queues.ts'
import { type Ran, runProgram } from '../harness/process.ts'
import { fetchPackages, projectRoot, storeOf } from '../lab/packages.ts'
import { isDebian12, onPath } from '../lab/unavailable.ts'

/** The names of all metrics of a service that has a Redis. */
export async function metricNames(): Promise<Set<string>> {
  const file = { loadedAt: new Date(), error: null }
  const storeServer = { state: async () => ({ isUp: true, waitMs: 0 }), addresses: () => [] }
  const text = await makeMetrics({
    storeServer,
    queues: new Queues(memoryQueue),
    files: { customers: file },
    vantages: { views: () => [] },
    output: { dropped: 0 },
  }).text()
  return new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name))
}

/** The values of those labels that rules and panels ask for. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  problem: Object.keys(PROBLEMS),
  // The queue of a caller's webhook is named after the caller.
  queue: ['webhooks-.+', 'tests', 'follow-ups'],
  reason: REASONS,
  verdict: VERDICTS,
}

/** Returns the labels of an expression whose values no metric has. */
export const labelFaults = (expr: string): string[] =>
  [...expr.matchAll(/(\w+)(?:=~?|!~)"([^"]*)"/g)].flatMap(([, label = '', words = '']) =>
    words
      .split('|')
      .filter((word) => !WORDS[label]?.includes(word))
      .map((word) => `${label}="${word}"`),
  )

export const withPromtool = {
  skip:
    process.env.CI || (isDebian12() && onPath('apt-get')) ? false : 'promtool is taken from the packages of Debian 12',
}

export async function promtool(...args: string[]): Promise<Ran> {
  await fetchPackages(projectRoot, ['prometheus'])
  return runProgram(join(storeOf(projectRoot), 'prometheus/usr/bin/promtool'), args)
}
