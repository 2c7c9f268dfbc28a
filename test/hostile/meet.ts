/** Tests a hostile server as the service would, and checks the guarantees that hold for every server. */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Proof, Suite } from '../../src/contract/words.ts'
import { buildMessage } from '../../src/probe/message.ts'
import { type ProbeOptions, probe } from '../../src/probe/probe.ts'
import { serverAt } from '../../src/probe/server.ts'
import type { Form } from '../../src/relay/forms.ts'
import type { Judgement } from '../../src/relay/judgement.ts'
import type { Observations } from '../../src/relay/observations.ts'
import { judge } from '../../src/relay/verdict.ts'
import { dialFrom } from '../../src/smtp/dial.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { addressOf } from '../harness/addresses.ts'
import { inTime, until } from '../harness/waiting.ts'
import { type HostileOptions, type HostileServer, hostileServer } from './server.ts'

/** All sockets that this process has opened as a client, by the remote port. */
const dialled = new Map<number, Socket[]>()
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  socket.once('connect', () => {
    const { remotePort: port = 0 } = socket
    dialled.set(port, [...(dialled.get(port) ?? []), socket])
  })
})

/** The deadline for a server that is not silent. Such a visit ends by itself, long before. */
const DEADLINE_MS = 60_000
/**
 * The deadlines for a silent server, whose visits use up all the time. If a busy machine is too slow for the first one,
 * the visit is repeated with the second.
 */
const SILENCE_MS = [5_000, 30_000] as const
/** How long QUIT may take after the deadline (docs/pacing.md, rule 6). */
const QUIT_MS = 2_000

/** How much longer a visit may take on a busy machine before it counts as hanging. */
const SLOW_MACHINE_MS = 10_000

const SECRETS = { header: 'q7w3ertyuiopasdfghjklzxcv2', body: 'abcdefghijklmnopqrstuvwxyz' }
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
  /** For each form: why it has no answer, or its refusal, or its outcome. */
  readonly attempts: Readonly<Record<string, string>>
  /** The number of bytes that were read on each connection. */
  readonly bytesRead: readonly number[]
}

/**
 * Visits a hostile server as the service would. Checks that the visit ends in time, that every socket is closed on both
 * sides, and that the output is only printable ASCII.
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
    tlsFirst: false,
    ehlo: 'relaytest.isp.example',
    deadline: startedAt + patienceMs,
    transcript,
    stop: new AbortController().signal,
    cut: new AbortController().signal,
    dialling() {},
  }
  const test: ProbeOptions = {
    address,
    suite,
    proof,
    domain: { name: 'example.com', source: 'customer' },
    knownMailbox: null,
    refusedBefore: false,
    vantage: ['198.51.100.7'],
    deliveryWaitMs: 100,
    addressesFor,
    messageFor: (form) => ({
      lines: buildMessage(addressesFor(form), TESTER, new Date(0), SECRETS),
      secrets: Object.values(SECRETS),
    }),
  }
  const visited = probe(test, serverAt(route, { arrival: async () => null, troubled: async () => false }))
  const { observations } = await inTime('the end of the visit', visited, patienceMs + QUIT_MS + SLOW_MACHINE_MS)
  const sockets = dialled.get(server.port) ?? []
  assert.deepEqual(
    sockets.filter(({ destroyed }) => !destroyed).map(({ bytesRead }) => bytesRead),
    [],
    'a socket was left open',
  )
  await until('the server to see every connection closed', () => server.open() === 0)
  const judgement = judge(observations)
  // Everything that may be shown is printable. `words` and `text` are only judged: they are as the server sent them.
  const shown = JSON.stringify({ observations, judgement }, (key, value: unknown) =>
    key === 'words' || key === 'text' ? undefined : value,
  )
  const out = [...transcript.entries.map(({ line }) => line), shown]
  for (const text of out) assert.match(text, /^[\x20-\x7e]*$/)
  const attempts = Object.fromEntries(
    judgement.rows.map(({ attempt, outcome, refusal }) => [attempt.form.id, attempt.why ?? refusal ?? outcome]),
  )
  return { server, judgement, observations, transcript, attempts, bytesRead: sockets.map(({ bytesRead }) => bytesRead) }
}

/**
 * Visits a server that may be silent until the deadline. If the verdict is not the expected one, repeats the visit with
 * a longer deadline. `options` makes a new script for each visit, because some scripts count.
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

/** Returns a verdict as one word: the reason if it is inconclusive, otherwise the verdict. */
export const wordOf = ({ verdict, reason }: Judgement): string => reason ?? verdict

/**
 * Watches this process from now on. `left` lists what the tests have left behind: additional sockets and timers, and
 * promises whose rejection was not handled.
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
