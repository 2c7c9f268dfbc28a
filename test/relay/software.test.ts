import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recognise } from '../../src/relay/software.ts'

const greeting = (text: string) => recognise({ code: 220, enhanced: null, lines: [text] })

test('software is known by its greeting', () => {
  assert.deepEqual(greeting('mail.example.com ESMTP Postfix (Debian/GNU)'), { name: 'Postfix', version: null })
  assert.deepEqual(greeting('mail.example.com ESMTP Exim 4.96 Tue, 24 Nov 2026 07:00:00 +0000'), {
    name: 'Exim',
    version: '4.96',
  })
  assert.equal(greeting('mail.example.com ESMTP'), null)
  assert.equal(greeting('postfix.example.com ESMTP'), null)
})
