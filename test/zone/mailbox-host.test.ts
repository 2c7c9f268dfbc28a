/** The host of our mailbox: found by its MX record, kept while name servers are away, and looked up again. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MailboxHost } from '../../src/zone/mailbox-host.ts'
import { until } from '../harness/waiting.ts'

/** Makes a host whose look-ups have these answers in turn, and the last one from then on. */
function hostWith(t: TestContext, answers: readonly (readonly string[] | null)[]) {
  const warnings: string[] = []
  let asked = 0
  const host = new MailboxHost({
    async lookUp() {
      asked += 1
      const answer = answers[Math.min(asked, answers.length) - 1]
      if (answer === undefined) throw new Error('the look-up failed')
      return answer
    },
    log: { warn: (_fields, message) => void warnings.push(message) },
    domain: 'relaytest.isp.example',
    soonMs: 1,
  })
  t.after(() => host.stop())
  return { host, warnings, asked: () => asked }
}

test('the preferred mail exchanger is the host, in lower case', async (t) => {
  const { host, warnings } = hostWith(t, [['MX.relaytest.isp.example', 'other.example']])
  assert.equal(host.current, null)
  await host.begin()
  assert.equal(host.current, 'mx.relaytest.isp.example')
  assert.deepEqual(warnings, [])
})

test('until it is found it is looked up again and again, with one line in the log', async (t) => {
  const { host, warnings } = hostWith(t, [null, [], ['no_name', '.'], ['mx.relaytest.isp.example']])
  await host.begin()
  assert.equal(host.current, null)
  await until('the host', () => host.current === 'mx.relaytest.isp.example')
  assert.equal(warnings.length, 1)
})

test('a look-up that fails changes nothing', async (t) => {
  const { host } = hostWith(t, [['mx.relaytest.isp.example'], null])
  await host.begin()
  await host.begin()
  assert.equal(host.current, 'mx.relaytest.isp.example')
  const broken = hostWith(t, [])
  await broken.host.begin()
  assert.equal(broken.host.current, null)
})

test('after the end nothing is looked up', async (t) => {
  const { host, asked } = hostWith(t, [null])
  host.stop()
  await host.begin()
  await new Promise(setImmediate)
  assert.equal(asked(), 1)
})
