/** Looking up a name with very many addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Directory } from '../../src/service/directory.ts'
import { realWorld } from '../../src/service/real-world.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { loadCustomers } from '../harness/customers.ts'
import { yamlFile } from '../harness/files.ts'
import { SETTINGS } from './jobs.ts'

const CUSTOMERS = 'customers: [{ id: acme, name: A, networks: [8.8.0.0/16] }]'

test('a name with thousands of addresses costs little: only the shown ones and one more are read', async (t) => {
  const customers = loadCustomers([yamlFile(t, CUSTOMERS)], { allowLoopback: false, mailboxDomain: 'relay.example' })
  let read = 0
  const many = Array.from({ length: 5_000 }, (_, index) => `2001:db8::${index.toString(16)}`)
  const ips = new Proxy(many, {
    get(target, key) {
      if (/^\d+$/.test(String(key))) read += 1
      return Reflect.get(target, key)
    },
  })
  const world = realWorld({
    customers: () => customers,
    vantages: { all: [DEFAULT_VANTAGE], isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    stores: { server: null },
    deliveries: null,
    settings: SETTINGS,
    addressesOf: async () => [],
    lookUp: async (name) => ({ mx: [], hosts: [{ name, preference: null, ips }], unanswered: [], truncated: false }),
  })
  const desk = { id: 'desk', customers: 'all', quota: null, sandbox: false, sweeps: false, webhook: null } as const
  const { addresses, truncated } = await new Directory(() => world).addresses(desk, 'example.com')
  assert.deepEqual([addresses.length, truncated], [32, true])
  assert.ok(read <= 34, `${read} were read`)
})
