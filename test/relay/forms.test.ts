/** The table of forms: it has every spelling of other testers, and no row twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMS, formOf, MESSAGE_FORMS } from '../../src/relay/forms.ts'

const NAMES = {
  sender: 'probe@isp.example',
  recipient: 'token@isp.example',
  domain: 'example.com',
  host: 'mail.example.com',
  literal: '[203.0.113.25]',
  mailbox: 'jane@example.com',
  steered: 'token@label.mail.example.com.steer.isp.example',
}

test('every form has its own id, and says which mistake it finds and where it is from', () => {
  assert.equal(new Set(FORMS.map(({ id }) => id)).size, FORMS.length)
  for (const { exploits, source } of FORMS) assert.ok(exploits && source)
})

test('no two forms have the same envelope, except for those that ask the first question again', () => {
  const again = ['outside-sender-again', 'outside-sender-at-end', 'outside-sender-in-tls']
  const forms = FORMS.filter(({ id }) => !again.includes(id))
  const envelopes = forms.map(
    ({ sender, recipient }) => `${sender.spell(NAMES)} ${recipient.bare} ${recipient.spell(NAMES)}`,
  )
  assert.equal(new Set(envelopes).size, forms.length)
})

test('a message can arrive for every form whose recipient is outside, also for those that are asked again', () => {
  const ids = MESSAGE_FORMS.map(({ id }) => id)
  for (const id of ['own-domain-postmaster', 'own-domain-invented', 'outside-sender-again', 'outside-sender-in-tls'])
    assert.ok(ids.includes(id), id)
  assert.ok(!ids.some((id) => /postmaster-control|known-mailbox|random-local/.test(id)))
})

/** The spellings of other testers: nmap's 16, abuse.net's 17 and Nessus's 15, each once. */
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
/** The spellings that only we try. */
const OURS = [
  'token@label.mail.example.com.steer.isp.example',
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

test('every recipient spelling of other testers is tried, and those that only we try', () => {
  const spelled = new Set(FORMS.map(({ recipient }) => recipient.spell(NAMES)))
  for (const recipient of [...RECIPIENTS, ...OURS]) assert.ok(spelled.has(recipient), recipient)
  assert.equal(formOf('no-brackets').recipient.bare, true)
})

test('a sender whose bounce could reach a person, or loop, never carries a message', () => {
  const silent = FORMS.filter(({ sender }) => !sender.carriesMessage).map(({ id }) => id)
  assert.deepEqual(silent.sort(), ['literal-sender', 'localhost-sender', 'unknown-host-sender', 'unqualified-sender'])
})

test('every recipient is ours, except for those of controls at the own domain', () => {
  for (const { recipient } of FORMS) {
    const spelled = recipient.spell(NAMES)
    const ours =
      /token[@%]isp\.example|token@label\.mail\.example\.com\.steer\.isp\.example|isp\.example[!=]token|token\+40isp/.test(
        spelled,
      )
    assert.equal(ours, recipient.kind !== 'local', spelled)
  }
})
