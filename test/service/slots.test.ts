/** The slots of callers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSlots, type Slots } from '../../src/service/slots.ts'

/** Takes slots for each caller until it is refused, and returns how many each caller got. */
function takeAll(slots: Slots, callers: readonly string[]): number[] {
  return callers.map((caller) => {
    let got = 0
    while (slots.take(caller, true)) got += 1
    return got
  })
}

test('a caller gets a quarter of the slots, so that four callers get all', () => {
  const slots = makeSlots(8)
  assert.equal(slots.perCaller, 2)
  assert.deepEqual(takeAll(slots, ['a', 'b', 'c', 'd', 'e']), [2, 2, 2, 2, 0])
})

test('a quarter is rounded down, and is at least one', () => {
  for (const [total, share] of [
    [1, 1],
    [2, 1],
    [7, 1],
    [8, 2],
    [11, 2],
    [200, 50],
  ] as const) {
    const slots = makeSlots(total)
    assert.equal(slots.perCaller, share)
    assert.deepEqual(takeAll(slots, ['a']), [share], `of ${total}`)
  }
})

test('there are never more tests than slots', () => {
  assert.deepEqual(takeAll(makeSlots(3), ['a', 'b', 'c', 'd']), [1, 1, 1, 0])
})

test('a slot that is given back can be taken, by the same caller and by others', () => {
  const slots = makeSlots(2)
  const leave = slots.take('a', true)
  const leaveToo = slots.take('b', true)
  assert.ok(leave && leaveToo)
  assert.equal(slots.take('c', true), null)
  leave()
  assert.ok(slots.take('c', true))
  assert.equal(slots.take('a', true), null)
  leaveToo()
  assert.ok(slots.take('b', true))
})

test('a caller that is refused takes nothing', () => {
  const slots = makeSlots(4)
  takeAll(slots, ['a', 'a', 'a'])
  assert.deepEqual(takeAll(slots, ['b', 'c', 'd', 'e']), [1, 1, 1, 0])
})

test('giving a slot back twice counts once', () => {
  const slots = makeSlots(2)
  const leave = slots.take('a', true)
  takeAll(slots, ['b'])
  leave?.()
  leave?.()
  assert.deepEqual(takeAll(slots, ['c', 'd']), [1, 0])
})

test('a test that nobody waits for leaves a quarter of the slots to people, and at least gets one', () => {
  for (const [total, share] of [
    [1, 1],
    [3, 2],
    [8, 6],
    [200, 150],
  ] as const) {
    const slots = makeSlots(total)
    const callers = Array.from({ length: total }, (_, caller) => `${caller}`)
    assert.equal(slots.leavesNone, false)
    assert.equal(callers.filter((caller) => slots.take(caller, false)).length, share, `of ${total}`)
    assert.equal(slots.leavesNone, true)
    assert.equal(callers.filter((caller) => slots.take(`person ${caller}`, true)).length, total - share)
  }
})

test('the tests of one caller that nobody waits for leave it a quarter of its slots', () => {
  const slots = makeSlots(32)
  const got = Array.from({ length: 8 }, () => slots.take('a', false)).filter((leave) => leave !== null)
  assert.deepEqual([slots.perCaller, got.length, slots.leavesNone], [8, 6, false])
  assert.deepEqual(takeAll(slots, ['a']), [2])
})

test('each slot that is given back is told, with its caller', () => {
  const told: string[] = []
  const slots = makeSlots(2, (caller) => told.push(caller))
  const leave = slots.take('a', true)
  leave?.()
  leave?.()
  assert.deepEqual(told, ['a'])
})

test('sweeps take at most half of the slots, and leave a quarter to people', () => {
  for (const [total, share] of [
    [1, 1],
    [2, 1],
    [8, 4],
    [200, 100],
  ] as const) {
    const slots = makeSlots(total)
    const leaves: (() => void)[] = []
    for (let leave = slots.takeForSweep('a'); leave; leave = slots.takeForSweep('b')) leaves.push(leave)
    assert.equal(leaves.length, share, `of ${total}`)
    leaves[0]?.()
    leaves[0]?.()
    assert.ok(slots.takeForSweep('a'))
    assert.equal(slots.takeForSweep('a'), null)
  }
  const busy = makeSlots(8)
  takeAll(busy, ['a', 'b', 'c'])
  assert.equal(busy.takeForSweep('d'), null, 'six of eight are taken, and the others are for people')
})
