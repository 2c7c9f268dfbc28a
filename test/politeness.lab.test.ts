import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Suite } from '../src/contract/words.ts'
import { startCourier } from './lab/courier.ts'
import { startExim } from './lab/exim.ts'
import { startHaraka } from './lab/haraka.ts'
import type { LabServer } from './lab/instance.ts'
import { type LabNetwork, openNetwork } from './lab/network.ts'
import { startOpenSmtpd } from './lab/opensmtpd.ts'
import { startPostfix } from './lab/postfix.ts'
import { startSendmail } from './lab/sendmail.ts'
import { ask, startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

/** What servers write about clients that ask too much, too fast or out of turn. */
const COMPLAINTS =
  /too many|improper|pipelining (not|after)|lost connection|synchroni[sz]ation|rate limit|dropped|timeout|unexpected disconnect|protocol error/i

const SERVERS: Readonly<Record<string, { suite: Suite; start(network: LabNetwork): Promise<LabServer> }>> = {
  Postfix: { suite: 'full', start: (network) => startPostfix(network) },
  Exim: { suite: 'full', start: (network) => startExim(network) },
  Sendmail: { suite: 'full', start: (network) => startSendmail(network, { smarthost: network.exit }) },
  OpenSMTPD: { suite: 'full', start: (network) => startOpenSmtpd(network, { smarthost: network.exit }) },
  Haraka: { suite: 'full', start: startHaraka },
  Courier: { suite: 'standard', start: (network) => startCourier(network, { smarthost: network.exit }) },
}

const reason = labUnavailable()

test('no stock server has anything to say against us', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const service = await startStranger(t, network)
  for (const [name, { suite, start }] of Object.entries(SERVERS)) {
    await t.test(`${name}, the ${suite} suite`, async () => {
      const server = await start(network)
      const ours = (log: string) => log.split('\n').filter((line) => !line.includes(network.exit))
      const before = ours(await server.log()).length
      const result = await ask(service, server.address, { suite })
      const unanswered = result.attempts
        .filter(({ outcome }) => outcome === 'not-run')
        .map(({ form, why }) => [form, why])
      assert.deepEqual(unanswered, [], 'every form was answered')
      assert.notEqual(result.verdict, 'open')
      const said = ours(await server.log()).slice(before)
      assert.deepEqual(
        said.filter((line) => COMPLAINTS.test(line)),
        [],
      )
      await server.stop()
    })
  }
})
