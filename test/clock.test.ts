/** A clock that is set changes nothing. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bearer, problemIn, resultOf } from './harness/http.ts'
import { gatedServer } from './harness/mail-scripts.ts'
import { KEYS, startService } from './harness/service.ts'
import { fetchPackages, packages, projectRoot, storeOf } from './lab/packages.ts'
import { labUnavailable } from './lab/unavailable.ts'

const unavailable = labUnavailable()

/** Far enough for every window, lease, deadline and result. */
const JUMPS = ['+3d', '-3d', '+1h', '+0']

test('a clock that is set, forwards or back, changes nothing for tests, quotas and results', {
  skip: process.env.CI ? false : (unavailable ?? false),
}, async (t) => {
  assert.equal(unavailable, null)
  await fetchPackages(projectRoot, packages.faketime)
  const library = join(
    storeOf(projectRoot),
    'libfaketime/usr/lib',
    `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-clock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const clock = join(folder, 'clock')
  writeFileSync(clock, '+0')
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, {
    env: {
      ALLOWED_PORTS: `${server.port}`,
      QUOTA_TARGET: `${JUMPS.length + 1}/1h`,
      TEST_DEADLINE_MS: '20000',
      LD_PRELOAD: join(library, 'faketime/libfaketime.so.1'),
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  })
  const post = () => service.post({ ip: '127.0.0.1', port: server.port }, bearer(KEYS.desk))
  const ids: string[] = []
  const days = new Set<string>()
  for (const jump of JUMPS) {
    const held = hold(/^RCPT/)
    const answer = post()
    await held
    writeFileSync(clock, jump)
    // The address is taken for as long as the test runs, whatever the clock says.
    await problemIn(await post(), 'target-busy')
    release()
    const result = await resultOf(await answer)
    assert.deepEqual([result.verdict, result.reason], ['closed', null])
    assert.ok(result.durationMs !== null && result.durationMs < 20_000)
    assert.equal(Date.parse(result.finishedAt ?? ''), Date.parse(result.createdAt) + result.durationMs)
    ids.push(result.id)
    days.add(result.createdAt.slice(0, 10))
  }
  assert.ok(days.size >= 3, 'the process did see other days')
  await resultOf(await post())
  // The quota is used up: no jump has opened a new window, or closed the old one for longer than it lasts.
  const response = await post()
  const { violatedPolicies } = await problemIn(response, 'quota-exceeded')
  assert.deepEqual(violatedPolicies, ['tests-target'])
  assert.ok(Number(response.headers.get('retry-after')) <= 3_600)
  for (const id of ids) await resultOf(await service.fetch(`/relay-tests/${id}`), 200)
})
