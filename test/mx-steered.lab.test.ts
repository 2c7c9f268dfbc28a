/**
 * Real mail servers that relay for every domain whose MX records name them: each is found open by a message that
 * reaches our mailbox, and closed without that setting. Their resolver asks the name server of our service.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnsServer } from './harness/dns-server.ts'
import { relayRule } from './lab/configuration.ts'
import { startExim } from './lab/exim.ts'
import type { LabServer } from './lab/instance.ts'
import { type LabNetwork, openNetwork } from './lab/network.ts'
import { type PostfixOptions, startPostfix } from './lab/postfix.ts'
import { DELEGATED } from './lab/resolver.ts'
import { startSendmail } from './lab/sendmail.ts'
import { ask, startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

const MAILBOX_HOST = 'mx.relaytest.isp.example'
// They deliver to the mail exchangers that DNS names, and to no relayhost.
const names = 'zone'
const delivers = { relayhost: '' }

/** Each mail server without the setting and with it, and the remedy that names the setting. */
const SERVERS: Readonly<Record<string, { closed: Start; open: Start; remedy: RegExp; host?: string }>> = {
  Postfix: {
    closed: (network) => startPostfix(network, { names, restrictions: 'reject', extra: delivers }),
    open: (network) => startPostfix(network, { names, extra: { ...delivers, ...relayRule('permit_mx_backup') } }),
    remedy: /permit_mx_backup/,
  },
  'Postfix that greets with another name, at its IPv6 address': {
    closed: (network) => six(startPostfix(network, { ...renamed(network), restrictions: 'reject' })),
    open: (network) => six(startPostfix(network, renamed(network, relayRule('permit_mx_backup')))),
    remedy: /permit_mx_backup/,
    host: 'www.example.org',
  },
  Exim: {
    closed: (network) => startExim(network, { names }),
    open: (network) => startExim(network, { names, relayDomains: '@mx_any' }),
    remedy: /@mx_any/,
  },
  Sendmail: {
    closed: (network) => startSendmail(network, { names }),
    open: (network) => startSendmail(network, { names, features: ['relay_based_on_MX'] }),
    remedy: /relay_based_on_MX/,
  },
}
type Start = (network: LabNetwork) => Promise<LabServer>

/** Returns the options of a Postfix that only its IPv6 address shows to be a mail exchanger of a name. */
const renamed = (network: LabNetwork, more: Readonly<Record<string, string>> = {}): PostfixOptions => ({
  names,
  address6: network.nextAddress(6),
  extra: { ...delivers, smtpd_banner: 'www.example.org ESMTP Postfix', ...more },
})
/** Returns a server as it is seen at its IPv6 address. */
const six = async (starting: Promise<LabServer>): Promise<LabServer> => {
  const server = await starting
  return { ...server, address: server.address6 ?? assert.fail() }
}

const reason = labUnavailable()

test('servers that relay by MX record are open by that form alone, and closed without the setting', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  const network = await openNetwork()
  t.after(() => network.close())
  const dns = await dnsServer(t, { 'relaytest.isp.example': { mx: [[10, MAILBOX_HOST]] } })
  const service = await startStranger(t, network, {
    MAILBOX_LISTEN: `${network.exit}:25`,
    MX_ZONE: DELEGATED,
    DNS_LISTEN: `${network.exit}:53`,
    DNS_SERVERS: dns.address,
    TEST_DEADLINE_MS: '40000',
  })
  for (const [software, { closed, open, remedy, host = 'mail.example.com' }] of Object.entries(SERVERS)) {
    for (const [expected, start] of [
      ['closed', closed],
      ['open', open],
    ] as const) {
      await t.test(`${software}, ${expected}`, async () => {
        const server = await start(network)
        const result = await ask(service, server.address, { suite: 'full' })
        const told = `${JSON.stringify(result.attempts.map(({ form, outcome, evidence }) => [form, outcome, evidence]))}\n${await server.log()}`
        await server.stop()
        const attempt = result.attempts.find(({ form }) => form === 'mx-steered')
        assert.ok(attempt, told)
        assert.ok(attempt.rcptTo?.endsWith(`.${host}.${DELEGATED}`), told)
        assert.equal(result.verdict, expected, told)
        if (expected === 'closed') {
          assert.equal(attempt.outcome, 'refused', told)
          return
        }
        assert.deepEqual(
          [result.cause, result.evidence, attempt.evidence],
          ['mx-steered', 'delivered', 'delivered'],
          told,
        )
        assert.equal(result.remedy?.software, software.split(' ')[0])
        assert.match(result.remedy?.steps.join('\n') ?? '', remedy)
        const others = result.attempts.filter(({ form, evidence }) => form !== 'mx-steered' && evidence !== 'none')
        assert.deepEqual(others, [])
      })
    }
  }
})
