/** The real world: deadline, sandbox callers and addresses of our own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../src/access/callers.ts'
import { NOTHING_SPENT } from '../../src/probe/question.ts'
import { askServer, realWorld } from '../../src/service/real-world.ts'
import { permissionsOf } from '../../src/service/world.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { Withheld } from '../../src/smtp/withheld.ts'
import { memoryStores } from '../../src/store/stores.ts'
import { throughSocks5 } from '../../src/vantage/socks5.ts'
import { DEFAULT_VANTAGE, type Vantage } from '../../src/vantage/vantage.ts'
import { addressOf } from '../harness/addresses.ts'
import { loadCustomers } from '../harness/customers.ts'
import { yamlFile } from '../harness/files.ts'
import { healthy, scriptedServer } from '../harness/mail-server.ts'
import { jobOn, SETTINGS } from './jobs.ts'

const DESK: Caller = { id: 'desk', customers: 'all', quota: null, sandbox: false, sweeps: false, webhook: null }
const NETWORKS = 'customers: [{ id: acme, name: A, networks: [93.184.216.0/24, "2606:2800:220::/48"] }]\n'

/** Returns the facts of a run that begins now, from the default vantage. */
const startingNow = () => ({
  vantage: DEFAULT_VANTAGE,
  deadline: performance.now() + SETTINGS.deadlineMs,
  spentBefore: NOTHING_SPENT,
  refusedBefore: false,
  earlier: null,
})

test('a run that does not end by its deadline is given up', { timeout: 60_000 }, async (t) => {
  const server = await scriptedServer(t, { say: healthy })
  /** A mailbox that never answers the question whether a message has arrived. */
  const expectation = {
    mail: { tokens: new Map(), secrets: new Map() },
    withheld: new Withheld(),
    secretsOf: () => ({ header: 'q7w3ertyuiopasdfghjklzxcv2', body: 'abcdefghijklmnopqrstuvwxyz' }),
    troubled: async () => false,
    seen: () => new Promise<never>(() => {}),
    async handOver() {},
    forget() {},
  }
  const dialled: string[] = []
  // Enough for a slow machine to get as far as the wait for the arrival.
  const deadline = performance.now() + 5_000
  const context = { ...startingNow(), deadline, transcript: new Transcript(), expectation, dialled, decided() {} }
  await assert.rejects(askServer(jobOn(server.port, DESK), SETTINGS, context), /did not end by its deadline/)
  assert.deepEqual(dialled, ['127.0.0.1'])
  assert.ok(server.lines.includes('DATA'), 'it was waiting for the arrival')
})

test('a caller in the sandbox is refused before the dial, even if every earlier check failed', async (t) => {
  const server = await scriptedServer(t, { say: healthy })
  const sandboxed: Caller = {
    id: 'try',
    customers: new Set(['sandbox-try']),
    quota: null,
    sandbox: true,
    sweeps: false,
    webhook: null,
  }
  const dialled: string[] = []
  const context = { ...startingNow(), transcript: new Transcript(), expectation: null, dialled, decided() {} }
  const asked = askServer(jobOn(server.port, sandboxed), SETTINGS, context)
  await assert.rejects(asked, /nothing is ever dialled for a caller in the sandbox/)
  assert.deepEqual([dialled, server.connections], [[], 0])
})

/** Makes a vantage behind a proxy. Mail servers see it at one address of each IP version. */
const behind = (name: string, proxy: string): Vantage => ({
  ...DEFAULT_VANTAGE,
  name,
  publicIps: [addressOf('198.51.100.7'), addressOf('2001:db8:51::7')],
  egress: throughSocks5({ address: addressOf(proxy), port: 1080, login: null }),
})

test('the proxies of all vantages and the store are never targets, even if a customer lists them', (t) => {
  const customers = loadCustomers([yamlFile(t, NETWORKS)], { allowLoopback: false, mailboxDomain: 'isp.example' })
  const look = async () => ({ isUp: true, waitMs: 0 })
  const server = { state: look, look, async usable() {}, addresses: () => ['93.184.216.6'] }
  const all = [behind('syd-1', '93.184.216.5'), behind('mel-1', '2606:2800:220::5')]
  const world = realWorld({
    customers: () => customers,
    vantages: { all, isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    lookUp: () => assert.fail('no name was asked for'),
    addressesOf: () => assert.fail('no name was asked for'),
    stores: { ...memoryStores(1), server },
    deliveries: null,
    settings: SETTINGS,
  })
  const permit = permissionsOf(DESK, world)
  const any = { customerId: null, domain: null, knownMailbox: null, vantage: null }
  const asked = (ip: string) => permit({ ...any, address: addressOf(ip) })
  for (const ip of ['93.184.216.5', '2606:2800:220::5', '93.184.216.6']) {
    const decision = asked(ip)
    assert.deepEqual(!decision.ok && [decision.problem, decision.detail], [
      'address-special',
      `${ip} is an address of this service itself`,
    ])
  }
  for (const ip of ['93.184.216.7', '2606:2800:220::6']) {
    const decision = asked(ip)
    assert.deepEqual(decision.ok && decision.vantages, ['syd-1', 'mel-1'])
  }
})
