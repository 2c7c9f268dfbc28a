/** The advice for people whose address is not accepted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainAddress, parseAddress } from '../../src/ip/address.ts'
import fc from '../harness/fast-check.ts'
import { hostileSpellings } from './hostile-spellings.ts'

test('an explanation names the mistake', () => {
  const mistakes = [
    ['', /empty/],
    ['203.0.113.25 ', /without spaces or line breaks/],
    ['203.0.113.25\r\n', /without spaces or line breaks/],
    ['２０３.0.113.25', /ASCII/],
    ['203.0.113.25\0', /ASCII/],
    ['smtp://203.0.113.25', /not a URL/],
    ['203.0.113.0/24', /not a network/],
    ['fe80::1%eth0', /without a zone id/],
    ['[2001:db8::25]', /without brackets/],
    ['[2001:db8::25]:25', /without brackets and without a port/],
    ['0x7f.0.0.1', /hexadecimal/],
    ['::ffff:0X7f000001', /hexadecimal/],
    ['mail.example.com', /not a host name/],
    ['mail.example.com:25', /not a host name/],
    ['cafe', /not a host name/],
    ['203.0.113.25:25', /without a port/],
    ['010.0.0.1', /leading zeros/],
    ['10.0.0.01', /leading zeros/],
    ['::ffff:0127.0.0.1', /leading zeros/],
    ['127.1', /short form/],
    ['2130706433', /short form/],
    ['203.0.113.256', /at most 255/],
    ['2001:db8::1::2', /eight groups/],
    ['2001:db8:1', /eight groups/],
    ['203.0.113.25.', /such as 203\.0\.113\.25/],
  ] as const
  for (const [text, reason] of mistakes) {
    assert.equal(parseAddress(text), null, text)
    assert.match(explainAddress(text), reason, text)
  }
})

test('an explanation is one of few fixed sentences, so it cannot repeat what the caller wrote', () => {
  const random = fc.sample(fc.string({ unit: 'binary' }), 2000)
  const sentences = new Set([...hostileSpellings(), ...random].map(explainAddress))
  assert.ok(sentences.size <= 15, [...sentences].join('\n'))
  for (const sentence of sentences) assert.match(sentence, /^must be an IPv4 or IPv6 address, [ -~]{5,110}$/)
})

test('a text of any length gets one of the same short explanations', () => {
  const fills = ['a', '1', '.', ':', '0.', '01', '1.', 'a:', '::', '[', '0x', 'f.f:']
  for (const fill of fills) {
    for (const end of ['!', ':']) {
      assert.match(explainAddress(`${fill.repeat(100_000)}${end}`), /^must be an IPv4 or IPv6 address, [ -~]{5,110}$/)
    }
  }
})
