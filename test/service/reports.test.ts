/** Reports from mail servers, from the socket of our own mailbox to the test that they belong to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deliveries } from '../../src/service/deliveries.ts'
import { memorySignals } from '../../src/store/signals.ts'
import { deliver, testMailbox } from '../mailbox/mailbox.ts'
import { DIALECTS, DOMAIN, LOCAL, OUTSIDE, SENDER_TOKEN, TOKEN } from '../mailbox/reports.ts'

const NEVER = new AbortController().signal
/** The secret in the returned copy of every report. */
const COPIED = 'q7w3ertyuiopasdfghjklzxcv2'
const SENDERS = ['', 'double-bounce@mail.own.example', 'MAILER-DAEMON@mail.own.example']

for (const [name, write] of Object.entries(DIALECTS)) {
  test(`a report of ${name} belongs to the test of its secret, whoever sends it`, async (t) => {
    const deliveries = new Deliveries(memorySignals(), {
      take: async () => false,
      add: async () => {},
      secretsOf: async () => [],
    })
    const { greeted } = await testMailbox(t, {
      knows: (token) => deliveries.knows(token),
      arrived: async (arrival) => void (await deliveries.arrived(arrival)),
    })
    const client = await greeted()
    const tokens = new Map([
      [TOKEN, 'percent-hack'],
      [SENDER_TOKEN, 'sender'],
    ])
    for (const [turn, from] of SENDERS.entries()) {
      const expectation = await deliveries.expect(`relayed ${turn}`, tokens)
      const other = await deliveries.expect(`local ${turn}`, tokens)
      const tried = write({ recipient: OUTSIDE, remote: 'mx.isp.example', status: '5.7.1', words: 'not for us' })
      const unknown = write({ recipient: LOCAL, remote: null, status: '5.1.1', words: 'User unknown' })
      const to = [`${SENDER_TOKEN}@${DOMAIN}`]
      const bring = (report: string, secret: string) =>
        deliver(client, { from, to, message: report.replaceAll(COPIED, secret) })
      assert.match((await bring(tried, COPIED)).at(-1) ?? '', /^250 /)
      assert.equal(await expectation.seen('percent-hack', 0, NEVER), null, 'it has the secret of no test')
      await bring(tried, expectation.secretsOf('percent-hack').header)
      await bring(unknown, other.secretsOf('percent-hack').header)
      assert.equal((await expectation.seen('percent-hack', 0, NEVER))?.report, 'tried-to-relay')
      assert.equal((await other.seen('percent-hack', 0, NEVER))?.report, 'was-local')
    }
  })
}
