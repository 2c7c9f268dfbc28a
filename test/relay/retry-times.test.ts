/** The times that servers ask us to wait, in all their dialects. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitIn } from '../../src/relay/retry-times.ts'
import { cpuMsOf } from '../harness/cpu-time.ts'
import fc from '../harness/fast-check.ts'

const S = 1_000
const M = 60 * S
const H = 60 * M

const WAITS: readonly (readonly [string, number])[] = [
  ['4.2.0 Greylisted, please try again in 300 seconds', 300 * S],
  ['Greylisted for 300 seconds', 300 * S],
  ['Greylisted for 300s', 300 * S],
  ['4.7.1 Greylisting in action, please come back in 00:04:32', 4 * M + 32 * S],
  ['retry in 00:05:00', 5 * M],
  ['4.7.1 Greylisting in action, please come back in 4m32s', 4 * M + 32 * S],
  ['please wait 4m 32s', 4 * M + 32 * S],
  ['please come back in 01:00:00', H],
  ['try again in 4:32 minutes', 4 * M + 32 * S],
  ['come back in 5 min', 5 * M],
  ['come back in 5 mins.', 5 * M],
  ['retry in 5 minutes', 5 * M],
  ['try again after five minutes', 5 * M],
  ['wait at least 1 hour', H],
  ['please try again in an hour', H],
  ['try again in half an hour', H / 2],
  ['try again in a minute', M],
  ['try again in 1 hour and 5 minutes', H + 5 * M],
  ['try again in 1 hour, 5 minutes and 10 seconds', H + 5 * M + 10 * S],
  ['retry in 1h30m', H + 30 * M],
  ['deferred for 5 more minutes', 5 * M],
  ['greylisted: 284 seconds left', 284 * S],
  ['greylisted, 00:04:32 left', 4 * M + 32 * S],
  ['greylisted, 3 minutes remaining', 3 * M],
  ['You are greylisted (first seen 20 seconds ago), retry in 280 seconds', 280 * S],
  ['limit of 5 connections per 60 seconds; wait 30 seconds', 30 * S],
  ['20 messages in the last 10 minutes, please retry in 15 minutes', 15 * M],
  ['greylist 300 seconds', 300 * S],
  ['a 10-minute greylist', 10 * M],
  ['Temporarily deferred (TS 1719837123). Retry after 300', 300 * S],
  ['greylisted retry=120', 120 * S],
  ['2 hours of patience', 2 * H],
  ['Bitte in 5 Minuten erneut versuchen', 5 * M],
  ['Bitte in einigen Minuten, frühestens nach 300 Sekunden', 300 * S],
  ['Réessayez dans 10 minutes', 10 * M],
  ['réessayez dans 2 heures', 2 * H],
  ['Inténtelo en 5 minutos', 5 * M],
  ['Riprova tra 60 secondi', 60 * S],
  ['tente novamente em 2 horas', 2 * H],
  ['Повторите через 5 минут', 5 * M],
  ['请在5分钟后重试', 5 * M],
  ['请等待 300 秒', 300 * S],
  ['Try again in 24 hours', 24 * H],
  ['Try again in 1 day', 24 * H],
  ['please retry in 600 sec; see http://postgrey.example/help/5.html', 600 * S],
  ['2026-11-28 16:02:12 greylisted, try again in 5 minutes', 5 * M],
]

for (const [words, ms] of WAITS) {
  test(`"${words}" asks us to wait ${ms / S} s`, () => assert.equal(waitIn({ words }), ms))
}

const NO_TIMES = [
  'Greylisted, please try again later',
  'try again in a few minutes',
  'try again in some minutes',
  'no more until 16:30',
  'it is 16:02:12 here, try again later',
  'rejected at 16:02:12, try again later',
  'Sat, 28 Nov 2026 16:02:12 +0000 try again later',
  '2026-11-28 16:02:12 UTC try again',
  'try port 587 instead',
  'use port 465 for submissions',
  'limit of 5 connections per 60 seconds',
  'first seen 20 seconds ago',
  'error 451 try again',
  'id 4m32sX9, try again',
  'greylisted by host mx5 section 3',
  'size limit 10 MB',
  'try again in 3 months',
  'you made 20 attempts',
  'Temporarily rejected. Reverse DNS for 192.0.2.5 failed.',
  'try again after 2026-11-28',
  '',
]

for (const words of NO_TIMES) {
  test(`"${words}" names no time to wait`, () => assert.equal(waitIn({ words }), null))
}

test('no text throws, and a time is never negative', () => {
  const piece = fc.constantFrom(
    'in ',
    '5',
    ' minutes',
    ':',
    '4m',
    '32s',
    'again ',
    'an hour',
    ' left',
    'port ',
    '.',
    'x',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
      const ms = waitIn({ words: pieces.join('') })
      assert.ok(ms === null || ms >= 0)
    }),
  )
})

test('long texts take little time', () => {
  for (const piece of ['5', '5m', '5 minutes ', 'in ', '1:', 'again ', 'an ', '5 more ']) {
    assert.ok(cpuMsOf(() => waitIn({ words: piece.repeat(16_384 / piece.length) })) < 1_000, piece)
  }
})
