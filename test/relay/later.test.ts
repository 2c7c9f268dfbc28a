/** When a later visit may learn more, and when it comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASONS } from '../../src/contract/words.ts'
import { certainIn } from '../../src/probe/later-visit.ts'
import { mayPass, waitSaid } from '../../src/relay/later.ts'
import { judge } from '../../src/relay/verdict.ts'
import { HEALTHY, verdictOn } from '../probe/model.ts'

const NOBODY: Parameters<typeof mayPass>[1] = []

test('time can remove silence and temporary refusals, and nothing else', () => {
  const passing = REASONS.filter((reason) => mayPass({ reason, decisive: [] }, NOBODY))
  assert.deepEqual(passing, [
    'vantage-failed',
    'vantage-banned',
    'vantage-blocked',
    'greylisted',
    'throttled',
    'server-trouble',
    'tls-failed',
    'greeting-refused',
    'connect-timeout',
    'connection-refused',
    'unreachable',
    'dropped',
    'connection-limit',
    'deadline',
  ])
  assert.equal(mayPass({ reason: null, decisive: [] }, NOBODY), false)
})

for (const [says, reply, passes] of [
  ['for good', '550 5.7.1 Your IP address is on the blocklist of example.org', false],
  ['for now', '450 4.7.1 Your IP address is on the blocklist of example.org, try again later', true],
] as const) {
  test(`a server that blocks us ${says} is ${passes ? '' : 'not '}visited again`, async () => {
    const { observations, ...judgement } = await verdictOn({ ...HEALTHY, rcpt: () => reply })
    assert.equal(judgement.verdict, 'inconclusive')
    assert.equal(mayPass(judgement, [observations]), passes)
  })
}

test('the longest time that a temporary refusal names counts', async () => {
  const rcpt = (_sender: string, recipient: string) =>
    recipient.startsWith('null') ? '451 4.7.1 Greylisted for 900 seconds' : '451 4.7.1 Greylisted for 300 seconds'
  const { observations } = await verdictOn({ ...HEALTHY, rcpt })
  assert.equal(waitSaid([observations]), 900_000)
  const { observations: silent } = await verdictOn({ ...HEALTHY, rcpt: () => '451 4.7.1 Greylisted' })
  assert.equal(waitSaid([silent]), null)
})

test('only refusals of relaying and accepted recipients are certain enough for a later visit', async () => {
  const rcpt = (sender: string, recipient: string) => {
    if (recipient.startsWith('postmaster')) return '250 2.1.5 ok'
    if (sender === '') return '451 4.7.1 Greylisted'
    return recipient.startsWith('percent') ? '550 No' : '554 5.7.1 Relay access denied'
  }
  const { observations } = await verdictOn({ ...HEALTHY, rcpt })
  assert.equal(judge(observations).verdict, 'inconclusive')
  assert.deepEqual(
    certainIn(observations).map(({ form }) => form.id),
    ['outside-sender', 'own-domain-sender', 'own-domain-postmaster'],
  )
})
