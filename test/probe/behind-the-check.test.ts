/**
 * Servers that refuse strangers as relaying first, and check clients, recipients and greylists afterwards, as Postfix
 * and Exim do. If another form gets an answer of such a later check, it has passed the first one: the server may relay
 * it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayPass } from '../../src/relay/later.ts'
import { HEALTHY, isLocalUser, verdictOn } from './model.ts'

const DENIED = '554 5.7.1 Relay access denied'
const OWN = 'sender@example.com'

/** Answers outside recipients of some forms with a text, and refuses the others as relaying. */
const behind = (says: string, isHole: (sender: string, recipient: string) => boolean) => ({
  ...HEALTHY,
  rcpt: (sender: string, recipient: string) =>
    isLocalUser(recipient) ? '250 2.1.5 ok' : isHole(sender, recipient) ? says : DENIED,
})

const HOLES: readonly (readonly [name: string, isHole: (sender: string, recipient: string) => boolean])[] = [
  ['own-domain senders', (sender) => sender.endsWith('@example.com')],
  ['the null sender', (sender) => sender === ''],
]

/** Answers of a later check, for an address that the server would relay to. */
const LATER_CHECKS = [
  '554 5.7.1 <unknown[198.51.100.7]>: Client host rejected: Access denied',
  '550 5.7.1 Client host rejected: cannot find your reverse hostname, [198.51.100.7]',
  '504 5.5.2 <x>: Helo command rejected: Host not found',
  '550 Your country is not allowed to connect',
  '550 Mail from your network is not accepted',
  '550 Blocked for abuse',
  '550 5.1.1 <x@isp.example>: Recipient address rejected: undeliverable address: host mx.isp.example[192.0.2.1] said: 550 no',
  '550 Callout verification failed',
  '550 Unrouteable address',
  '552 5.2.2 Mailbox full',
  '550 rejected by the smarthost',
  '450 4.1.2 <x@isp.example>: Recipient address rejected: Domain not found',
  '451 4.3.0 Temporary lookup failure',
]

/** Refusals of the sender itself: closed servers give them too. */
const OF_SENDERS = [
  '550 Blocked: you may not spoof our domain',
  '550 5.7.1 Mail from example.com not accepted from external hosts',
  '553 5.7.1 <sender@example.com>: Sender address rejected: not logged in',
  '550 5.7.23 SPF validation failed',
  '550 5.7.60 SMTP; Client does not have permissions to send as this sender',
  '553 Domain name example.com may not be used from outside (client 198.51.100.7)',
  '550 sender domain matches local domain but client is not authenticated',
]

for (const [name, isHole] of HOLES) {
  for (const says of LATER_CHECKS) {
    test(`${name} that get "${says}" are not called closed`, async () => {
      for (const suite of ['standard', 'full'] as const) {
        const { verdict } = await verdictOn(behind(says, isHole), { suite })
        assert.equal(verdict, 'inconclusive', suite)
      }
    })
  }
}

for (const says of OF_SENDERS) {
  test(`own-domain senders that get "${says}" are refused: closed`, async () => {
    const { verdict } = await verdictOn(behind(says, (sender) => sender.endsWith('@example.com')))
    assert.equal(verdict, 'closed')
  })
}

for (const says of [
  '451 4.1.8 Domain of sender address sender@example.com does not resolve',
  '451 Could not complete sender verify callout',
  '450 4.1.7 <sender@example.com>: Sender address rejected: unverified address: connect to mx: Connection refused',
]) {
  for (const at of ['mail', 'rcpt'] as const) {
    test(`an own-domain sender that is refused for now at ${at} with "${says}" has no answer yet`, async () => {
      const answer = (sender: string, otherwise: string) => (sender === OWN ? says : otherwise)
      const rcpt = (sender: string, recipient: string) => answer(sender, HEALTHY.rcpt(sender, recipient))
      const traits = at === 'mail' ? { mail: (sender: string) => answer(sender, '250 ok') } : { rcpt }
      const { observations, ...judgement } = await verdictOn({ ...HEALTHY, ...traits })
      assert.equal(judgement.verdict, 'inconclusive')
      assert.equal(mayPass(judgement, [observations]), true, 'a later visit asks again')
    })
  }
}

test('a form of the full suite that is greylisted where strangers are refused has no answer yet', async () => {
  const says = '450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/example.com.html'
  const traits = behind(says, (sender) => sender.endsWith('@mail.example.com'))
  const { observations, ...judgement } = await verdictOn(traits, { suite: 'full' })
  assert.deepEqual([judgement.verdict, judgement.reason], ['inconclusive', 'greylisted'])
  assert.equal(mayPass(judgement, [observations]), true)
})

test('greylisting that begins for all in the full suite changes no verdict', async () => {
  let asked = 0
  const rcpt = (sender: string, recipient: string) => {
    asked += 1
    return asked > 25 ? '450 4.2.0 Greylisted' : HEALTHY.rcpt(sender, recipient)
  }
  const { verdict, caveats } = await verdictOn({ ...HEALTHY, rcpt }, { suite: 'full' })
  assert.deepEqual([verdict, caveats], ['closed', ['forms-unanswered']])
})

for (const suite of ['standard', 'full'] as const) {
  for (const proof of ['message', 'delivery'] as const) {
    test(`a relay that greylists at the final dot is visited again: ${suite} suite, ${proof}`, async () => {
      const traits = { ...HEALTHY, rcpt: () => '250 2.1.5 ok', dot: '451 4.7.1 Try again later' }
      const { observations, ...judgement } = await verdictOn(traits, { suite, proof })
      assert.deepEqual([judgement.verdict, judgement.reason], ['inconclusive', 'greylisted'])
      assert.equal(mayPass(judgement, [observations]), true)
    })
  }
}
