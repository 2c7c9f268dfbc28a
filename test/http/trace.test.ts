/** The traceparent header, and the log lines of its request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceOf } from '../../src/http/trace.ts'
import { bearer, problemIn, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${PARENT}-01`

test('a trace is read only if it is well-formed', () => {
  const known = { traceId: TRACE, parentId: PARENT }
  for (const header of [
    GOOD,
    `00-${TRACE}-${PARENT}-00`,
    `cc-${TRACE}-${PARENT}-01`,
    `01-${TRACE}-${PARENT}-01-what`,
  ]) {
    assert.deepEqual(traceOf(header), known, header)
  }
  const wrong = [
    ...[
      '',
      '00',
      TRACE,
      `${GOOD} `,
      ` ${GOOD}`,
      `${GOOD}-more`,
      `${GOOD}, ${GOOD}`,
      GOOD.toUpperCase(),
      `ff${GOOD.slice(2)}`,
    ],
    ...[
      `00-${'0'.repeat(32)}-${PARENT}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE}-${PARENT}`,
      `0-${TRACE}-${PARENT}-01`,
    ],
    ...[
      `00-${TRACE.slice(1)}-${PARENT}-01`,
      `00-${TRACE}-${PARENT}g-01`,
      `cc-${TRACE}-${PARENT}-01what`,
      `cc${GOOD.slice(2)}-${'x'.repeat(300)}`,
    ],
    ...[`00-${TRACE}-${PARENT}-01\n`, `cc-${TRACE}-${PARENT}-01-a\nb`],
  ]
  for (const header of wrong) assert.equal(traceOf(header), null, JSON.stringify(header))
  assert.equal(traceOf(undefined), null)
  assert.equal(traceOf([GOOD, GOOD]), null)
})

test('every log line of a request has its trace, and a malformed trace is never logged', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const post = (ip: string, traceparent: string) =>
    service.post({ ip, port: server.port }, { ...bearer(KEYS.desk), traceparent })
  await resultOf(await post('127.0.0.1', GOOD))
  await problemIn(await post('nonsense', GOOD), 'invalid-request')
  await problemIn(await post('nonsense', `00-${TRACE}-${PARENT}-01-{"forged":1}`), 'invalid-request')
  const lines = await until('three lines', () => {
    const told = service.logs().filter(({ msg }) => msg === 'relay test' || msg === 'refused')
    return told.length >= 3 && told
  })
  assert.deepEqual(
    lines.map(({ msg, traceId, parentId }) => [msg, traceId, parentId]),
    [
      ['relay test', TRACE, PARENT],
      ['refused', TRACE, PARENT],
      ['refused', undefined, undefined],
    ],
  )
  assert.ok(!service.output.some((line) => line.includes('forged')))
})
