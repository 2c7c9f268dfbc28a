/** A sweep of two replicas goes on when one is killed and Redis is restarted: every target is tested once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { closed } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { startService, type TestService } from './harness/service.ts'
import { begin, ended, read, resultsOf, SWEEP_CALLERS } from './harness/sweeps.ts'
import { until } from './harness/waiting.ts'

const TARGETS = 60
/** One network each, so that no target waits for another. */
const HOSTS = Array.from({ length: TARGETS }, (_, index) => `127.0.${index + 1}.1`)
/** Some servers do not answer until they are told to, so that their tests run when the replica is killed. */
const HELD = new Set(HOSTS.filter((_, index) => index % 5 === 0))
/** BullMQ takes up to a minute to notice a dead replica. */
const PATIENCE_MS = 180_000

const CUSTOMERS =
  'testing: true\ncustomers: [{ id: acme, name: Acme, networks: [127.0.0.0/16], domains: [example.com] }]\nneverTest: []\n'

/** The addresses that a replica wanted to test, as its audit log says before each dial. */
const wantedBy = (service: TestService): string[] =>
  service.logs().flatMap(({ audit, ip }) => (audit === 'intent' ? [`${ip}`] : []))

test('through a killed replica and a restart of Redis, every target is tested once', withRedis, async (t) => {
  const gate = new AbortController()
  const server = await scriptedServer(
    t,
    {
      async say(line, session) {
        if (/^EHLO/.test(line) && HELD.has(session.address) && !gate.signal.aborted) await once(gate.signal, 'abort')
        return closed(line, session)
      },
    },
    { hosts: HOSTS },
  )
  const redis = await startRedis(t, true)
  const env = {
    REDIS_URL: redis.url,
    ALLOWED_PORTS: `${server.port}`,
    MAX_CONCURRENT_TESTS: '16',
    TEST_DEADLINE_MS: '20000',
    FOLLOW_UPS: 'none',
  }
  const start = () => startService(t, { callers: SWEEP_CALLERS, customers: CUSTOMERS, env })
  const [here, there] = [await start(), await start()]
  const sweep = await begin(here, { name: 'weekly', targets: HOSTS.map((ip) => ({ ip, port: server.port })) })
  const heldBy = (service: TestService) => wantedBy(service).filter((ip) => HELD.has(ip))
  await until('tests at both replicas', () => heldBy(here).length > 0 && heldBy(there).length > 0)
  there.process.kill('SIGKILL')
  await once(there.process, 'close')
  const dialledBefore = new Set(server.sessions.map(({ address }) => address))
  await until('more tests', async () => (await read(here, sweep.id)).progress.tested > 0)
  await redis.kill()
  await redis.startEmpty()
  // After a restart of Redis, nothing is tested until every earlier test must have ended.
  const isReady = async () => (await (await here.fetch('/readyz')).text()).includes('"redis":"up"')
  await until('Redis again', isReady, PATIENCE_MS)
  gate.abort()
  const { progress } = await ended(here, sweep, PATIENCE_MS)
  assert.deepEqual(progress, { targets: TARGETS, tested: TARGETS, skipped: 0, running: 0, waiting: 0 })
  const ends = here.logs().filter(({ audit, connections }) => audit === 'result' && connections !== 0)
  // A replica may be killed after the line in its audit log and before the dial. Then the other one dials.
  const tested = [...ends.map(({ ip }) => `${ip}`), ...wantedBy(there).filter((ip) => dialledBefore.has(ip))]
  const twice = tested.filter((ip, index) => tested.indexOf(ip) !== index)
  const results = await resultsOf(here, sweep)
  const interrupted = results.filter(({ reason }) => reason === 'interrupted').map(({ ip }) => ip)
  t.diagnostic(`${TARGETS} targets: ${twice.length} tested twice, ${interrupted.length} interrupted by the kill`)
  assert.deepEqual(twice, [])
  assert.deepEqual(new Set([...tested, ...interrupted]), new Set(HOSTS))
  // Only tests that ran at the killed replica have no verdict.
  assert.deepEqual(
    interrupted.filter((ip) => !wantedBy(there).includes(ip)),
    [],
  )
  const others = results.filter(({ ip }) => !HELD.has(ip) && !interrupted.includes(ip))
  assert.deepEqual(new Set(others.map(({ verdict }) => verdict)), new Set(['closed']))
})
