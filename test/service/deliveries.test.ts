/** Matching arriving mail to tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arrival } from '../../src/mailbox/intake.ts'
import { Deliveries } from '../../src/service/deliveries.ts'

const TOKENS = new Map([
  ['outsideoutsideab', 'outside-sender'],
  ['percentpercentab', 'percent-hack'],
  ['sendersendersend', 'sender'],
])
const NEVER = new AbortController().signal

const arrival = (token: string, nonces: readonly string[], rest: Partial<Arrival> = {}): Arrival => ({
  token,
  kind: 'message',
  peer: '203.0.113.25',
  helo: 'mail.example.com',
  mailFrom: 'probe@isp.example',
  nonces,
  received: ['by mx', 'from relaytest.isp.example ([198.51.100.7])'],
  receivedAt: new Date(0),
  ...rest,
})

function expecting() {
  const deliveries = new Deliveries()
  const expectation = deliveries.expect('test', TOKENS)
  return { deliveries, expectation, nonce: expectation.nonceOf('outside-sender') }
}

test('a token is known by its kind, and other local parts are not known', async () => {
  const { deliveries } = expecting()
  assert.equal(await deliveries.knows('outsideoutsideab'), 'recipient')
  assert.equal(await deliveries.knows('sendersendersend'), 'sender')
  assert.equal(await deliveries.knows('nobodynobodynobo'), null)
})

test('a message with the nonce of its form is seen, with the Received field of the first server', async () => {
  const { deliveries, expectation, nonce } = expecting()
  const seen = expectation.seen('outside-sender', 1_000, NEVER)
  deliveries.arrived(arrival('outsideoutsideab', ['other', nonce]))
  assert.deepEqual(await seen, {
    kind: 'message',
    peer: '203.0.113.25',
    helo: 'mail.example.com',
    received: 'from relaytest.isp.example ([198.51.100.7])',
    receivedAt: '1970-01-01T00:00:00.000Z',
  })
})

test('a message that came before the wait is seen too', async () => {
  const { deliveries, expectation, nonce } = expecting()
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
})

for (const [name, forged] of [
  ['without a nonce', (nonce: string) => arrival('outsideoutsideab', [nonce.slice(1)])],
  ['with the nonce of another form', (nonce: string) => arrival('percentpercentab', [nonce])],
  ['to a token of no test', (nonce: string) => arrival('nobodynobodynobo', [nonce])],
] as const) {
  test(`a message ${name} proves nothing`, async () => {
    const { deliveries, expectation, nonce } = expecting()
    expectation.nonceOf('percent-hack')
    deliveries.arrived(forged(nonce))
    assert.equal(await expectation.seen('outside-sender', 0, NEVER), null)
    assert.equal(await expectation.seen('percent-hack', 0, NEVER), null)
  })
}

test('a replayed message changes nothing', async () => {
  const { deliveries, expectation, nonce } = expecting()
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  deliveries.arrived(arrival('outsideoutsideab', [nonce], { peer: '192.0.2.1' }))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.peer, '203.0.113.25')
})

test('two tests on one day share their tokens but not their nonces', async () => {
  const { deliveries, expectation, nonce } = expecting()
  const second = deliveries.expect('second', TOKENS)
  assert.notEqual(second.nonceOf('outside-sender'), nonce)
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
  assert.equal(await second.seen('outside-sender', 0, NEVER), null)
})

test('a bounce belongs to the form of its nonce, or to the only message that was sent', async () => {
  const bounce = (nonces: readonly string[]) => arrival('sendersendersend', nonces, { kind: 'bounce', mailFrom: '' })
  const one = expecting()
  one.deliveries.arrived(bounce([]))
  assert.equal((await one.expectation.seen('outside-sender', 0, NEVER))?.kind, 'bounce')
  const two = expecting()
  const percent = two.expectation.nonceOf('percent-hack')
  two.deliveries.arrived(bounce([]))
  assert.equal(await two.expectation.seen('outside-sender', 0, NEVER), null)
  two.deliveries.arrived(bounce([percent]))
  assert.equal((await two.expectation.seen('percent-hack', 0, NEVER))?.kind, 'bounce')
  assert.equal(await two.expectation.seen('outside-sender', 0, NEVER), null)
})

test('a wait ends when its time is over, and when the test is stopped', async () => {
  const { expectation } = expecting()
  assert.equal(await expectation.seen('outside-sender', 10, NEVER), null)
  const stop = new AbortController()
  const seen = expectation.seen('outside-sender', 60_000, stop.signal)
  stop.abort()
  assert.equal(await seen, null)
})

test('a message that arrives after the test goes to the function given to settle()', () => {
  const { deliveries, expectation, nonce } = expecting()
  const late: string[] = []
  expectation.settle((form, { kind }) => late.push(`${form} ${kind}`), 0)
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  assert.deepEqual(late, ['outside-sender message'])
})

test('a message that arrived between the wait and the end of the test is passed on at its end', () => {
  const { deliveries, expectation, nonce } = expecting()
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  const late: string[] = []
  expectation.settle((form, { kind }) => late.push(`${form} ${kind}`), 0)
  assert.deepEqual(late, ['outside-sender message'])
})

test('the oldest tests are forgotten when all of them keep too much in memory', () => {
  const deliveries = new Deliveries()
  const MUCH = 30 * 1024 * 1024
  const heard: string[] = []
  const nonces = ['first', 'second', 'third'].map((id) => {
    const expectation = deliveries.expect(id, TOKENS)
    const nonce = expectation.nonceOf('outside-sender')
    expectation.settle(() => heard.push(id), MUCH)
    return nonce
  })
  deliveries.arrived(arrival('outsideoutsideab', nonces))
  assert.deepEqual(heard, ['second', 'third'])
})

test('a test that sent nothing is forgotten, and its tokens with it', async () => {
  const { deliveries, expectation } = expecting()
  const other = deliveries.expect('other', new Map([['percentpercentab', 'percent-hack']]))
  expectation.forget()
  assert.equal(await deliveries.knows('outsideoutsideab'), null)
  assert.equal(await deliveries.knows('percentpercentab'), 'recipient')
  other.forget()
  assert.equal(await deliveries.knows('percentpercentab'), null)
})

test('a message counts more than its bounce, whichever comes first', async () => {
  const { deliveries, expectation, nonce } = expecting()
  const bounce = arrival('sendersendersend', [nonce], { kind: 'bounce', mailFrom: '' })
  deliveries.arrived(bounce)
  deliveries.arrived(arrival('outsideoutsideab', [nonce]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
  deliveries.arrived(bounce)
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
})
