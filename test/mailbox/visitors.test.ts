/** The visitors that may be connected to our mailbox. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../src/mailbox/turns.ts'
import { type Visitor, Visitors } from '../../src/mailbox/visitors.ts'
import { until } from '../harness/waiting.ts'

function house() {
  const troubles: number[] = []
  const visitors = new Visitors(() => troubles.push(1))
  const gone: Visitor[] = []
  const come = (source: string, agoMs = 0): { visitor: Visitor; refusal: string | null } => {
    const visitor: Visitor = {
      source,
      since: performance.now() - agoMs,
      commands: 0,
      named: new Set(),
      hangUp: () => void gone.push(visitor),
    }
    return { visitor, refusal: visitors.admit(visitor) }
  }
  const many = (count: number, sourceOf: (index: number) => string, agoMs = 0) =>
    Array.from({ length: count }, (_, index) => come(sourceOf(index), agoMs))
  return { visitors, troubles, gone, come, many }
}

test('two sources that hold everything give place to a third, and no test doubts', () => {
  const { troubles, gone, come, many } = house()
  many(200, (index) => `source ${index % 2}`)
  for (let newcomer = 0; newcomer < 60; newcomer += 1) assert.equal(come('smarthost').refusal, null)
  assert.deepEqual([gone.length, troubles], [60, []])
  assert.ok(gone.every(({ source }) => source !== 'smarthost'))
})

test('a smarthost with 60 connections keeps them while 1,000 strangers come and go', () => {
  const { visitors, gone, many } = house()
  const smarthost = many(60, () => 'smarthost')
  for (const { visitor } of smarthost) visitors.naming(visitor, 'token')
  many(1_000, (index) => `stranger ${index % 20}`)
  assert.ok(gone.every(({ source }) => source !== 'smarthost'))
})

test('200 sources with one young connection each keep out the next, and then every test doubts', () => {
  const { troubles, come, many } = house()
  many(200, (index) => `source ${index}`)
  assert.equal(come('smarthost').refusal, 'too many connections')
  assert.equal(troubles.length, 1)
})

test('one that has brought nothing for some seconds gives place, those without a test address first', () => {
  const { visitors, gone, come, many } = house()
  const [first, second] = many(200, (index) => `source ${index}`, 10_000)
  if (first) visitors.naming(first.visitor, 'token')
  assert.equal(come('smarthost').refusal, null)
  assert.deepEqual(gone, [second?.visitor])
})

test('a known source whose connection has to go makes every test doubt', () => {
  const { visitors, troubles, gone, come, many } = house()
  const all = many(200, (index) => `source ${index}`, 10_000)
  for (const { visitor } of all) visitors.naming(visitor, 'token')
  assert.equal(come('stranger').refusal, null)
  assert.deepEqual([gone.length, troubles.length], [1, 1])
})

test('a visitor that leaves makes room', () => {
  const { visitors, come, many } = house()
  const [first] = many(100, () => 'smarthost')
  assert.equal(come('smarthost').refusal, 'too many connections from your address')
  if (first) visitors.leave(first.visitor)
  assert.equal(come('smarthost').refusal, null)
})

test('turns never come at once, and never faster than their rate', async () => {
  const turns = new Turns(100, 5)
  const taken: number[] = []
  const startedAt = performance.now()
  for (let turn = 0; turn < 20; turn += 1) turns.take(() => taken.push(turn))
  assert.deepEqual(taken, [])
  await until('all turns', () => taken.length === 20)
  assert.deepEqual(
    taken.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, turn) => turn),
  )
  // Five at once, and the others 10 ms apart. A slow machine can only take longer.
  assert.ok(performance.now() - startedAt >= 140)
})
