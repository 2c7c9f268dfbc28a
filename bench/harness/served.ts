/** Starts the built service for the bench, with quotas that are never used up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { deadPort } from '../../test/harness/mail-scripts.ts'
import { configFolder, type Ending, environmentFor, ROOT } from '../../test/harness/service.ts'
import { until } from '../../test/harness/waiting.ts'

/** One customer that owns all loopback addresses. */
export const WIDE = `customers:
  - { id: acme, name: Acme, networks: [{ cidr: 127.0.0.0/8, allowWide: true }], domains: [example.com] }
`

/** Quotas that no bench uses up. */
const PLENTY = Object.fromEntries(
  ['REQUESTS', 'SWEEPS', 'CALLER', 'CUSTOMER', 'TARGET', 'NETWORK'].map((name) => [`QUOTA_${name}`, '9999999/1d']),
)

export interface Served {
  readonly port: number
  readonly url: string
  readonly metricsUrl: string
  /** The folder that holds customers.yaml and callers.yaml. */
  readonly folder: string
  readonly process: ChildProcess
}

const READY_MS = 120_000

/** Starts the built service. Its log goes into a file, so that no process of the bench has to read it. */
export async function serve(
  bench: Ending,
  env: Readonly<Record<string, string>>,
  { customers = WIDE, nodeOptions = [] }: { customers?: string; nodeOptions?: readonly string[] } = {},
): Promise<Served> {
  const folder = configFolder(bench, { customers })
  const [port, metricsPort] = [await deadPort(), await deadPort()]
  const own = {
    ...environmentFor(folder),
    ...PLENTY,
    MAX_CONCURRENT_TESTS: '10000',
    PORT: `${port}`,
    METRICS_PORT: `${metricsPort}`,
    TURNS_FILE: join(folder, 'turns'),
  }
  const log = openSync(join(folder, 'service.log'), 'a')
  const child = spawn(process.execPath, [...nodeOptions, join(ROOT, 'dist/server.js')], {
    env: { ...own, ...env },
    stdio: ['ignore', log, 'inherit'],
  })
  bench.after(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  const isUp = () =>
    fetch(`${url}/livez`)
      .then(({ ok }) => ok)
      .catch(() => false)
  await until('the service', isUp, READY_MS)
  return { port, url, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, folder, process: child }
}

/** Returns the value of a metric without labels. */
export async function metricOf({ metricsUrl }: Served, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}
