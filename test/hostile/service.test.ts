/** Runs the built service against hostile servers: its answers are printable, no socket leaks, no fault is logged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../harness/http.ts'
import { startService } from '../harness/service.ts'
import { socketsOf } from '../harness/sockets.ts'
import { inTime, until } from '../harness/waiting.ts'
import { FAULT_NAMES } from './faults.ts'
import { EXPECTED, faultAt } from './matrix.ts'
import { type HostileOptions, hostileServer, MOMENTS } from './server.ts'
import { BYTES } from './specials/bytes.ts'

/** Closes our own connections, so that they do not look like a leak. */
const CLOSING = { connection: 'close' } as const
const DEADLINE_MS = 20_000
/** How much longer a test may take on a busy machine before it counts as hanging. */
const SLOW_MACHINE_MS = 10_000

/** One fault for each moment of the matrix, and each fault at least once. */
const SAMPLE: readonly Row[] = MOMENTS.map((moment, index) => {
  const fault = FAULT_NAMES[(index * 3 + 2) % FAULT_NAMES.length] ?? 'RST'
  const [habits, expected] = EXPECTED[moment]
  return {
    name: `${fault} at ${moment}`,
    expected: expected[fault],
    options: { ...habits, script: faultAt(fault, moment) },
  }
})

interface Row {
  readonly name: string
  readonly expected: string
  readonly options: HostileOptions
}

const ROWS: readonly Row[] = [
  ...SAMPLE,
  ...BYTES.map(({ name, expected, script, habits }) => ({ name, expected, options: { ...habits, script: script() } })),
]

test('the service as it is shipped, against hostile servers', { concurrency: 12 }, async (t) => {
  const servers = await Promise.all(
    // One test at a time per address.
    ROWS.map(async (row, index) => {
      const host = `127.0.0.${100 + index}`
      return { ...row, host, server: await hostileServer(t, { ...row.options, host }) }
    }),
  )
  const ports = servers.map(({ server }) => server.port).join(',')
  const service = await startService(t, { env: { ALLOWED_PORTS: ports, TEST_DEADLINE_MS: `${DEADLINE_MS}` } })
  await service.fetch('/livez', { headers: CLOSING })
  const socketsBefore = socketsOf(service)

  await Promise.all(
    servers.map(({ name, expected, host, server }) =>
      t.test(`${name}: ${expected}, in printable ASCII`, async () => {
        const answer = service.post({ ip: host, port: server.port, reference: 'HOSTILE' }, CLOSING)
        const created = await inTime('the answer', answer, DEADLINE_MS + SLOW_MACHINE_MS)
        const result = await resultOf(created.clone())
        assert.equal(result.reason ?? result.verdict, expected)
        assert.match(await created.text(), /^[\x20-\x7e]*$/)
        const text = await service.fetch(`/relay-tests/${result.id}`, { headers: { ...CLOSING, accept: 'text/plain' } })
        assert.match(text.headers.get('content-type') ?? '', /^text\/plain/)
        assert.equal(text.headers.get('x-content-type-options'), 'nosniff')
        assert.match(await text.text(), /^[\x20-\x7e\n]*$/)
        await until('every connection closed', () => server.open() === 0)
      }),
    ),
  )

  await t.test('leaves no open socket, and no fault or unprintable text in the log', async () => {
    await until('the sockets of the service closed', () => socketsOf(service) <= socketsBefore)
    for (const line of service.output) assert.match(line, /^[\x20-\x7e]*$/)
    assert.deepEqual(
      service.logs().filter(({ level }) => Number(level) >= 50),
      [],
    )
  })
})
