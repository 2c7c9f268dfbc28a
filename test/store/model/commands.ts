/** The events of a service, as commands for fast-check, in any order. */
import assert from 'node:assert/strict'
import { problemOf } from '../../../src/service/problem.ts'
import fc from '../../harness/fast-check.ts'
import type { Model } from './model.ts'
import { REPLICAS, type System } from './system.ts'

type Command = fc.AsyncCommand<Model, System>

/** Three addresses. A key is always used for the same address, because its request must stay the same. */
const IPS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
const KEYS = ['a', 'b', 'c', 'd', 'e'] as const
const ipOf = (key: string | null, number: number): string => {
  const index = key === null ? number : key.charCodeAt(0)
  return IPS[index % IPS.length] ?? assert.fail()
}

const LONGEST_LIST = 20

const always = () => true

/** A command that is always possible. */
const command = (text: string, run: Command['run']): Command => ({ check: always, run, toString: () => text })

const ask = (replica: number, number: number, key: string | null): Command => {
  const ip = ipOf(key, number)
  return command(`ask replica ${replica} for ${ip} with key ${key}`, async (model, system) => {
    model.answered(replica, ip, key, await system.ask(replica, ip, key), true)
  })
}

const askTwice = (one: number, other: number, number: number, key: string | null): Command => {
  const ip = ipOf(key, number)
  return command(`ask-twice replicas ${one} and ${other} for ${ip} with key ${key}`, async (model, system) => {
    const wasBusy = model.holder(ip) !== null
    const outcomes = await Promise.all([system.ask(one, ip, key), system.ask(other, ip, key)])
    const started = outcomes.filter(({ kind }) => kind === 'started')
    assert.ok(started.length <= (wasBusy ? 0 : 1), 'two tests at once')
    const replicas = [one, other]
    // The test that was started comes first, because the other answer may lead to it.
    const order = outcomes.map((outcome, index) => ({ outcome, replica: replicas[index] ?? 0 }))
    order.sort((a, b) => Number(b.outcome.kind === 'started') - Number(a.outcome.kind === 'started'))
    for (const { outcome, replica } of order) model.answered(replica, ip, key, outcome, false)
  })
}

const finish = (number: number): Command => ({
  check: ({ tests }) => [...tests.values()].some(({ status }) => status === 'running'),
  async run(model, system) {
    const running = [...model.tests.values()].filter(({ status }) => status === 'running')
    const test = running[number % running.length] ?? assert.fail()
    await system.finish(test.id)
    test.status = 'finished'
    test.mayBeLost = false
  },
  toString: () => `finish ${number}`,
})

/** Every replica reads a test. What it reads must be what happened. */
const read = (replica: number, number: number): Command => ({
  check: ({ tests }) => tests.size > 0,
  async run(model, system) {
    const tests = [...model.tests.values()]
    const test = tests[number % tests.length] ?? assert.fail()
    const result = await system.read(replica, test.id)
    const isUncertain = model.mayWait || model.missing.has(test.ip) || test.mayBeLost
    if (!result) assert.ok(isUncertain, 'a result was lost by itself')
    else if (!isUncertain) {
      assert.equal(result.status, ['running', 'died'].includes(test.status) ? 'running' : 'finished')
      const list = await system.list(replica, test.ip)
      assert.ok(list.includes(test.id) || list.length === LONGEST_LIST || model.unlisted.has(test.ip))
    }
  },
  toString: () => `read ${number} at ${replica}`,
})

const crash = (replica: number): Command =>
  command(`kill replica ${replica}`, async (model, system) => {
    await system.crash(replica)
    model.crashed(replica, await system.shared.kept())
  })

const beat = command('look at each replica', (_model, system) => system.beat())

const lose = command('lose everything', async (model, system) => {
  await system.shared.lose()
  await system.up()
  model.lost()
})

/** The only replica ends, and another begins with nothing. */
const restart = command('restart the only replica', async (model, system) => {
  await system.shared.lose()
  for (let replica = 0; replica < REPLICAS; replica += 1) await system.crash(replica)
  model.forgotten()
})

/** Loses one key, as an eviction does. */
const evict = (number: number): Command =>
  command(`evict key ${number}`, async (model, system) => {
    const keys = await system.shared.keys()
    const key = keys[number % Math.max(1, keys.length)]
    if (key === undefined) return
    const { kind, name, testId } = await system.shared.read(key)
    await system.shared.evict(key)
    const test = model.tests.get(testId)
    if (kind === 'ledger') model.lostLedger()
    else if (kind.endsWith('-of-ip')) model.unlisted.add(name.split(' ').at(-1) ?? '')
    else if (kind === 'lease') model.evicted({ lease: name })
    else if (kind === 'claim' && test?.key) model.evicted({ key: test.key })
    // The counter of a target names its address and its port.
    else if (kind === 'window') model.evicted({ count: name.replace(/^tests-target:(\S+) \d+$/, '$1') })
    else model.evicted({ id: testId })
  })

/** Every test ends by its deadline. Then the leases of dead replicas end, and the wait after a loss. */
const pass = command('pass the longest lease', async (model, system) => {
  for (const test of model.tests.values()) {
    if (test.status !== 'running') continue
    await system.finish(test.id)
    test.status = 'finished'
    test.mayBeLost = false
  }
  await system.beat()
  if (model.isLost) {
    for (const [key, { ip, isRemembered }] of model.claims) {
      if (isRemembered && !model.missing.has(key)) await system.restored(ip, key)
    }
  }
  await system.shared.pass()
  model.passed()
})

/** Skips the sequence if the machine was too busy for the store to answer in time: then nothing can be said. */
const patient = (inner: Command): Command => ({
  check: (model) => inner.check(model),
  run: (model, system) =>
    inner.run(model, system).catch((error: unknown) => {
      fc.pre(problemOf(error)?.slug !== 'limits-unavailable')
      throw error
    }),
  toString: () => inner.toString(),
})

const replica = fc.nat(REPLICAS - 1)
const number = fc.nat(1_000)
const key = fc.option(fc.constantFrom(...KEYS), { freq: 2 })

/** Returns the commands. Stores in memory are lost only with their replica. */
export function commandsOf(stores: 'memory' | 'Redis'): fc.Arbitrary<Iterable<Command>> {
  const common = [
    { weight: 10, arbitrary: fc.tuple(replica, number, key).map((all) => ask(...all)) },
    { weight: 3, arbitrary: fc.tuple(replica, replica, number, key).map((all) => askTwice(...all)) },
    { weight: 5, arbitrary: number.map(finish) },
    { weight: 3, arbitrary: fc.tuple(replica, number).map((all) => read(...all)) },
    { weight: 2, arbitrary: fc.constant(pass) },
  ]
  const losses = [
    { weight: 1, arbitrary: replica.map(crash) },
    { weight: 1, arbitrary: fc.constant(beat) },
    { weight: 1, arbitrary: fc.constant(lose) },
    { weight: 2, arbitrary: number.map(evict) },
  ]
  const restarts = [{ weight: 1, arbitrary: fc.constant(restart) }]
  const all: fc.Arbitrary<Command> = fc.oneof(...common, ...(stores === 'Redis' ? losses : restarts))
  return fc.commands([all.map(patient)], { maxCommands: 40, size: 'max' })
}
