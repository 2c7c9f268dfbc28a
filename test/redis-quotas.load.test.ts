/** Quotas of two replicas under many requests at once: never exceeded, and never lost. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { limits } from '../src/contract/limits.ts'
import { bearer, callersYaml, problemIn } from './harness/http.ts'
import { cases } from './harness/mass.ts'
import { startRecorder } from './harness/recorder.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const ROUNDS = cases(2)
const REQUESTS = 200
/** A round in which Redis could not answer in time, on a machine that is too busy, is made again; so many at most. */
const TRIES = 2 * ROUNDS

/** A key for each round, so that each begins with a fresh quota; `limit` is the caller's own. */
const keyOfRound = (round: number): string => `rtk_${`${round}`.padStart(43, 'r')}`
const callers = (limit: string) =>
  callersYaml(
    Array.from({ length: TRIES }, (_, round) => ({
      id: `caller-${round}`,
      key: keyOfRound(round),
      customers: 'all',
      quota: limit,
    })),
  )

async function replicas(t: TestContext, env: Record<string, string>, callersFile: string, customers: string) {
  const [redis, recorder] = [await startRedis(t), await startRecorder(t)]
  const start = () =>
    startService(t, {
      seesRedisFaults: true,
      env: {
        MAX_CONCURRENT_TESTS: '2000',
        REDIS_URL: redis.url,
        ALLOWED_PORTS: `${recorder.port}`,
        ...env,
      },
      callers: callersFile,
      customers,
    })
  const services = await Promise.all([start(), start()])
  for (const service of services) {
    await until('Redis', async () => (await (await service.fetch('/readyz')).text()).includes('"redis":"up"'))
  }
  return { services, recorder }
}

/**
 * Sends all requests at once, half to each replica; returns the addresses that were tested, and the refusing policies,
 * or that the machine was too slow for Redis to answer in time: then nothing more can be said of the round.
 */
async function burst(services: readonly TestService[], port: number, ips: readonly string[], key: string) {
  const admitted: string[] = []
  const refused: string[][] = []
  let isSpoiled = false
  await Promise.all(
    ips.map(async (ip, index) => {
      const response = await services[index % services.length]?.post({ ip, port }, bearer(key))
      assert.ok(response)
      if (response.status === 201) {
        admitted.push(ip)
        await response.body?.cancel()
      } else if (response.status === 503) {
        await problemIn(response, 'limits-unavailable')
        isSpoiled = true
      } else refused.push((await problemIn(response, 'quota-exceeded')).violatedPolicies ?? [])
    }),
  )
  assert.ok(admitted.length <= 20)
  return { admitted, refused, isSpoiled }
}

const callerLeft = async (service: TestService, key: string): Promise<number | null | undefined> => {
  const told = limits.parse(await (await service.fetch('/limits', { headers: bearer(key) })).json())
  return told.quotas.find(({ name }) => name === 'tests-caller')?.remaining
}

test(
  `of ${REQUESTS} tests that two replicas are asked for at once, a quota of 20 admits 20, ${ROUNDS} times`,
  withRedis,
  async (t) => {
    const customers = 'customers: [{ id: acme, name: Acme, networks: [127.0.0.0/16], domains: [example.com] }]\n'
    const { services, recorder } = await replicas(t, {}, callers('20/1h'), customers)
    const ips = Array.from({ length: REQUESTS }, (_, index) => `127.0.${index}.1`)
    let good = 0
    for (let round = 0; round < TRIES && good < ROUNDS; round += 1) {
      const before = recorder.dialled.length
      const { admitted, refused, isSpoiled } = await burst(services, recorder.port, ips, keyOfRound(round))
      if (isSpoiled) continue
      good += 1
      assert.equal(admitted.length, 20, `round ${round}`)
      assert.deepEqual([...new Set(refused.flat())], ['tests-caller'])
      assert.deepEqual(recorder.dialled.slice(before).sort(), admitted.sort())
    }
    assert.equal(good, ROUNDS)
  },
)

test(
  `several quotas never admit too many, and a test that one refuses costs the others nothing, ${ROUNDS} times`,
  withRedis,
  async (t) => {
    // A network of its own for each round: two customers, a /24 of each.
    const CUSTOMER = 12
    const NETWORK = 7
    const nets = (from: number) => Array.from({ length: TRIES }, (_, round) => `127.${from}.${round}.0/24`)
    const customers = `customers:\n${[1, 2]
      .flatMap((from) =>
        nets(from).map(
          (network, round) =>
            `  - { id: c${from}-${round}, name: C, networks: [${network}, 127.${from + 2}.${round}.0/24], quota: ${CUSTOMER}/1h }\n`,
        ),
      )
      .join('')}`
    const { services, recorder } = await replicas(t, { QUOTA_NETWORK: `${NETWORK}/1h` }, callers('20/1h'), customers)
    let good = 0
    for (let round = 0; round < TRIES && good < ROUNDS; round += 1) {
      const ips = Array.from({ length: REQUESTS }, (_, index) => `127.${1 + (index % 4)}.${round}.${1 + index}`)
      const key = keyOfRound(round)
      const { admitted, isSpoiled } = await burst(services, recorder.port, ips, key)
      const count = (second: readonly number[]) =>
        admitted.filter((ip) => second.includes(Number(ip.split('.')[1]))).length
      for (const net of [1, 2, 3, 4]) assert.ok(count([net]) <= NETWORK, `round ${round}, network ${net}`)
      for (const customer of [1, 2]) assert.ok(count([customer, customer + 2]) <= CUSTOMER, `round ${round}`)
      assert.ok(admitted.length > 0 && admitted.length <= 20)
      const [service] = services
      assert.ok(service)
      if (isSpoiled) continue
      good += 1
      assert.equal(await callerLeft(service, key), 20 - admitted.length, `round ${round}: charged for what was refused`)
      // Requests that were refused for a moment succeed now.
      let more = 0
      for (const ip of ips) {
        if (admitted.length + more === 20) break
        const response = await service.post({ ip, port: recorder.port }, bearer(key))
        if (response.status === 201) more += 1
        await response.body?.cancel()
      }
      assert.equal(admitted.length + more, 20, `round ${round}: places lost`)
    }
    assert.equal(good, ROUNDS)
  },
)
