import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../src/access/callers.ts'
import { loadCustomers } from '../../src/access/customers.ts'
import { permissionsOf } from '../../src/service/permissions.ts'
import { memoryStores } from '../../src/store/stores.ts'
import { throughSocks5 } from '../../src/vantage/socks5.ts'
import { DEFAULT_VANTAGE, type Vantage } from '../../src/vantage/vantage.ts'
import { addressOf } from '../harness/addresses.ts'
import { yamlFile } from '../harness/files.ts'

const ALL: Caller = { id: 'desk', customers: 'all', quota: null, sandbox: false }
const NETWORKS = 'customers: [{ id: acme, name: A, networks: [93.184.216.0/24, "2606:2800:220::/48"] }]\n'

/** A vantage behind a proxy, which is seen at one address of each version. */
const behind = (name: string, proxy: string): Vantage => ({
  ...DEFAULT_VANTAGE,
  name,
  publicIps: [addressOf('198.51.100.7'), addressOf('2001:db8:51::7')],
  egress: throughSocks5({ address: addressOf(proxy), port: 1080, login: null }),
})

test('the proxies of all vantages, and the store, are no targets, whoever lists them', (t) => {
  const customers = loadCustomers([yamlFile(t, NETWORKS)], { allowLoopback: false, mailboxDomain: 'isp.example' })
  const server = { isUp: async () => true, addresses: () => ['93.184.216.6'] }
  const all = [behind('syd-1', '93.184.216.5'), behind('mel-1', '2606:2800:220::5')]
  const permit = permissionsOf(ALL, {
    customers: () => customers,
    vantages: { all, isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    stores: { ...memoryStores(1), server },
  })
  const asked = (ip: string) => permit({ address: addressOf(ip), customerId: null, domain: null, vantage: null })
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
