import type { ChildProcess } from 'node:child_process'
import { relayTest } from '../src/contract/relay-test.ts'
import { KEYS } from '../test/harness/service.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import type { FloorOrder, Step } from './harness/floor.ts'
import { cpuSecondsOf, type Helper, startHelper } from './harness/processes.ts'
import { median, table } from './harness/report.ts'
import { serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const RUNS = 5
const RUN_MS = 2_000
const CONNECTIONS = [1, 10, 100, 1000]

/** `POST /relay-tests` as bytes. */
export function postRelayTest(port: number, members: object = {}): string {
  const body = JSON.stringify({ ip: '{ip}', port, ...members })
  const length = Buffer.byteLength(body.replace('{ip}', '127.100.100.100'))
  return `POST /relay-tests HTTP/1.1\r\nHost: relay-tests\r\nAuthorization: Bearer ${KEYS.desk}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
}

/** One answer of the service as bytes, and what was said to the mail server for it, as steps of the floor. */
async function record(url: string, request: string): Promise<{ response: string; steps: Step[] }> {
  const [head = '', body = ''] = request.replace('{ip}', '127.100.100.100').split('\r\n\r\n')
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(': ', 2))
      .filter(([name]) => name !== 'Host' && name !== 'Content-Length'),
  )
  const answer = await fetch(`${url}/relay-tests`, { method: 'POST', headers, body })
  const text = await answer.text()
  const { transcript, verdict } = relayTest.parse(JSON.parse(text))
  if (verdict !== 'closed') throw new Error(`the sink was found ${verdict}`)
  const steps: { read: number; write: string }[] = []
  let last = 'client'
  for (const { from, line } of transcript) {
    if (from === 'event') continue
    const bytes = `${line}\r\n`
    if (from === 'server' && last === 'client') steps.push({ read: 0, write: '' })
    const step = steps.at(-1)
    if (step && from === 'server') step.read += bytes.length
    else if (step) step.write += bytes
    last = from
  }
  const fields = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return { response: `HTTP/1.1 201 Created\r\n${fields}\r\n${text}`, steps }
}

interface Rates {
  /** Tests for each second of processor time that the process used: its rate on one core that it has for itself. */
  readonly core: number
  /** Tests a second by the clock. */
  readonly clock: number
}

/** What the process behind a port does for a load. */
async function rateOf(client: Helper<Load, Loaded>, served: ChildProcess, load: Load): Promise<Rates> {
  const before = cpuSecondsOf(served)
  const { answers, seconds } = await client.tell(load)
  const { 201: count = 0, ...others } = answers
  if (Object.keys(others).length > 0) throw new Error(`not only tests: ${JSON.stringify(answers)}`)
  return { core: count / (cpuSecondsOf(served) - before), clock: count / seconds }
}

async function measure(bench: Bench): Promise<string> {
  const sinkPort = await startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind: 'closed' })
  const service = await serve(bench, { ALLOWED_PORTS: `${sinkPort}` })
  const client = startHelper<Load, Loaded>(bench, 'client.ts')
  const floor = startHelper<FloorOrder, number>(bench, 'floor.ts')
  const request = postRelayTest(sinkPort)
  const recorded = await record(service.url, request)
  const requestLength = request.replace('{ip}', '127.100.100.100').length
  const floorPort = await floor.tell({ sinkPort, requestLength, ...recorded })
  const rows = []
  for (const connections of CONNECTIONS) {
    const ours: Rates[] = []
    const bare: Rates[] = []
    const load = { request, connections, ms: RUN_MS }
    // The first of each warms up.
    for (let run = 0; run <= RUNS; run += 1) {
      ours.push(await rateOf(client, service.process, { ...load, port: service.port }))
      bare.push(await rateOf(client, floor.process, { ...load, port: floorPort }))
    }
    const of = (rates: Rates[], which: keyof Rates) => median(rates.slice(1).map((rate) => rate[which]))
    const ratio = median(ours.slice(1).map(({ core }, run) => core / (bare[run + 1]?.core ?? Number.NaN)))
    rows.push([`${connections}`, of(ours, 'core'), of(bare, 'core'), ratio, of(ours, 'clock'), of(bare, 'clock')])
  }
  const head = ['at once', 'service: tests a second of one core', 'floor', 'ratio', 'by the clock: service', 'floor']
  return table(head, rows)
}

export const run = () => during(measure)
