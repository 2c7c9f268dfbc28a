/** Hiding the secrets of our messages in what a server says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Withheld } from '../../src/smtp/withheld.ts'
import { cpuMsOf } from '../harness/cpu-time.ts'
import { leaksOf, WRITINGS } from '../harness/echoes.ts'
import fc from '../harness/fast-check.ts'

const SECRET = 'q7w3ertyuiopasdfghjklzxcv2'

/** Any secret: 26 characters of base32. */
const anySecret = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'),
  minLength: 26,
  maxLength: 26,
})
const anyWriting = fc.constantFrom(...Object.keys(WRITINGS))
/** Words and figures that a server may put before and after a secret. */
const anyWords = fc.constantFrom('', 'queued as ', '<', 'id=', '2.6.0 ', 'Ok: ', '1A', 'x9', ' [InternalId=17] ')

const hiding = (...secrets: string[]): Withheld => {
  const withheld = new Withheld()
  withheld.add(secrets)
  return withheld
}

test('without a secret, a text stays as it is', () => {
  for (const text of ['', 'Ok', SECRET.slice(1)]) {
    assert.equal(new Withheld().mask(text), text)
    assert.equal(new Withheld().maskNext(text), text)
  }
})

test('a text without a piece of a secret stays as it is', () => {
  const withheld = hiding(SECRET)
  for (const text of [
    '250 2.0.0 Ok: queued as 4F2A31C0',
    '554 5.7.1 <a@b.example>: Relay access denied',
    'q7w3e rtyui',
  ]) {
    if (text.startsWith('q7')) assert.equal(withheld.mask('q7w3e'), 'q7w3e', 'five characters are no piece')
    else assert.equal(withheld.mask(text), text)
  }
})

test('the rest of a line stays as it is', () => {
  assert.equal(
    hiding(SECRET).maskNext(`250 2.6.0 <${SECRET}@isp.example> Queued mail for delivery`),
    '250 2.6.0 <[withheld]@isp.example> Queued mail for delivery',
  )
})

for (const [name, written] of Object.entries(WRITINGS)) {
  test(`a secret is hidden that is written ${name}, whole and in part`, () => {
    assert.notDeepEqual(leaksOf([SECRET], written(SECRET)), [], 'without hiding, it would be found')
    for (const part of [SECRET, SECRET.slice(0, 8), SECRET.slice(9, 17), SECRET.slice(-8)]) {
      const shown = hiding(SECRET).mask(`Ok ${written(part)} queued`)
      assert.deepEqual(leaksOf([SECRET], shown), [], shown)
      assert.match(shown, /\[withheld\]/)
    }
  })
}

test('of any secret, in any writing and between any words, no eight characters are left', () => {
  fc.assert(
    fc.property(anySecret, anyWriting, anyWords, anyWords, (secret, writing, before, after) => {
      const shown = hiding(secret).mask(`${before}${WRITINGS[writing]?.(secret)}${after}`)
      assert.deepEqual(leaksOf([secret], shown), [], shown)
    }),
    { numRuns: 1_000 },
  )
})

test('a secret is hidden that is split over the lines of one reply or of several', () => {
  fc.assert(
    fc.property(anySecret, anyWriting, fc.integer({ min: 1, max: 40 }), (secret, writing, width) => {
      const withheld = hiding(secret)
      const pieces = (WRITINGS[writing]?.(secret) ?? '').match(new RegExp(`[^]{1,${width}}`, 'g')) ?? []
      const shown = pieces.map((piece, at) =>
        withheld.maskNext(`250${at % 2 === 0 ? '-' : ' '}2.0.0 ${piece}`).slice(10),
      )
      assert.deepEqual(leaksOf([secret], shown.join('')), [], shown.join('|'))
      assert.deepEqual(leaksOf([secret], shown.join('\n')), [])
    }),
    { numRuns: 500 },
  )
})

test('several secrets are hidden, also next to each other', () => {
  const other = 'abcdefghijklmnopqrstuvwxyz'
  assert.equal(hiding(SECRET, other).mask(`${SECRET}${other} ${other}`), '[withheld] [withheld]')
})

test('a masked text does not change when it is masked again', () => {
  const withheld = hiding(SECRET)
  const once = withheld.mask(`Ok ${SECRET} ${SECRET.toUpperCase()}`)
  assert.equal(withheld.mask(once), once)
})

test('time grows no faster than the text', () => {
  const withheld = hiding(SECRET)
  for (const unit of ['=', '%', '&#', 'q7w3e', `${SECRET} `, 'a.', ' ', '<', '0x', '\\x']) {
    const text = unit.repeat(Math.ceil(200_000 / unit.length))
    assert.ok(cpuMsOf(() => withheld.mask(text)) < 2_000, JSON.stringify(unit))
  }
})

test('a word with the form of a secret is hidden, even if it belongs to another test', () => {
  const foreign = 'aqzwsx3edc4rfv5tgb6yhn7ujm'
  for (const withheld of [new Withheld(), hiding(SECRET)]) {
    assert.equal(withheld.mask(`hi ${foreign} there`), 'hi [withheld] there')
    assert.equal(withheld.maskNext(`220 hi ${foreign.toUpperCase()}`), '220 hi [withheld]')
    assert.equal(withheld.mask(`${foreign}x a${foreign}`), `${foreign}x a${foreign}`, 'longer words are no secrets')
  }
})
