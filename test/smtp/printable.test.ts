/** Server text made safe to print. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, unprinted } from '../../src/smtp/printable.ts'
import fc from '../harness/fast-check.ts'

/** Reads the escapes back. */
const bytesOf = (text: string): Buffer =>
  Buffer.from(
    text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )

test('any bytes become printable ASCII and can be had back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = printable(Buffer.from(bytes))
      assert.match(text, /^[\x20-\x7e]*$/)
      assert.deepEqual(bytesOf(text), Buffer.from(bytes))
    }),
    { numRuns: 5_000 },
  )
})

test('a backslash cannot imitate an escape', () => {
  assert.equal(printable('\\x41'), '\\x5cx41')
  assert.equal(printable(Buffer.from('A\r\n\x1b[31m\xe9', 'latin1')), 'A\\x0d\\x0a\\x1b[31m\\xe9')
})

test('printable text can be turned back into the bytes', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
  assert.equal(unprinted(printable(bytes)), bytes)
})
