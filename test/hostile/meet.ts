/** Meets a hostile server as the service would, and checks what holds whatever the server does. */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Proof, Suite } from '../../src/contract/words.ts'
import { buildMessage } from '../../src/probe/message.ts'
import { type ProbeOptions, probe } from '../../src/probe/probe.ts'
import { serverAt } from '../../src/probe/server.ts'
import type { Observations } from '../../src/relay/attempt.ts'
import type { Form } from '../../src/relay/forms.ts'
import { type Judgement, judge } from '../../src/relay/verdict.ts'
import { dialFrom } from '../../src/smtp/dial.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { addressOf } from '../harness/addresses.ts'
import { inTime, until } from '../harness/waiting.ts'
import { type HostileOptions, type HostileServer, hostileServer } from './server.ts'

/** Every socket that this process has opened as a client, by the port it went to. */
const dialled = new Map<number, Socket[]>()
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  socket.once('connect', () => {
    const { remotePort: port = 0 } = socket
    dialled.set(port, [...(dialled.get(port) ?? []), socket])
  })
})

/** How long a visit may take where the server does not keep silent: it ends by itself, long before. */
const DEADLINE_MS = 60_000
/**
 * How long a visit may take where the server keeps silent, which costs all of it. What is said before must fit in: on a
 * machine that is too busy for that, the visit is made again with more patience.
 */
const SILENCE_MS = [5_000, 30_000] as const
/** What QUIT may take beyond the deadline (docs/pacing.md, rule 6). */
const QUIT_MS = 2_000

/** What a busy machine may add before a visit counts as one that hangs. */
const SLOW_MACHINE_MS = 10_000

const NONCE = 'abcdefghijklmnopqrstuvwxyz'
const TESTER = { providerName: 'ISP', contact: 'help@isp.example' }
const addressesFor = (form: Form) => ({ sender: 'probe@isp.example', recipient: `${form.id}@isp.example` })

export interface VisitOptions {
  readonly suite?: Suite
  readonly proof?: Proof
  readonly patienceMs?: number
}

export interface Visited {
  readonly server: HostileServer
  readonly judgement: Judgement
  readonly observations: Observations
  readonly transcript: Transcript
  /** Why each form has no answer, or how it was refused, or its outcome. */
  readonly attempts: Readonly<Record<string, string>>
  /** What was read from the server, in bytes, by connection. */
  readonly bytesRead: readonly number[]
}

/**
 * Visits a hostile server as the service would, and checks what holds whatever a server does: the visit ends in time,
 * every socket is closed on both sides, and nothing but printable ASCII comes out.
 */
export async function visit(
  t: TestContext,
  options: HostileOptions,
  { suite = 'standard', proof = 'message', patienceMs = DEADLINE_MS }: VisitOptions = {},
): Promise<Visited> {
  const server = await hostileServer(t, options)
  const transcript = new Transcript()
  const startedAt = performance.now()
  const address = addressOf('127.0.0.1')
  const route = {
    address,
    port: server.port,
    dial: dialFrom([]),
    ehlo: 'relaytest.isp.example',
    deadline: startedAt + patienceMs,
    transcript,
    stop: new AbortController().signal,
    dialling() {},
  }
  const test: ProbeOptions = {
    address,
    suite,
    proof,
    domain: { name: 'example.com', source: 'customer' },
    refusedBefore: false,
    vantage: ['198.51.100.7'],
    deliveryWaitMs: 100,
    addressesFor,
    messageFor: (form) => ({ lines: buildMessage(addressesFor(form), TESTER, new Date(0), NONCE), secret: NONCE }),
  }
  const visited = probe(
    test,
    serverAt(route, async () => null),
  )
  const { observations } = await inTime('the end of the visit', visited, patienceMs + QUIT_MS + SLOW_MACHINE_MS)
  const sockets = dialled.get(server.port) ?? []
  assert.deepEqual(
    sockets.filter(({ destroyed }) => !destroyed).map(({ bytesRead }) => bytesRead),
    [],
    'a socket was left open',
  )
  await until('the server to see every connection closed', () => server.open() === 0)
  const judgement = judge(observations)
  const out = [...transcript.entries.map(({ line }) => line), JSON.stringify({ observations, judgement })]
  for (const text of out) assert.match(text, /^[\x20-\x7e]*$/)
  const attempts = Object.fromEntries(
    judgement.rows.map(({ attempt, outcome, refusal }) => [attempt.form.id, attempt.why ?? refusal ?? outcome]),
  )
  return { server, judgement, observations, transcript, attempts, bytesRead: sockets.map(({ bytesRead }) => bytesRead) }
}

/**
 * Visits a server that may keep silent until the deadline, with more patience where the verdict is not the expected
 * one. The script is made for each visit, as some keep count.
 */
export async function visitSilent(
  t: TestContext,
  options: () => HostileOptions,
  expected: string,
  rest: VisitOptions = {},
): Promise<Visited> {
  const [short, long] = SILENCE_MS
  const visited = await visit(t, options(), { patienceMs: short, ...rest })
  return wordOf(visited.judgement) === expected ? visited : visit(t, options(), { ...rest, patienceMs: long })
}

/** A verdict as one word: the reason where it is inconclusive, the verdict otherwise. */
export const wordOf = ({ verdict, reason }: Judgement): string => reason ?? verdict

/**
 * Watches this process from now on; `left` says what a file of tests has left behind: sockets and timers beyond those
 * there were, and promises that nobody looked after.
 */
export function watchProcess(): { left(): string[] } {
  const unhandled: string[] = []
  process.on('unhandledRejection', (reason) => unhandled.push(`unhandled rejection: ${reason}`))
  const kept = new Set(['TCPSocketWrap', 'TLSWrap', 'TCPServerWrap', 'Timeout'])
  const resources = () => process.getActiveResourcesInfo().filter((kind) => kept.has(kind))
  const before = resources()
  return {
    left() {
      const now = resources()
      for (const kind of before) if (now.includes(kind)) now.splice(now.indexOf(kind), 1)
      return [...unhandled, ...now]
    },
  }
}
