/** The verdicts on real mail servers, against what is known to be true of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelayTest } from '../src/contract/relay-test.ts'
import { configurations } from './lab/configurations.ts'
import { eachAtOnce } from './lab/each-at-once.ts'
import type { LabServer } from './lab/instance.ts'
import { openNetwork } from './lab/network.ts'
import { ask, startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

/** Configurations that one visit cannot judge, and why. docs/accuracy.md says more. */
const UNKNOWABLE: Readonly<Record<string, string>> = {
  'closed-authentication-required': 'vantage-blocked',
}

/** The cause of an open server, if it is more than its form says. */
const CAUSES: Readonly<Record<string, string>> = { 'open-behind-proxy': 'source-address-lost' }

/**
 * Returns the mistake in an answer; null if there is none. The name of a configuration begins with its true verdict,
 * which test/lab/configurations.lab.test.ts measures.
 */
function mistakeIn(id: string, { verdict, reason, cause, evidence }: RelayTest): string | null {
  const said = `${verdict} ${reason ?? cause} ${evidence}`
  const [truth] = id.split('-')
  if (UNKNOWABLE[id] !== undefined) return reason === UNKNOWABLE[id] ? null : said
  if (truth === 'open') {
    const isProven = verdict === 'open' && evidence === 'delivered'
    return isProven && (CAUSES[id] ?? cause) === cause ? null : said
  }
  if (truth === 'closed') return verdict === 'closed' ? null : said
  // Unsure: whatever a server did that we cannot know, it is not closed.
  return verdict === 'closed' ? said : null
}

/** Configurations that need more connections than one visit has, or a second one in TLS. */
const LABORIOUS: readonly string[] = ['closed-tls-required', 'closed-postscreen', 'closed-postfix-error-limit']

const reason = labUnavailable()

test('no verdict on the quick configurations of the lab is wrong', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const env = { MAILBOX_LISTEN: `${network.exit}:25`, TEST_DEADLINE_MS: '25000' }
  const service = await startStranger(t, network, env)
  /** A customer with two addresses has both tested. */
  const askAll = async ({ address, address6, port }: LabServer, request: object = {}): Promise<RelayTest> => {
    const first = await ask(service, address, { ...request, port })
    return address6 && first.verdict !== 'open' ? ask(service, address6, { ...request, port }) : first
  }
  const quick = configurations.filter((configuration) => configuration.quick)
  assert.ok(quick.length >= 20)
  const mistakes = await eachAtOnce(quick, 4, async ({ id, start, request }) => {
    const server = await start(network)
    const mistake = mistakeIn(id, await askAll(server, request))
    await server.stop()
    return mistake === null ? [] : [`${id}: ${mistake}`]
  })
  assert.deepEqual(mistakes.flat(), [])
})

test('the full suite gets to its end on servers that make it hard', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const service = await startStranger(t, network)
  const laborious = configurations.filter(({ id }) => LABORIOUS.includes(id))
  const verdicts = await eachAtOnce(laborious, 3, async ({ id, start }) => {
    const server = await start(network)
    const { verdict, transcript } = await ask(service, server.address, { suite: 'full' })
    assert.ok(Math.max(...transcript.map(({ connection }) => connection)) <= 8)
    await server.stop()
    return `${id}: ${verdict}`
  })
  assert.deepEqual(verdicts.flat().sort(), LABORIOUS.map((id) => `${id}: closed`).sort())
})
