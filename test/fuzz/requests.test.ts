/** Sends generated requests to the built service: openapi.json must describe every answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases, SEED } from '../harness/mass.ts'
import { startFuzzing } from './start.ts'

const REQUESTS = cases(2_500)

test(`${REQUESTS} generated requests: every answer is one that openapi.json promises`, async (t) => {
  const { fuzz, service, dialled } = await startFuzzing(t)
  const tally = await fuzz(REQUESTS, SEED)
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(tally)}, ${dialled()} connections to mail servers`)
  assert.equal(
    Object.values(tally).reduce((sum, count) => sum + count, 0),
    REQUESTS,
  )
  for (const status of [200, 201, 400, 401, 403, 404, 405, 406, 413, 415, 422]) {
    assert.ok((tally[status] ?? 0) > 0, `no answer was ${status}: the requests try too little`)
  }
  assert.ok(dialled() > 0)
  assert.equal((await service.fetch('/livez')).status, 200)
  assert.equal(service.process.exitCode, null)
  assert.deepEqual(
    service.logs().filter(({ level }) => Number(level) >= 50),
    [],
  )
})
