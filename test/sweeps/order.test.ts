/** When the targets of a sweep are due, and in which order: pure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SweepTarget } from '../../src/store/sweeps.ts'
import { dueAt, timeOf } from '../../src/sweeps/due.ts'
import { apart } from '../../src/sweeps/targets.ts'

const BEGIN = Date.parse('2026-11-29T03:00:00.000Z')
const createdAt = new Date(BEGIN).toISOString()
const HOUR = 3_600_000

const targetAt = (ip: string): SweepTarget => ({
  ...{ ip, port: 25, customerId: 'acme', domain: null, knownMailbox: null, reference: null },
})

test('without a spread, all targets are due at once', () => {
  assert.equal(dueAt({ createdAt, spread: null, targets: 7 }, BEGIN), 7)
})

test('the targets of a spread are due one by one, the last one before its end', () => {
  const plan = { createdAt, spread: '6h', targets: 6 }
  const due = [0, 1, 2, 3, 4, 5, 6, 100].map((hours) => dueAt(plan, BEGIN + hours * HOUR))
  assert.deepEqual(due, [1, 2, 3, 4, 5, 6, 6, 6])
  assert.equal(dueAt(plan, BEGIN - HOUR), 0, 'a clock that goes back begins nothing')
  assert.equal(timeOf(plan, 2), BEGIN + 2 * HOUR)
})

test('in every plan, the target after the first ones is due at its time, and not a minute before', () => {
  const spreads = fc.constantFrom('30m', '6h', '2d', '7d')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), spreads, fc.nat(999), (targets, spread, given) => {
      const plan = { createdAt, spread, targets }
      const count = given % targets
      const time = timeOf(plan, count)
      assert.ok(dueAt(plan, time + 1) > count)
      assert.ok(dueAt(plan, time - 1) <= count)
    }),
    { numRuns: 20_000 },
  )
})

const ips = fc.uniqueArray(fc.tuple(fc.nat(9), fc.nat(255)), {
  selector: ([network, host]) => `${network}.${host}`,
  minLength: 1,
  maxLength: 200,
})

test('the order loses no target, and keeps those of one network evenly apart', () => {
  fc.assert(
    fc.property(ips, (places) => {
      const targets = places.map(([network, host]) => targetAt(`10.0.${network}.${host}`))
      const order = apart(targets)
      assert.deepEqual(new Set(order), new Set(targets))
      assert.equal(order.length, targets.length)
      const networkOf = ({ ip }: SweepTarget) => ip.split('.')[2]
      for (const network of new Set(targets.map(networkOf))) {
        const members = targets.filter((one) => networkOf(one) === network).length
        const inFirstHalf = order.slice(0, order.length / 2).filter((one) => networkOf(one) === network).length
        // Each network has about as many in the first half as in the second. Rounding moves one of each other network.
        assert.ok(Math.abs(inFirstHalf - members / 2) <= 1 + 10 / 2, `${inFirstHalf} of ${members}`)
      }
    }),
    { numRuns: 2_000 },
  )
})
