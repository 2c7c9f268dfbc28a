/** The places where servers write an enhanced status code, and numbers that only look like one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enhancedCode } from '../../src/smtp/enhanced-code.ts'

const CODES: readonly (readonly [string, string])[] = [
  ['5.7.1 Relay access denied', '5.7.1'],
  ['5.7.1', '5.7.1'],
  ['5.7.1: denied', '5.7.1'],
  ['#5.1.0 Address rejected.', '5.1.0'],
  ['(5.7.1) denied', '5.7.1'],
  ['[5.7.1] denied', '5.7.1'],
  ['sorry (#5.7.1)', '5.7.1'],
  ['sorry, no mailbox here by that name. (#5.1.1)', '5.1.1'],
  ['sorry #5.1.1', '5.1.1'],
  ['sorry #5.1.1, bye', '5.1.1'],
  ['sorry (5.7.1)', '5.7.1'],
  ['sorry [5.7.1] bye', '5.7.1'],
  ['denied 5.7.1', '5.7.1'],
  ['denied - 5.7.1.', '5.7.1'],
  ['resources unavailable (#5.16.55), 5.7.1', '5.7.1'],
  ['5.7.606 Access denied', '5.7.606'],
]

for (const [text, code] of CODES)
  test(`"${text}" has the code ${code}`, () => assert.equal(enhancedCode('550', [text]), code))

const NO_CODES = [
  'denied',
  '5.7.1.2 is blocked',
  'host [5.7.1.2] is blocked',
  'host 5.7.1.2',
  'see (5.7.1.2)',
  'made by Mailer 1.5.7.1',
  'made by Mailer version 5.7.1',
  'made by Mailer v 5.7.1',
  'made by Mailer/5.7.1',
  '#5.7.1.2',
  '2.7.1 nonsense',
  '(#4.7.1)',
  'the 5.7.1 rule says no',
  '5.7.1234 nonsense',
  'sorry #5.7.1234',
  'issue a#5.7.1',
  '5,7,1',
]

for (const text of NO_CODES) test(`"${text}" has no code`, () => assert.equal(enhancedCode('550', [text]), null))

test('a code at the beginning of a line counts before one elsewhere', () => {
  assert.equal(enhancedCode('550', ['rejected (#5.7.1)', '5.1.1 no such user']), '5.1.1')
})
