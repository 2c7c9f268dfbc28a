/** The metrics for Prometheus, and that docs/metrics.md lists them all. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeYaml } from '../harness/files.ts'
import { problemIn, resultOf } from '../harness/http.ts'
import { closed, open } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { ROOT, startService, type TestService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

/** Returns the value of a series, by its name with labels. Null if there is none. */
async function read({ metricsUrl }: TestService, series: string): Promise<number | null> {
  const text = await (await fetch(metricsUrl)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? null : Number(line.slice(series.length + 1))
}

test('the service counts its work, and no text of a caller or a server becomes a label', async (t) => {
  const servers = [await scriptedServer(t, { say: closed }), await scriptedServer(t, { say: open })]
  const ports = servers.map(({ port }) => port)
  const service = await startService(t, { env: { ALLOWED_PORTS: ports.join(','), QUOTA_TARGET: '1/1h' } })
  for (const port of ports) await resultOf(await service.post({ ip: '127.0.0.1', port, reference: 'TICKET-9' }))
  await problemIn(await service.post({ ip: '127.0.0.1', port: ports[0] }), 'quota-exceeded')
  await problemIn(await service.post({ ip: 'nonsense' }), 'invalid-request')
  const expected = {
    'relay_tests_finished_total{verdict="closed",reason="none",suite="standard"}': 1,
    'relay_tests_finished_total{verdict="open",reason="none",suite="standard"}': 1,
    relay_tests_in_flight: 0,
    'relay_tests_duration_seconds_count{verdict="closed"}': 1,
    'relay_tests_phase_seconds_count{phase="connect"}': 2,
    'relay_tests_phase_seconds_count{phase="greeting"}': 2,
    'relay_tests_phase_seconds_count{phase="dialogue"}': 2,
    'relay_tests_phase_seconds_count{phase="delivery"}': null,
    relay_tests_connections_total: 2,
    relay_tests_messages_accepted_total: 1,
    'relay_tests_quota_exceeded_total{policy="tests-target"}': 1,
    'relay_tests_refused_total{problem="invalid-request"}': 1,
    'relay_tests_config_reload_success{file="customers"}': 1,
    relay_tests_redis_up: null,
  }
  for (const [series, value] of Object.entries(expected)) assert.equal(await read(service, series), value, series)
  const text = await (await fetch(service.metricsUrl)).text()
  for (const word of ['TICKET', 'acme', 'partner', 'mail.example.com', '127.0.0.1', 'rtk_']) {
    assert.ok(!text.includes(word), word)
  }
})

test('the metrics show a file that was refused', async (t) => {
  const service = await startService(t)
  writeYaml(join(service.folder, 'callers.yaml'), 'callers: no\n')
  await until(
    'the metric',
    async () => (await read(service, 'relay_tests_config_reload_success{file="callers"}')) === 0,
  )
  assert.equal(await read(service, 'relay_tests_config_reload_success{file="customers"}'), 1)
})

test('the metrics port serves only metrics, and the API port serves none', async (t) => {
  const service = await startService(t)
  const answer = await fetch(service.metricsUrl)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  for (const path of ['/', '/limits', '/metrics/', '/relay-tests']) {
    assert.equal((await fetch(new URL(path, service.metricsUrl))).status, 404, path)
  }
  assert.equal((await fetch(service.metricsUrl, { method: 'POST' })).status, 404)
  assert.equal((await service.fetch('/metrics')).status, 404)
})

test('docs/metrics.md has every metric and no other', async (t) => {
  const service = await startService(t)
  const text = await (await fetch(service.metricsUrl)).text()
  const served = [...text.matchAll(/^# HELP (relay_tests_\S+)/gm)].map(([, name]) => name)
  const rows = [...readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(relay_tests_\S+)` \|/gm)]
  // This service has no Redis, so it has no metrics about it.
  assert.deepEqual(
    rows.map(([, name]) => name).sort(),
    [...served, 'relay_tests_redis_up', 'relay_tests_redis_wait_seconds'].sort(),
  )
})
