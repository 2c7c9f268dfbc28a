/**
 * Measures allowlists with up to 100,000 networks, each with a server that sweeps test: loading, memory, lookups, and
 * reloading in a running service.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readiness } from '../src/contract/health.ts'
import { customersYamlOf } from '../test/harness/customers.ts'
import { writeYaml } from '../test/harness/files.ts'
import { configFolder, ROOT } from '../test/harness/service.ts'
import { until } from '../test/harness/waiting.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import type { Loading, LoadingOrder } from './harness/loading.ts'
import { startHelper } from './harness/processes.ts'
import { RUNS } from './harness/rate.ts'
import { median, quantile, table } from './harness/report.ts'
import { type Served, serve } from './harness/served.ts'

const NETWORKS = [100, 1_000, 10_000, 100_000]
const A_CUSTOMER = 20

/** Loads bench/harness/turns.ts into the service. */
const WATCHED = ['--import', 'tsx', '--import', join(ROOT, 'bench/harness/turns.ts')]

const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: relay-tests\r\n\r\n'

async function loadedAt({ url }: Served): Promise<string | undefined> {
  return readiness.parse(await (await fetch(`${url}/readyz`)).json()).files.customers?.loadedAt
}

/** Returns the longest time that the main thread was busy since the last call, in milliseconds. */
async function busiest({ folder, process }: Served): Promise<number> {
  const file = join(folder, 'turns')
  rmSync(file, { force: true })
  process.kill('SIGWINCH')
  return until('the turns', () => existsSync(file) && Number(readFileSync(file, 'utf8')))
}

/** Makes the service reload its customers, and asks for /livez all that time. */
async function reload(service: Served, client: ReturnType<typeof startHelper<Load, Loaded>>, text: string) {
  const before = await loadedAt(service)
  await busiest(service)
  writeYaml(join(service.folder, 'customers.yaml'), text)
  const answers: Loaded[] = []
  while ((await loadedAt(service)) === before) {
    answers.push(await client.tell({ port: service.port, request: LIVEZ, connections: 1, ms: 500 }))
  }
  const times = answers.flatMap((one) => one.times).sort((a, b) => a - b)
  return { stall: await busiest(service), p99: quantile(times, 0.99) }
}

async function measure(bench: Bench): Promise<string> {
  const client = startHelper<Load, Loaded>(bench, 'client.ts')
  const rows: (string | number)[][] = []
  for (const networks of NETWORKS) {
    const text = customersYamlOf(networks, A_CUSTOMER)
    const file = join(configFolder(bench, { customers: text }), 'customers.yaml')
    const service = await serve(bench, {}, { customers: text, nodeOptions: WATCHED })
    const loads: Loading[] = []
    const stalls: { stall: number; p99: number }[] = []
    for (let run = 0; run < RUNS; run += 1) {
      loads.push(
        await during((once) =>
          startHelper<LoadingOrder, Loading>(once, 'loading.ts', ['--expose-gc']).tell({ file, networks }),
        ),
      )
      stalls.push(await reload(service, client, `${text}# ${run}\n`))
    }
    const of = (which: keyof Loading) => median(loads.map((one) => one[which]))
    const stall = (which: 'stall' | 'p99') => median(stalls.map((one) => one[which]))
    const lookUp = of('lookUpUs')
    const head = [networks.toLocaleString('en'), of('seconds'), of('keptMib'), of('mostMib'), lookUp]
    rows.push([...head, stall('stall'), stall('p99')])
  }
  const head = ['networks, each with a server', 'load, s', 'kept, MiB', 'RSS at most, MiB', 'look-up, µs (aim 2)']
  return table([...head, 'longest stall in a reload, ms (aim 50)', 'livez p99 meanwhile, ms'], rows)
}

export const run = (): Promise<string> => during(measure)
