/** Test addresses: the same for a day, and impossible to guess. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TokenSubject, tokenFor } from '../../src/mailbox/tokens.ts'
import fc from '../harness/fast-check.ts'

const KEY = 'k'.repeat(32)
const NOON = new Date('2027-06-30T12:00:00Z')
const SUBJECT: TokenSubject = { customer: 'acme', address: '203.0.113.25', port: 25, form: 'outside-sender' }

const anySubject: fc.Arbitrary<TokenSubject> = fc.record({
  customer: fc.string(),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65535 }),
  form: fc.string(),
})
const anyKey = fc.string({ minLength: 32 })
const anyTime = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })

test('a token is 16 lower-case base32 characters', () => {
  fc.assert(
    fc.property(anyKey, anySubject, anyTime, (key, subject, now) => {
      assert.match(tokenFor(key, subject, now), /^[a-z2-7]{16}$/)
    }),
  )
})

test('every place of a token takes all 32 characters, so that it holds 80 bits', () => {
  const tokens = Array.from({ length: 1000 }, (_, port) => tokenFor(KEY, { ...SUBJECT, port }, NOON))
  for (let place = 0; place < 16; place += 1) assert.equal(new Set(tokens.map((token) => token[place])).size, 32)
})

test('a token stays the same from the first to the last moment of a day in UTC, and changes with the day', () => {
  const at = (time: string) => tokenFor(KEY, SUBJECT, new Date(time))
  const token = at('2027-06-30T00:00:00.000Z')
  assert.equal(at('2027-06-30T23:59:59.999Z'), token)
  assert.equal(at('2027-07-01T01:30:00.000+02:00'), token)
  assert.notEqual(at('2027-06-29T23:59:59.999Z'), token)
  assert.notEqual(at('2027-07-01T00:00:00.000Z'), token)
})

test('a token differs with each member of its subject and with the key', () => {
  const others = [
    { ...SUBJECT, customer: 'beta' },
    { ...SUBJECT, address: '203.0.113.26' },
    { ...SUBJECT, port: 587 },
    { ...SUBJECT, form: 'sender' },
  ]
  const tokens = [SUBJECT, ...others].map((subject) => tokenFor(KEY, subject, NOON))
  tokens.push(tokenFor('l'.repeat(32), SUBJECT, NOON))
  assert.equal(new Set(tokens).size, 6)
})

test('different subjects never share a token, however their members run into each other', () => {
  fc.assert(
    fc.property(anySubject, anySubject, (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b))
      assert.notEqual(tokenFor(KEY, a, NOON), tokenFor(KEY, b, NOON))
    }),
  )
  const between = (customer: string, address: string) => tokenFor(KEY, { ...SUBJECT, customer, address }, NOON)
  assert.notEqual(between('acme2', '03.0.113.25'), between('acme', '203.0.113.25'))
  assert.notEqual(between('a","b', 'c'), between('a', 'b","c'))
})
