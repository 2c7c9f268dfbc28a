/** Retries in the background. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Background } from '../../src/service/background.ts'
import { until } from '../harness/waiting.ts'

const QUICK = { firstMs: 1, longestMs: 3 }
const HOUR_MS = 3_600_000

/** Makes a task that fails a number of times, and records what is logged about it. */
function taskThatFails(failures: number) {
  const logged: string[] = []
  const state = { tries: 0 }
  const log = { info() {}, error: (_fields: object, message: string) => void logged.push(message) }
  const work = async () => {
    state.tries += 1
    if (state.tries <= failures) throw new Error('away')
  }
  return { what: 'a task', id: 'test', log, work, logged, state }
}

test('a task that succeeds runs once, before the call ends', async () => {
  const one = taskThatFails(0)
  await new Background(HOUR_MS).tryNowThenLater(one)
  assert.deepEqual([one.state.tries, one.logged], [1, []])
})

test('a task that fails is tried again until it succeeds, with one line in the log', async () => {
  const one = taskThatFails(150)
  await new Background(HOUR_MS, QUICK).tryNowThenLater(one)
  assert.equal(one.state.tries, 1, 'the call does not wait for the retries')
  await until('the end', () => one.state.tries === 151)
  assert.deepEqual(one.logged, ['put off: a task'])
})

test('a task whose time is over is given up, and the log says so', async () => {
  const one = taskThatFails(Number.POSITIVE_INFINITY)
  await new Background(20, QUICK).tryNowThenLater(one)
  await until('the end', () => one.logged.length > 1)
  assert.deepEqual(one.logged, ['put off: a task', 'given up: a task'])
})

test('a task beyond the limit of waiting tasks is given up at once', async () => {
  const background = new Background(HOUR_MS, QUICK, 1)
  const [first, second] = [taskThatFails(20), taskThatFails(20)]
  await Promise.all([background.tryNowThenLater(first), background.tryNowThenLater(second)])
  await until('the end', () => first.state.tries === 21)
  assert.deepEqual([second.state.tries, second.logged], [1, ['put off: a task', 'given up: a task']])
  const third = taskThatFails(3)
  await background.tryNowThenLater(third)
  await until('its turn', () => third.state.tries === 4)
})
