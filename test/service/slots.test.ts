/** The slots of callers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSlots, type Slots } from '../../src/service/slots.ts'

/** Takes slots for each caller until it is refused, and returns how many each caller got. */
function takeAll(slots: Slots, callers: readonly string[]): number[] {
  return callers.map((caller) => {
    let got = 0
    while (slots.take(caller)) got += 1
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
  const leave = slots.take('a')
  const leaveToo = slots.take('b')
  assert.ok(leave && leaveToo)
  assert.equal(slots.take('c'), null)
  leave()
  assert.ok(slots.take('c'))
  assert.equal(slots.take('a'), null)
  leaveToo()
  assert.ok(slots.take('b'))
})

test('a caller that is refused takes nothing', () => {
  const slots = makeSlots(4)
  takeAll(slots, ['a', 'a', 'a'])
  assert.deepEqual(takeAll(slots, ['b', 'c', 'd', 'e']), [1, 1, 1, 0])
})

test('giving a slot back twice counts once', () => {
  const slots = makeSlots(2)
  const leave = slots.take('a')
  takeAll(slots, ['b'])
  leave?.()
  leave?.()
  assert.deepEqual(takeAll(slots, ['c', 'd']), [1, 0])
})
