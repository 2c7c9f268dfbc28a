/** Measures how many requests a second the service refuses, compared with a bare Fastify route. */
import { KEYS } from '../test/harness/service.ts'
import type { BareOrder } from './harness/bare.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { startHelper } from './harness/processes.ts'
import { postRelayTest, sideBySide, warmUp } from './harness/rate.ts'
import { table } from './harness/report.ts'
import { serve } from './harness/served.ts'

const CONNECTIONS = [1, 10, 100, 1000]

/** Requests that are refused, by status: a text that is no address, an address of no customer, a quota used up. */
const REFUSED: readonly (readonly [status: number, members: object])[] = [
  [400, { ip: '127.0.0.300' }],
  [403, { ip: '93.184.216.34' }],
  [429, { ip: '127.1.2.3' }],
]

async function measure(bench: Bench): Promise<string> {
  const client = startHelper<Load, Loaded>(bench, 'client.ts')
  const rows: (string | number)[][] = []
  for (const [status, members] of REFUSED) {
    const service = await serve(bench, status === 429 ? { QUOTA_CALLER: '1/1d' } : {})
    const headers = { authorization: `Bearer ${KEYS.desk}`, 'content-type': 'application/json' }
    const ask = () => fetch(`${service.url}/relay-tests`, { method: 'POST', headers, body: JSON.stringify(members) })
    // The first test uses up the quota.
    if (status === 429) await ask()
    const body = await (await ask()).text()
    const bare = startHelper<BareOrder, number>(bench, 'bare.ts')
    const barePort = await bare.tell({ status, body })
    const asked = { request: postRelayTest(members), status }
    const served = { ...asked, process: service.process, port: service.port }
    const route = { ...asked, process: bare.process, port: barePort }
    await warmUp(client, served, route)
    for (const connections of CONNECTIONS) {
      const { ours, bare: floor, ratio } = await sideBySide(client, served, route, connections)
      rows.push([`${status}`, `${connections}`, ours.core, floor.core, ratio, ours.clock, floor.clock])
    }
  }
  const head = ['answer', 'at once', 'answers/s on a core', 'bare Fastify route', 'ratio (aim 0.5)']
  return table([...head, 'answers/s by the clock', 'bare'], rows)
}

export const run = (): Promise<string> => during(measure)
