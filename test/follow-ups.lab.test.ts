/** Real mail servers that put a test off: a follow-up settles each test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RelayTest, relayTest } from '../src/contract/relay-test.ts'
import { run } from './dial/world.ts'
import { KEYS, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'
import { EVERYBODY, greylisting, postfix } from './lab/configuration.ts'
import { startExim } from './lab/exim.ts'
import type { LabServer } from './lab/instance.ts'
import { type LabNetwork, openNetwork } from './lab/network.ts'
import { startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

/** How long each server puts us off, in seconds. */
const PUT_OFF_S = 12
const PATIENCE_MS = 180_000

interface PutOff {
  readonly verdict: 'open' | 'closed'
  readonly reasons: readonly string[]
  /** Starts the server, and returns its address; or its address, and a function that starts it `later`. */
  start(network: LabNetwork): Promise<{ readonly address: string; readonly later?: () => Promise<LabServer> }>
}

/** Exim greylists in its access rules, without naming a time. */
const eximGreylisting = () => {
  const over = Math.ceil(Date.now() / 1_000) + 2 * PUT_OFF_S
  return ['defer', '  message = Greylisted, please try again', `  condition = \${if <{$tod_epoch}{${over}}}`]
}

/** Drops what we send to a server for a while, as the firewall of fail2ban does. */
const ban = (address: string) =>
  run(
    'nft',
    ['-f', '-'],
    [
      'table inet ban {',
      '  set banned { type ipv4_addr; flags timeout; }',
      '  chain out { type filter hook output priority 0; ip daddr @banned tcp dport 25 drop; }',
      '}',
      `add element inet ban banned { ${address} timeout ${PUT_OFF_S}s }`,
    ],
  )

const SERVERS: Readonly<Record<string, PutOff>> = {
  'Postfix with postgrey, closed': {
    verdict: 'closed',
    reasons: ['greylisted'],
    start: (network) =>
      postfix({ greylist: `--delay=${PUT_OFF_S} --greylist-action=DEFER`, extra: greylisting }).start(network),
  },
  'Postfix with postgrey, open': {
    verdict: 'open',
    reasons: ['greylisted'],
    start: (network) =>
      postfix({ mynetworks: EVERYBODY, greylist: `--delay=${PUT_OFF_S}`, extra: greylisting }).start(network),
  },
  'Exim that greylists without a time': {
    verdict: 'closed',
    reasons: ['greylisted'],
    start: (network) => startExim(network, { smarthost: network.exit, rules: eximGreylisting() }),
  },
  'a Postfix that is down for a while': {
    verdict: 'closed',
    reasons: ['unreachable', 'connect-timeout', 'connection-refused'],
    async start(network) {
      const address = network.nextAddress()
      return { address, later: () => postfixAt(network, address) }
    },
  },
  'a Postfix behind a firewall that bans us for a while': {
    verdict: 'closed',
    reasons: ['connect-timeout'],
    async start(network) {
      const server = await postfix().start(network)
      await ban(server.address)
      return server
    },
  },
}

const postfixAt = (network: LabNetwork, address: string) => postfix({ address }).start(network)

/** Asks for a test with respond-async. Returns its results after the first and the last visit. */
async function followed(service: TestService, ip: string, asked: () => Promise<unknown>) {
  const authorization = `Bearer ${KEYS.desk}`
  const response = await service.post({ ip, domain: 'example.com' }, { authorization, prefer: 'respond-async' })
  assert.equal(response.status, 202)
  const { id } = relayTest.parse(await response.json())
  const read = async (): Promise<RelayTest> =>
    relayTest.parse(await (await service.fetch(`/relay-tests/${id}`, { headers: { authorization } })).json())
  const finished = async () => {
    const now = await read()
    return now.status === 'finished' && now
  }
  const first = await until('the first visit', finished, PATIENCE_MS)
  await asked()
  const answered = async () => {
    const now = await read()
    return now.followUpAt === null && now
  }
  const last = await until('the answer', answered, PATIENCE_MS)
  return { first, last }
}

const reason = labUnavailable()

test('follow-ups settle the tests of servers that put us off', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const service = await startStranger(t, network, { FOLLOW_UPS: '20s,20s,40s' })
  await Promise.all(
    Object.entries(SERVERS).map(([name, { verdict, reasons, start }]) =>
      t.test(name, async (each) => {
        const { address, later } = await start(network)
        const { first, last } = await followed(service, address, async () => later?.())
        const seconds = (Date.parse(last.amendedAt ?? last.createdAt) - Date.parse(last.createdAt)) / 1_000
        each.diagnostic(
          `${first.reason}, then ${last.verdict} after ${last.followUps.length}, ${Math.round(seconds)} s`,
        )
        assert.ok(reasons.includes(first.reason ?? ''), `${first.verdict} ${first.reason}`)
        assert.equal(last.verdict, verdict, last.summary ?? '')
      }),
    ),
  )
})
