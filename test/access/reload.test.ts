/** Large customers files are read again without holding up the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Customers } from '../../src/access/customer.ts'
import { loadCustomers as loadElsewhere } from '../../src/access/customers.ts'
import { FileFaults } from '../../src/files/faults.ts'
import { addressOf } from '../harness/addresses.ts'
import { addressIn, customersYamlOf, loadCustomers } from '../harness/customers.ts'
import { contentsOf, folderOf, writeYaml, yamlFile } from '../harness/files.ts'

const RULES = { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' }

const ownersOf = (customers: Customers, places: readonly number[]) =>
  places.map((n) => customers.ownerOf(addressOf(addressIn(n)))?.customer)

/** As large as makes it worth a process of its own. */
const LARGE = '#'.repeat(70_000)

for (const [size, more] of Object.entries({ small: '', large: LARGE }))
  test(`what is reloaded from a ${size} file is what is loaded`, async (t) => {
    const text = `${more}
testing: false
customers:
  - { id: wide, name: Wide, networks: [8.8.0.0/16, { cidr: 10.0.0.0/16, allowSpecial: true }], quota: 5/1h }
  - { id: inner, name: Inner, networks: [8.8.8.0/24, '2600:1406::/48'], domains: [inner.example] }
neverTest: [8.8.9.9/32]
`
    const path = yamlFile(t, text)
    const [loaded, reloaded] = [loadCustomers([path], RULES), await loadElsewhere(contentsOf([path]), RULES)]
    assert.deepEqual([...reloaded.all], [...loaded.all])
    assert.equal(reloaded.testing, false)
    for (const ip of ['8.8.0.1', '8.8.8.8', '8.8.9.9', '10.0.1.1', '2600:1406::1', '9.9.9.9']) {
      const address = addressOf(ip)
      assert.deepEqual(reloaded.ownerOf(address), loaded.ownerOf(address), ip)
      assert.equal(reloaded.isOptedOut(address), loaded.isOptedOut(address), ip)
    }
  })

test('faults of a reload are those of a load', async (t) => {
  const text = 'customers:\n  - { id: a, name: A, networks: [8.8.8.8/24] }\n  - { id: a, colour: red }\n'
  const path = yamlFile(t, `${text}${LARGE}\n`)
  const faults = (error: unknown) => (error instanceof FileFaults ? error.faults : error)
  const reloading = await loadElsewhere(contentsOf([path]), RULES).then(() => [], faults)
  assert.throws(
    () => loadCustomers([path], RULES),
    (error) => {
      assert.deepEqual(reloading, faults(error))
      return true
    },
  )
})

test('while 100,000 networks are reloaded, everything else goes on', async (t) => {
  const folder = folderOf(t)
  const path = `${folder}/customers.yaml`
  writeYaml(path, customersYamlOf(100_000, 20))
  let turns = 0
  let done = false
  const reloading = loadElsewhere(contentsOf([path]), RULES).finally(() => {
    done = true
  })
  for (; !done; turns += 1) await sleep(1)
  const customers = await reloading
  // Read in this thread, it would have been one.
  assert.ok(turns > 100, `only ${turns} turns`)
  assert.equal(customers.all.size, 5_000)
  assert.equal(customers.serversOf('c4999').length, 20)
  const owners = ownersOf(customers, [0, 19, 20, 65_535, 65_536, 99_999])
  assert.deepEqual(
    owners.map((customer) => customer?.id),
    ['c0', 'c0', 'c1', 'c3276', 'c3276', 'c4999'],
  )
  const { networks = [], ...first } = owners[0] ?? {}
  assert.deepEqual(first, { id: 'c0', name: 'Customer 0', domains: ['c0.example.com'], mailboxes: [], quota: null })
  assert.equal(networks.length, 20)
})

test('a large file is read here where no process can be started', async (t) => {
  const path = yamlFile(t, `testing: false\n${LARGE}\n`)
  const { execPath } = process
  process.execPath = '/nowhere/node'
  t.after(() => {
    process.execPath = execPath
  })
  assert.equal((await loadElsewhere(contentsOf([path]), RULES)).testing, false)
})
