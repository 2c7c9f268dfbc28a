/** The words that are left of a reply, to be judged and to be compared. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comparedText, plainText } from '../../src/relay/plain-text.ts'

const NAMES = ['relaytest.isp.example', '198.51.100.7', 'example.com']

const PLAIN: readonly (readonly [string, string])[] = [
  ['5.7.1 <a@b.example>: Relay access denied', ': relay access denied'],
  ['a@b.example is unknown', 'is unknown'],
  ['<outside!user> refused', 'refused'],
  ['[Relaying denied]', 'relaying denied'],
  ['[TSS04] deferred', 'deferred'],
  ['host [198.51.100.7] and [IPv6:2001:db8::7] and 203.0.113.9', 'host ip and ip and ip'],
  ["isn't, ISN\u2019T, doesn`t, can't, can not, won't", 'is not, is not, does not, cannot, cannot, will not'],
  ['Empf\u00e4nger unzul\u00e4ssig: stra\u00dfe', 'empfanger unzulassig: strasse'],
  [
    '\u0417\u0430\u043f\u0440\u0435\u0449\u0451\u043d \u0440\u0435\u043b\u0435\u0439',
    '\u0437\u0430\u043f\u0440\u0435\u0449\u0435\u043d \u0440\u0435\u043b\u0435\u0439',
  ],
  ['Relay_access_denied', 'relay access denied'],
  ['relaytest.ISP.example is denied', 'is denied'],
  ['the MX said: 550 relay denied', 'the mx'],
  ['your last attempt was 300 seconds ago', 'your last attempt was 300 seconds ago'],
]

for (const [words, plain] of PLAIN)
  test(`"${words}" is "${plain}"`, () => assert.equal(plainText({ words }, NAMES), plain))

/** Pairs of replies that are the same refusal, though not the same text. */
const ALIKE: readonly (readonly [string, string])[] = [
  ['5.1.1 <a@example.com>: unknown', '5.1.1 <token@isp.example>: unknown'],
  ['no such user <a@example.com> 4Rt5Yz1q2Wz', 'no such user <b@example.com> 4Rt5Yz1q3Xk'],
  ['rejected, id=4Rt5Yz', 'rejected, id=AbCdEf'],
  ['rejected (session 1rAbCd-0001xy-2z)', 'rejected (session 1rAbCe-0002ab-3y)'],
  ['no, error 550 at 16:02:12', 'no, error 550 at 16:02:13'],
  ['wait 300 seconds', 'wait 299 seconds'],
  ['wait 5m', 'wait 4m'],
  ['denied deadbeefcafe', 'denied cafebabedead'],
  ['unknown abcdefghijklmnop', 'unknown qrstuvwxyz234567'],
  ['denied 2026-11-28T16:02:12Z', 'denied 2026-11-28T16:02:13Z'],
  ['denied a1-20020a170902.123 - gsmtp', 'denied b2-30020b180903.456 - gsmtp'],
]

for (const [a, b] of ALIKE) {
  test(`"${a}" and "${b}" are the same refusal`, () => {
    assert.equal(comparedText({ words: a }, NAMES), comparedText({ words: b }, NAMES))
  })
}

/** Pairs of replies that differ. */
const OTHER: readonly (readonly [string, string])[] = [
  ['no such user', 'go away'],
  ['error 1001', 'error 2002'],
  ['S3140', 'S3150'],
  ['refused', 'refused, see our web site'],
  [`${'x '.repeat(5_000)}user unknown`, `${'x '.repeat(5_000)}you are banned`],
]

for (const [a, b] of OTHER) {
  test(`"${a.slice(-30)}" and "${b.slice(-30)}" are two refusals`, () => {
    assert.notEqual(comparedText({ words: a }, NAMES), comparedText({ words: b }, NAMES))
  })
}
