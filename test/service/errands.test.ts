import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Errands } from '../../src/service/errands.ts'
import { until } from '../harness/waiting.ts'

const QUICK = { firstMs: 1, longestMs: 3 }
const HOUR_MS = 3_600_000

/** An errand that fails so many times, and what was logged of it. */
function errand(failures: number) {
  const logged: string[] = []
  const state = { tries: 0 }
  const log = { info() {}, error: (_fields: object, message: string) => void logged.push(message) }
  const work = async () => {
    state.tries += 1
    if (state.tries <= failures) throw new Error('away')
  }
  return { what: 'an errand', id: 'test', log, work, logged, state }
}

test('an errand that succeeds is done once, by the time that it is waited for', async () => {
  const one = errand(0)
  await new Errands(HOUR_MS).sooner(one)
  assert.deepEqual([one.state.tries, one.logged], [1, []])
})

test('an errand is tried for as long as it may be, with one line for all of it', async () => {
  const one = errand(150)
  await new Errands(HOUR_MS, QUICK).sooner(one)
  assert.equal(one.state.tries, 1, 'the rest is not waited for')
  await until('the end', () => one.state.tries === 151)
  assert.deepEqual(one.logged, ['put off: an errand'])
})

test('an errand whose time is over is given up, and said to be', async () => {
  const one = errand(Number.POSITIVE_INFINITY)
  await new Errands(20, QUICK).sooner(one)
  await until('the end', () => one.logged.length > 1)
  assert.deepEqual(one.logged, ['put off: an errand', 'given up: an errand'])
})

test('no more errands wait at once than may', async () => {
  const errands = new Errands(HOUR_MS, QUICK, 1)
  const [first, second] = [errand(20), errand(20)]
  await Promise.all([errands.sooner(first), errands.sooner(second)])
  await until('the end', () => first.state.tries === 21)
  assert.deepEqual([second.state.tries, second.logged], [1, ['put off: an errand', 'given up: an errand']])
  const third = errand(3)
  await errands.sooner(third)
  await until('its turn', () => third.state.tries === 4)
})
