import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMS, formOf } from '../../src/relay/forms.ts'

const NAMES = {
  sender: 'probe@isp.example',
  recipient: 'token@isp.example',
  domain: 'example.com',
  host: 'mail.example.com',
  literal: '[203.0.113.25]',
}

test('every form has an id of its own and says what it exploits and where it is from', () => {
  assert.equal(new Set(FORMS.map(({ id }) => id)).size, FORMS.length)
  for (const { exploits, source } of FORMS) assert.ok(exploits && source)
})

test('no two forms are the same envelope, but for the one that is asked again', () => {
  const forms = FORMS.filter(({ id }) => id !== 'outside-sender-again')
  const envelopes = forms.map(
    ({ sender, recipient }) => `${sender.spell(NAMES)} ${recipient.bare} ${recipient.spell(NAMES)}`,
  )
  assert.equal(new Set(envelopes).size, forms.length)
})

/** What other testers try, in the same spelling: nmap's 16, abuse.net's 17 and Nessus's 15, without repetition. */
const SENDERS = [
  'probe@isp.example',
  '',
  'sender@mail.example.com',
  'sender@example.com',
  'postmaster@example.com',
  'sender@[203.0.113.25]',
  'sender',
  'sender@localhost',
  'sender@no-such-host.isp.example',
]
const RECIPIENTS = [
  'token@isp.example',
  'token%isp.example@[203.0.113.25]',
  'token%isp.example@mail.example.com',
  '"token@isp.example"',
  '"token%isp.example"',
  'token@isp.example@[203.0.113.25]',
  '"token@isp.example"@[203.0.113.25]',
  '"token@isp.example"@mail.example.com',
  'token@isp.example@mail.example.com',
  '@[203.0.113.25]:token@isp.example',
  '@mail.example.com:token@isp.example',
  '@example.com:token@isp.example',
  'isp.example!token',
  'isp.example!token@[203.0.113.25]',
  'isp.example!token@mail.example.com',
  'isp.example!token@example.com',
]
/** What they lack. */
const OURS = [
  'token%isp.example@example.com',
  '"x@isp.example,token@isp.example"@example.com',
  'IMCEASMTP-token+40isp+2Eexample@example.com',
  'token@isp.example@',
  'token@isp.example.',
  'mail.example.com!isp.example!token@mail.example.com',
  'SRS0=abcd=AB=isp.example=token@example.com',
]

test('every sender spelling of other testers is tried', () => {
  const spelled = new Set(FORMS.map(({ sender }) => sender.spell(NAMES)))
  for (const sender of SENDERS) assert.ok(spelled.has(sender), sender)
})

test('every recipient spelling of other testers is tried, and what they lack', () => {
  const spelled = new Set(FORMS.map(({ recipient }) => recipient.spell(NAMES)))
  for (const recipient of [...RECIPIENTS, ...OURS]) assert.ok(spelled.has(recipient), recipient)
  assert.equal(formOf('no-brackets').recipient.bare, true)
})

test('whoever could be bothered by a bounce, or loop, carries no message', () => {
  const silent = FORMS.filter(({ sender }) => !sender.carriesMessage).map(({ id }) => id)
  assert.deepEqual(silent.sort(), ['literal-sender', 'localhost-sender', 'unknown-host-sender', 'unqualified-sender'])
})

test('only our own recipients are ever written, but for the controls at the own domain', () => {
  for (const { recipient } of FORMS) {
    const spelled = recipient.spell(NAMES)
    const ours = /token[@%]isp\.example|isp\.example[!=]token|token\+40isp/.test(spelled)
    assert.equal(ours, spelled !== 'postmaster@example.com' && spelled !== 'token@example.com', spelled)
  }
})
