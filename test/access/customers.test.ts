/** Customers files that are right: networks, mail domains and the opt-out list. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Customers, isWithin } from '../../src/access/customer.ts'
import { addressOf } from '../harness/addresses.ts'
import { loadCustomers } from '../harness/customers.ts'
import { faultsOf, yamlFile, yamlFolder } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'

const RULES = { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' }

const load = (t: TestContext, text: string, rules = RULES): Customers => loadCustomers([yamlFile(t, text)], rules)

const ownerOf = (customers: Customers, text: string): string | null =>
  customers.ownerOf(addressOf(text))?.customer.id ?? null

test('a customers file gives each customer its networks, domains, mailboxes and quota', (t) => {
  const customers = load(
    t,
    `testing: true
customers:
  - id: acme
    name: Acme Pty Ltd
    networks: [{ cidr: 203.0.113.0/24, allowSpecial: true }, { cidr: 2001:db8:25::/48, allowSpecial: true }]
    domains: [Example.COM, example.net]
    mailboxes: [Jane.Doe@Mail.Example.com, postmaster@example.net]
    servers: [203.0.113.25, { ip: 203.0.113.26, port: 2525, domain: Mail.example.net }, "2001:DB8:25::25"]
    quota: 100/1h
  - id: beta
    name: Beta
    networks: [93.184.216.0/24, 2600:1406::/48]
neverTest: [203.0.113.250/32]
`,
  )
  const acme = customers.all.get('acme')
  assert.equal(acme?.name, 'Acme Pty Ltd')
  for (const text of ['203.0.113.0', '203.0.113.255', '2001:db8:25::', '2001:db8:25:ffff::1']) {
    assert.equal(ownerOf(customers, text), 'acme', text)
  }
  assert.deepEqual(acme?.domains, ['example.com', 'example.net'])
  assert.deepEqual(acme?.mailboxes, ['Jane.Doe@mail.example.com', 'postmaster@example.net'])
  assert.deepEqual(customers.all.get('beta')?.mailboxes, [])
  assert.deepEqual(acme?.quota, { max: 100, windowMs: 3_600_000 })
  assert.deepEqual(customers.serversOf('acme'), [
    { ip: '203.0.113.25', port: 25, domain: null },
    { ip: '203.0.113.26', port: 2525, domain: 'mail.example.net' },
    { ip: '2001:db8:25::25', port: 25, domain: null },
  ])
  assert.deepEqual(customers.serversOf('beta'), [])
  assert.deepEqual(customers.all.get('beta')?.domains, [])
  assert.equal(customers.all.get('beta')?.quota, null)
  assert.equal(customers.testing, true)
  assert.deepEqual([...customers.all.keys()], ['acme', 'beta'])
})

test('the example that is shipped loads where loopback may be tested, and only there', () => {
  const example = join(ROOT, 'examples/customers.yaml')
  const customers = loadCustomers([example], { ...RULES, allowLoopback: true })
  assert.deepEqual([...customers.all.keys()], ['demo', 'acme'])
  assert.equal(ownerOf(customers, '127.0.0.1'), 'demo')
  assert.equal(faultsOf(() => loadCustomers([example], RULES)).length, 2)
})

test('of nested networks the longest prefix owns an address, whoever holds the others', (t) => {
  const customers = load(
    t,
    `customers:
  - { id: wide, name: Wide, networks: [8.8.0.0/16, '2600:1406::/32'] }
  - { id: inner, name: Inner, networks: [8.8.8.0/24, '2600:1406:0:8::/64'] }
  - { id: single, name: Single, networks: [8.8.8.8/32, '2600:1406:0:8::8/128'] }
`,
  )
  const owners = [
    ['8.8.0.0', 'wide'],
    ['8.8.7.255', 'wide'],
    ['8.8.8.0', 'inner'],
    ['8.8.8.7', 'inner'],
    ['8.8.8.8', 'single'],
    ['8.8.8.9', 'inner'],
    ['8.8.9.0', 'wide'],
    ['8.9.0.0', null],
    ['8.7.255.255', null],
    ['2600:1406::1', 'wide'],
    ['2600:1406:0:8::1', 'inner'],
    ['2600:1406:0:8::8', 'single'],
    ['2600:1406:0:9::', 'wide'],
    ['2600:1407::', null],
  ] as const
  for (const [text, owner] of owners) assert.equal(ownerOf(customers, text), owner, text)
})

test('an address is inside the networks of a customer, be it another one that owns it', (t) => {
  const customers = load(
    t,
    `customers:
  - { id: wide, name: Wide, networks: [8.8.0.0/16] }
  - { id: inner, name: Inner, networks: [8.8.8.0/24] }
  - { id: other, name: Other, networks: [9.9.9.0/24] }
`,
  )
  const insideOf = (text: string) =>
    [...customers.all.values()].filter((customer) => customers.isInside(addressOf(text), customer)).map(({ id }) => id)
  assert.deepEqual(insideOf('8.8.8.8'), ['wide', 'inner'])
  assert.deepEqual(insideOf('8.8.9.8'), ['wide'])
  assert.deepEqual(insideOf('9.9.9.9'), ['other'])
  assert.deepEqual(insideOf('9.9.8.9'), [])
})

test('allowSpecial holds for the network that it stands with and for no other', (t) => {
  const customers = load(
    t,
    `customers:
  - id: acme
    name: Acme
    networks: [{ cidr: 10.1.0.0/16, allowSpecial: true }, 93.184.216.0/24, { cidr: 8.0.0.0/8, allowWide: true }]
`,
  )
  assert.equal(customers.ownerOf(addressOf('10.1.2.3'))?.allowSpecial, true)
  assert.equal(customers.ownerOf(addressOf('93.184.216.34'))?.allowSpecial, false)
  assert.equal(customers.ownerOf(addressOf('8.1.2.3'))?.allowSpecial, false)
})

test('a network may be as wide as a /16 or a /32, and wider where the file says so', (t) => {
  for (const network of ['8.8.0.0/16', '2600:1406::/32']) {
    assert.ok(load(t, `customers: [{ id: a, name: A, networks: ['${network}'] }]`))
  }
  for (const network of ['8.8.0.0/15', '2600:1406::/31']) {
    assert.ok(load(t, `customers: [{ id: a, name: A, networks: [{ cidr: '${network}', allowWide: true }] }]`))
  }
})

test('loopback may be listed where the operator allows it', (t) => {
  for (const network of ['127.0.0.0/8', '127.0.0.1/32', '::1/128']) {
    const customers = load(t, `customers: [{ id: a, name: A, networks: ['${network}'] }]`, {
      ...RULES,
      allowLoopback: true,
    })
    assert.equal(ownerOf(customers, network.startsWith(':') ? '::1' : '127.0.0.1'), 'a')
  }
})

test('addresses of neverTest have opted out, and their neighbours have not', (t) => {
  const customers = load(t, "neverTest: [203.0.113.250/32, 198.51.100.0/24, '2001:db8::/32']")
  for (const text of ['203.0.113.250', '198.51.100.0', '198.51.100.255', '2001:db8::', '2001:db8:ffff::1']) {
    assert.equal(customers.isOptedOut(addressOf(text)), true, text)
  }
  for (const text of ['203.0.113.249', '203.0.113.251', '198.51.101.0', '2001:db9::', '::ffff:203.0.113.250']) {
    assert.equal(customers.isOptedOut(addressOf(text)), false, text)
  }
})

test('the files of a folder are read as one', (t) => {
  const folder = yamlFolder(t, {
    'a.yaml': 'customers: [{ id: acme, name: Acme, networks: [8.8.0.0/16] }]\n',
    'b.yaml': 'customers: [{ id: beta, name: Beta, networks: [8.8.8.0/24] }]\nneverTest: [8.8.1.1/32]\n',
  })
  const customers = loadCustomers([join(folder, 'a.yaml'), join(folder, 'b.yaml')], RULES)
  assert.deepEqual([...customers.all.keys()], ['acme', 'beta'])
  assert.equal(ownerOf(customers, '8.8.8.8'), 'beta')
  assert.equal(ownerOf(customers, '8.8.1.1'), 'acme')
  assert.equal(customers.isOptedOut(addressOf('8.8.1.1')), true)
})

test('testing: false in any file of a folder stops all tests', (t) => {
  const folder = yamlFolder(t, {
    'a.yaml': 'testing: true\n',
    'b.yaml': 'testing: false\n',
    'c.yaml': 'customers: []\n',
  })
  const testing = (...names: string[]) =>
    loadCustomers(
      names.map((name) => join(folder, name)),
      RULES,
    ).testing
  assert.equal(testing('a.yaml', 'b.yaml', 'c.yaml'), false)
  assert.equal(testing('b.yaml', 'a.yaml'), false)
  assert.equal(testing('a.yaml', 'c.yaml'), true)
})

test('a domain lies within itself and its parents, label by label', () => {
  assert.ok(isWithin('example.com', 'example.com'))
  assert.ok(isWithin('mail.example.com', 'example.com'))
  assert.ok(!isWithin('example.com', 'mail.example.com'))
  assert.ok(!isWithin('badexample.com', 'example.com'))
})
