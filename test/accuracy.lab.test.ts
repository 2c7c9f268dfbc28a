import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type RelayTest, relayTest } from '../src/contract/relay-test.ts'
import { configFolder, KEYS, startService } from './harness/service.ts'
import { configurations } from './lab/configurations.ts'
import { eachAtOnce } from './lab/each-at-once.ts'
import type { LabServer } from './lab/instance.ts'
import { openNetwork } from './lab/network.ts'
import { labUnavailable } from './lab/unavailable.ts'

const CUSTOMERS = `
customers:
  - id: lab
    name: The lab
    networks: [{ cidr: 203.0.113.0/24, allowSpecial: true }, { cidr: '2001:db8:113::/48', allowSpecial: true }]
    domains: [example.com]
`

/** Where one visit cannot know, and why. docs/accuracy.md says more. */
const UNKNOWABLE: Readonly<Record<string, string>> = {
  'closed-authentication-required': 'vantage-blocked',
  'closed-at-the-dot-postfix': 'ambiguous-accepted',
}

/** What the service must say of a configuration, by its name; test/lab/configurations.lab.test.ts measures that it is true. */
function mistakeIn(id: string, { verdict, reason, evidence }: RelayTest): string | null {
  const said = `${verdict} ${reason} ${evidence}`
  const [truth] = id.split('-')
  if (UNKNOWABLE[id] !== undefined) return reason === UNKNOWABLE[id] ? null : said
  if (truth === 'open') return verdict === 'open' && evidence === 'delivered' ? null : said
  if (truth === 'closed') return verdict === 'closed' ? null : said
  // Unsure: whatever a server did that we cannot know, it is not closed.
  return verdict === 'closed' ? said : null
}

const reason = labUnavailable()

test('no verdict on the quick configurations of the lab is wrong', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const { vantage, vantage6, exit } = network
  const file = join(configFolder(t), 'vantages.yaml')
  const addresses = `publicIps: [${vantage}, '${vantage6}'], bind: [${vantage}, '${vantage6}']`
  writeFileSync(file, `vantages: [{ name: lab, ehlo: relaytest.isp.example, ${addresses} }]`)
  const env = {
    VANTAGES_FILE: file,
    MAILBOX_LISTEN: `${exit}:25`,
    TEST_DEADLINE_MS: '25000',
    ALLOW_LOOPBACK_TARGETS: undefined,
    ALLOWED_PORTS: undefined,
  }
  const service = await startService(t, { customers: CUSTOMERS, env })
  const ask = async (ip: string): Promise<RelayTest> => {
    const response = await service.post({ ip }, { authorization: `Bearer ${KEYS.desk}` })
    return relayTest.parse(await response.json())
  }
  /** A customer with two addresses has both tested. */
  const askAll = async ({ address, address6 }: LabServer): Promise<RelayTest> => {
    const first = await ask(address)
    return address6 && first.verdict !== 'open' ? ask(address6) : first
  }
  const quick = configurations.filter((configuration) => configuration.quick)
  assert.ok(quick.length >= 20)
  const mistakes = await eachAtOnce(quick, 4, async ({ id, start }) => {
    const server = await start(network)
    const mistake = mistakeIn(id, await askAll(server))
    await server.stop()
    return mistake === null ? [] : [`${id}: ${mistake}`]
  })
  assert.deepEqual(mistakes.flat(), [])
})
