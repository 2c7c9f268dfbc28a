/** Stops a busy service and lists the answers that were lost. The load test and `npm run prove:life` share it. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { setInterval as every } from 'node:timers/promises'
import { bearer } from './http.ts'
import { everyAddress } from './many-addresses.ts'
import { type Ending, KEYS, startService } from './service.ts'
import { inTime, until } from './waiting.ts'

const IN_FLIGHT = 50
/** Sent right after SIGTERM, so that a slow machine sends them too. */
const REQUESTS_AT_ONCE = 15
const REQUESTS_PER_SECOND = 20
const DRAIN_MS = 1_500

/** How a busy process ended after SIGTERM. */
export interface Ended {
  /** The number of tests that ran at SIGTERM, and how many of them were answered with their verdict. */
  readonly inFlight: number
  readonly answered: number
  /** The number of requests that were sent after SIGTERM, and those that were refused or lost. */
  readonly during: number
  readonly lost: readonly string[]
  readonly exitCode: number | null
}

/** Sends SIGTERM to a service with 50 running tests and 20 new requests a second, and records all answers. */
export async function endInMidLoad(t: Ending): Promise<Ended> {
  const mail = await everyAddress(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}`, DRAIN_MS: `${DRAIN_MS}` } })
  const post = (ip: string) => ask(service.url, { ip, port: mail.port })
  mail.hold()
  const running = Array.from({ length: IN_FLIGHT }, (_, index) => post(`127.0.0.${index + 1}`))
  await until('all tests to be in flight', () => mail.held === IN_FLIGHT)

  const told = performance.now()
  const ended = service.stop()
  const lost: string[] = []
  const asked: Promise<void>[] = []
  const send = (sentAt: number) => {
    const status = asked.length % 2 === 0 ? ask(service.url) : post('127.0.0.99')
    // The address is on the opt-out list, so 422 is the right answer and needs no slot.
    asked.push(status.then((code) => void ([200, 422].includes(code ?? 0) || lost.push(`${code} at ${sentAt} ms`))))
  }
  for (let count = 0; count < REQUESTS_AT_ONCE; count += 1) send(performance.now() - told)
  for await (const _ of every(1000 / REQUESTS_PER_SECOND)) {
    const sentAt = performance.now() - told
    // At the end of the drain, connections may be refused. So requests right before it are not counted.
    if (sentAt > DRAIN_MS - 200) break
    send(sentAt)
  }
  await inTime('the requests', Promise.all(asked))
  mail.release()
  const statuses = await inTime('the tests in flight', Promise.all(running))
  const exitCode = await inTime('the exit', ended)
  return {
    inFlight: IN_FLIGHT,
    answered: statuses.filter((status) => status === 201).length,
    during: asked.length,
    lost,
    exitCode,
  }
}

/** Sends a request on its own connection. Resolves with the status of a complete answer, or null. */
function ask(url: string, body?: object): Promise<number | null> {
  const path = body ? '/relay-tests' : '/limits'
  const headers = { ...bearer(KEYS.desk), 'content-type': 'application/json' }
  return new Promise((resolve) => {
    const sent = request(`${url}${path}`, { method: body ? 'POST' : 'GET', headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.complete ? (response.statusCode ?? null) : null))
      response.on('error', () => resolve(null))
    })
    sent.on('error', () => resolve(null))
    sent.end(body && JSON.stringify(body))
  })
}

/** Fails if an answer was lost. */
export function assertNothingLost({ inFlight, answered, during, lost, exitCode }: Ended): void {
  assert.deepEqual({ answered, lost, exitCode }, { answered: inFlight, lost: [], exitCode: 0 })
  assert.ok(during >= REQUESTS_AT_ONCE)
}
