/** Measures how many tests a second the service runs, compared with the same bytes over plain sockets. */
import { relayTest } from '../src/contract/relay-test.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import type { FloorOrder, Step } from './harness/floor.ts'
import { startHelper } from './harness/processes.ts'
import { AN_ADDRESS, postRelayTest, sideBySide, warmUp } from './harness/rate.ts'
import { table } from './harness/report.ts'
import { serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const CONNECTIONS = [1, 10, 100, 1000]

/** Records one answer of the service, and its session with the mail server as steps of the floor. */
async function record(url: string, request: string): Promise<{ response: string; steps: Step[] }> {
  const [head = '', body = ''] = request.replace('{ip}', AN_ADDRESS).split('\r\n\r\n')
  const fields = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(': ', 2))
  const headers = Object.fromEntries(fields.filter(([name]) => name !== 'Host' && name !== 'Content-Length'))
  const answer = await fetch(`${url}/relay-tests`, { method: 'POST', headers, body })
  const text = await answer.text()
  const { transcript, verdict } = relayTest.parse(JSON.parse(text))
  if (verdict !== 'closed') throw new Error(`the verdict on the sink is ${verdict}, not closed`)
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
  const sent = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return { response: `HTTP/1.1 201 Created\r\n${sent}\r\n${text}`, steps }
}

async function measure(bench: Bench): Promise<string> {
  const sinkPort = await startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind: 'closed' })
  const service = await serve(bench, { ALLOWED_PORTS: `${sinkPort}` })
  const client = startHelper<Load, Loaded>(bench, 'client.ts')
  const floor = startHelper<FloorOrder, number>(bench, 'floor.ts')
  const request = postRelayTest({ ip: '{ip}', port: sinkPort })
  const recorded = await record(service.url, request)
  const requestLength = request.replace('{ip}', AN_ADDRESS).length
  const floorPort = await floor.tell({ sinkPort, requestLength, ...recorded })
  const tests = { request, status: 201 }
  const served = { ...tests, process: service.process, port: service.port }
  const floored = { ...tests, process: floor.process, port: floorPort }
  await warmUp(client, served, floored)
  const rows: (string | number)[][] = []
  for (const connections of CONNECTIONS) {
    const { ours, bare, ratio } = await sideBySide(client, served, floored, connections)
    rows.push([`${connections}`, ours.core, bare.core, ratio, ours.clock, bare.clock])
  }
  return table(['at once', 'tests/s on a core', 'floor', 'ratio (aim 0.5)', 'tests/s by the clock', 'floor'], rows)
}

export const run = (): Promise<string> => during(measure)
