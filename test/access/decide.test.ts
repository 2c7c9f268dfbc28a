/** The decision who may test which address, and in which order it is made. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Caller } from '../../src/access/callers.ts'
import type { Customers } from '../../src/access/customer.ts'
import { type AccessRequest, type Decision, decide, type Origin, type VantageReach } from '../../src/access/decide.ts'
import { prefixOf } from '../../src/ip/prefix.ts'
import { addressOf } from '../harness/addresses.ts'
import { loadCustomers } from '../harness/customers.ts'
import { yamlFile } from '../harness/files.ts'

const CUSTOMERS = `customers:
  - { id: acme, name: A, networks: [8.8.0.0/16, '2600:1406:a::/64'], domains: [example.com, example.net], mailboxes: [joe@a.example.com, jane@example.net, jim@example.net, Ann@EXAMPLE.com] }
  - { id: beta, name: B, networks: [8.8.8.0/24], domains: [example.org], mailboxes: [bob@example.org] }
  - { id: gamma, name: C, networks: [93.184.216.0/24] }
  - { id: delta, name: D, networks: [12.1.0.0/16, '2600:1406:d::/48'] }
  - { id: omega, name: O, networks: [9.9.9.9/32, { cidr: 10.1.0.0/16, allowSpecial: true }] }
neverTest: [8.8.4.4/32]
`

const ALL: Caller = { id: 'desk', customers: 'all', quota: null, sandbox: false, sweeps: false, webhook: null }
const limitedTo = (...ids: string[]): Caller => ({
  id: 'partner',
  customers: new Set(ids),
  quota: null,
  sandbox: false,
  sweeps: false,
  webhook: null,
})

const OUTSIDE: VantageReach = { name: 'syd-1', sources: [addressOf('198.51.100.7')], families: new Set([4, 6]) }
const from = (...vantages: readonly Partial<VantageReach>[]): Origin => ({
  own: [],
  translations: [],
  vantages: vantages.map((vantage) => ({ ...OUTSIDE, ...vantage })),
})
const ORIGIN = from({})

const load = (t: TestContext, text = CUSTOMERS, allowLoopback = false): Customers =>
  loadCustomers([yamlFile(t, text)], { allowLoopback, mailboxDomain: 'relaytest.isp.example' })

const request = (
  ip: string,
  {
    customerId = null,
    domain = null,
    knownMailbox = null,
    vantage = null,
  }: Partial<Omit<AccessRequest, 'address'>> = {},
): AccessRequest => ({
  address: addressOf(ip),
  customerId,
  domain,
  knownMailbox,
  vantage,
})

/** The customer that the test is for, or the problem. */
const said = (decision: Decision): string => (decision.ok ? decision.customer.id : decision.problem)

test('a caller may test an address exactly for its owner, and only where the owner is in scope', (t) => {
  const customers = load(t)
  const owners = {
    '8.8.1.1': 'acme',
    '2600:1406:a::25': 'acme',
    '8.8.8.8': 'beta',
    '93.184.216.34': 'gamma',
    '12.1.2.3': 'delta',
    '9.9.9.9': 'omega',
    '9.9.9.8': null,
  }
  const scopes = [null, ['acme', 'beta'], ['gamma'], [], ['delta', 'omega', 'no-such-customer']]
  const asked = [null, 'acme', 'beta', 'gamma', 'delta', 'omega', 'no-such-customer']
  let cells = 0
  let admitted = 0
  for (const scope of scopes) {
    const caller = scope === null ? ALL : limitedTo(...scope)
    for (const customerId of asked) {
      for (const [ip, owner] of Object.entries(owners)) {
        const right = owner !== null && (customerId ?? owner) === owner && (scope === null || scope.includes(owner))
        const decision = decide(request(ip, { customerId }), caller, customers, ORIGIN)
        assert.equal(said(decision), right ? owner : 'not-allowed', `${scope} asks for ${customerId} at ${ip}`)
        cells += 1
        admitted += right ? 1 : 0
      }
    }
  }
  assert.equal(cells, 245)
  assert.equal(admitted, 24)
})

test('a limited caller cannot tell unknown customers, those of others and unlisted addresses apart', (t) => {
  const customers = load(t)
  for (const ip of ['93.184.216.34', '2600:1406:d::1', '9.9.9.8', '8.8.8.8', '2606:4700::1111']) {
    const denied = (customerId: string | null) =>
      decide(request(ip, { customerId }), limitedTo('acme'), customers, ORIGIN)
    const text = addressOf(ip).text
    assert.deepEqual(denied(null), {
      ok: false,
      problem: 'not-allowed',
      detail: `this key may not test ${text}`,
      pointer: '/ip',
    })
    for (const customerId of ['acme', 'beta', 'gamma', 'omega', 'no-such-customer', '']) {
      assert.deepEqual(denied(customerId), {
        ok: false,
        problem: 'not-allowed',
        detail: `this key may not test ${text}, or not for this customer`,
        pointer: '/customerId',
      })
    }
  }
  const details = ['93.184.216.34', '9.9.9.8'].map((ip) => {
    const decision = decide(request(ip), limitedTo('acme'), customers, ORIGIN)
    return decision.ok ? '' : decision.detail.replace(ip, 'IP')
  })
  assert.equal(details[0], details[1])
})

test('a limited caller cannot tell whether a special address is listed with another customer', {}, (t) => {
  const customers = load(t)
  const problems = ['10.1.2.3', '10.2.2.3'].map((ip) => said(decide(request(ip), limitedTo('acme'), customers, ORIGIN)))
  assert.equal(problems[0], problems[1])
})

test('a caller with all customers is told what is wrong', (t) => {
  const customers = load(t)
  const denied = (ip: string, customerId: string | null) => {
    const decision = decide(request(ip, { customerId }), ALL, customers, ORIGIN)
    return decision.ok ? null : [decision.detail, decision.pointer]
  }
  assert.deepEqual(denied('8.8.8.8', 'nobody'), ['there is no customer nobody', '/customerId'])
  assert.deepEqual(denied('9.9.9.8', null), ['9.9.9.8 is not in a network of any customer', '/ip'])
  assert.deepEqual(denied('9.9.9.8', 'acme'), ['9.9.9.8 is not in a network of any customer', '/ip'])
  assert.deepEqual(denied('8.8.8.8', 'acme'), ['8.8.8.8 belongs to customer beta, not to acme', '/customerId'])
})

test('a denial points at the member that it is about', (t) => {
  const customers = load(t)
  const wide = { customerId: 'acme', domain: 'example.net' }
  const origin = { ...ORIGIN, own: [addressOf('8.8.1.9')] }
  const inside = from({ sources: [addressOf('8.8.200.1')] })
  const rows: readonly (readonly [problem: string, pointer: string, Decision])[] = [
    ['address-special', '/ip', decide(request('10.2.2.3', wide), ALL, customers, ORIGIN)],
    ['address-special', '/ip', decide(request('8.8.1.9', wide), ALL, customers, origin)],
    ['opted-out', '/ip', decide(request('8.8.4.4', wide), ALL, customers, ORIGIN)],
    ['domain-not-listed', '/domain', decide(request('8.8.1.1', { domain: 'example.org' }), ALL, customers, ORIGIN)],
    ['domain-not-listed', '/domain', decide(request('93.184.216.34', { domain: 'a.example' }), ALL, customers, ORIGIN)],
    ['vantage-inside-network', '/ip', decide(request('8.8.1.1', wide), ALL, customers, inside)],
    ['vantage-family', '/ip', decide(request('8.8.1.1', wide), ALL, customers, from({ families: new Set() }))],
  ]
  for (const [problem, pointer, decision] of rows) {
    assert.deepEqual(decision.ok ? null : [decision.problem, decision.pointer], [problem, pointer])
  }
})

/** A customers file that lists everything, which loading would refuse: what is left are the rules of the decision. */
function everythingListed(allowSpecial: boolean): Customers {
  const customer = { id: 'acme', name: 'A', networks: [], domains: [], mailboxes: [], quota: null }
  return {
    all: new Map([['acme', customer]]),
    testing: true,
    ownerOf: () => ({ customer, allowSpecial }),
    isInside: () => false,
    isOptedOut: () => false,
    serversOf: () => [],
  }
}

const LIFTABLE = ['10.0.0.1', '100.64.0.1', '169.254.1.1', '172.31.255.255', '192.0.2.1', '192.168.0.1', '198.19.0.1']
const LIFTABLE_TOO = ['198.51.100.1', '203.0.113.25', '240.0.0.1', '100::1', '2001:db8::1', '3fff::1', 'fd00::1']
const NEVER = ['0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::', '::8.8.8.8', '2001::1']
const NEVER_TOO = ['::ffff:8.8.8.8', '::ffff:0:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1', 'fe80::1', 'ff02::1']
const ISATAP = ['2600:1406:a::5efe:8.8.8.8', '2600:1406:a::200:5efe:8.8.8.8']

test('special ranges are denied before any list allows them', () => {
  const denied = [...LIFTABLE, ...LIFTABLE_TOO, ...NEVER, ...NEVER_TOO, ...ISATAP]
  for (const ip of denied) {
    const decision = decide(request(ip), ALL, everythingListed(false), ORIGIN)
    assert.equal(said(decision), 'address-special', ip)
  }
  assert.equal(said(decide(request('8.8.8.8'), ALL, everythingListed(false), ORIGIN)), 'acme')
})

test('allowSpecial lifts the reserved ranges and no others', () => {
  for (const ip of [...LIFTABLE, ...LIFTABLE_TOO]) {
    assert.equal(said(decide(request(ip), ALL, everythingListed(true), ORIGIN)), 'acme', ip)
  }
  for (const ip of [...NEVER, ...NEVER_TOO, ...ISATAP]) {
    assert.equal(said(decide(request(ip), ALL, everythingListed(true), ORIGIN)), 'address-special', ip)
  }
})

test('an ISATAP address is denied in the midst of an allowed /64', (t) => {
  const customers = load(t)
  assert.equal(said(decide(request('2600:1406:a::5efe:808:808'), ALL, customers, ORIGIN)), 'address-special')
  assert.equal(said(decide(request('2600:1406:a::5eff:808:808'), ALL, customers, ORIGIN)), 'acme')
})

test('an address of this machine is denied even to its owner', (t) => {
  const customers = load(t)
  const origin = { ...ORIGIN, own: [addressOf('127.0.0.1'), addressOf('8.8.1.1'), addressOf('2600:1406:a::1')] }
  assert.equal(said(decide(request('8.8.1.1'), limitedTo('acme'), customers, origin)), 'address-special')
  assert.equal(said(decide(request('2600:1406:a:0:0::1'), ALL, customers, origin)), 'address-special')
  assert.equal(said(decide(request('8.8.1.2'), ALL, customers, origin)), 'acme')
})

test('loopback is tested only where it is listed, and then without the rules on own addresses and vantage', (t) => {
  const origin = { ...from({ sources: [addressOf('127.0.0.1')], families: new Set() }), own: [addressOf('127.0.0.1')] }
  assert.equal(said(decide(request('127.0.0.1'), ALL, load(t), origin)), 'address-special')
  assert.equal(said(decide(request('::1'), ALL, load(t), origin)), 'address-special')
  const trial = load(t, 'customers: [{ id: demo, name: D, networks: [127.0.0.0/24] }]', true)
  assert.equal(said(decide(request('127.0.0.1'), ALL, trial, origin)), 'demo')
  assert.equal(said(decide(request('127.0.1.1'), ALL, trial, origin)), 'address-special')
  assert.equal(decide(request('127.0.0.1'), limitedTo('acme'), trial, origin).ok, false)
})

test('an address that has opted out is not tested, and only who may test it is told so', (t) => {
  const customers = load(t)
  assert.equal(said(decide(request('8.8.4.4'), ALL, customers, ORIGIN)), 'opted-out')
  assert.equal(said(decide(request('8.8.4.4'), limitedTo('acme'), customers, ORIGIN)), 'opted-out')
  assert.equal(said(decide(request('8.8.4.4'), limitedTo('beta'), customers, ORIGIN)), 'not-allowed')
})

test("a domain must be one of the customer's or lie under one; else the first is used", (t) => {
  const customers = load(t)
  const domainOf = (ip: string, domain: string | null) => {
    const decision = decide(request(ip, { domain }), ALL, customers, ORIGIN)
    return decision.ok ? decision.domain : decision.problem
  }
  assert.deepEqual(domainOf('8.8.1.1', null), { name: 'example.com', source: 'customer' })
  assert.equal(domainOf('93.184.216.34', null), null)
  assert.deepEqual(domainOf('8.8.1.1', 'example.net'), { name: 'example.net', source: 'request' })
  assert.deepEqual(domainOf('8.8.1.1', 'Mail.EXAMPLE.net'), { name: 'mail.example.net', source: 'request' })
  for (const domain of ['example.org', 'badexample.com', 'com', 'example.com.au']) {
    assert.equal(domainOf('8.8.1.1', domain), 'domain-not-listed', domain)
  }
  assert.equal(domainOf('93.184.216.34', 'example.com'), 'domain-not-listed')
})

test('a known mailbox must be at a domain of the customer, and a mailbox in a request wins', (t) => {
  const customers = load(t)
  const namesOf = (ip: string, asked: Partial<Omit<AccessRequest, 'address'>>) => {
    const decision = decide(request(ip, asked), ALL, customers, ORIGIN)
    return decision.ok ? [decision.domain, decision.knownMailbox] : [decision.problem, decision.pointer]
  }
  const given = (name: string) => ({ name, source: 'request' })
  const listed = (name: string) => ({ name, source: 'customer' })
  const denied = ['domain-not-listed', '/knownMailbox']
  const rows: readonly (readonly [ip: string, asked: Partial<Omit<AccessRequest, 'address'>>, unknown])[] = [
    // The default is the first mailbox at the domain of the test.
    ['8.8.1.1', {}, [listed('example.com'), listed('Ann@example.com')]],
    ['8.8.1.1', { domain: 'example.net' }, [given('example.net'), listed('jane@example.net')]],
    ['8.8.1.1', { domain: 'A.example.com' }, [given('a.example.com'), listed('joe@a.example.com')]],
    ['8.8.1.1', { domain: 'b.example.com' }, [given('b.example.com'), null]],
    ['93.184.216.34', {}, [null, null]],
    // Without a domain in the request, that of the mailbox counts.
    ['8.8.1.1', { knownMailbox: 'x@example.net' }, [given('example.net'), given('x@example.net')]],
    ['8.8.1.1', { knownMailbox: 'x@b.example.net' }, [given('b.example.net'), given('x@b.example.net')]],
    [
      '8.8.1.1',
      { domain: 'example.com', knownMailbox: 'x@example.net' },
      [given('example.com'), given('x@example.net')],
    ],
    ['8.8.1.1', { knownMailbox: 'jane@example.org' }, denied],
    ['8.8.1.1', { knownMailbox: 'jane@badexample.com' }, denied],
    ['8.8.1.1', { domain: 'example.com', knownMailbox: 'jane@example.org' }, denied],
    ['8.8.1.1', { domain: 'example.org', knownMailbox: 'jane@example.com' }, ['domain-not-listed', '/domain']],
    ['93.184.216.34', { knownMailbox: 'jane@example.com' }, denied],
    // A narrower network of another customer: its owner counts, and not the owner of the wider one.
    ['8.8.8.8', { knownMailbox: 'jane@example.com' }, denied],
    ['8.8.8.8', { knownMailbox: 'x@example.org' }, [given('example.org'), given('x@example.org')]],
    ['8.8.8.8', {}, [listed('example.org'), listed('bob@example.org')]],
    ['8.8.4.4', { knownMailbox: 'jane@example.org' }, ['opted-out', '/ip']],
  ]
  for (const [ip, asked, expected] of rows) assert.deepEqual(namesOf(ip, asked), expected, JSON.stringify([ip, asked]))
})

test("a test does not start from within the customer's own networks", (t) => {
  const customers = load(t)
  const inside = from({ sources: [addressOf('198.51.100.7'), addressOf('8.8.200.1')] })
  assert.equal(said(decide(request('8.8.1.1'), ALL, customers, inside)), 'vantage-inside-network')
  assert.equal(said(decide(request('2600:1406:a::1'), ALL, customers, inside)), 'vantage-inside-network')
  assert.equal(said(decide(request('93.184.216.34'), ALL, customers, inside)), 'gamma')
  assert.equal(said(decide(request('8.8.1.1'), limitedTo('beta'), customers, inside)), 'not-allowed')
})

test('of several vantages those fit that lie outside and speak the IP version, in their order; one that was named is the only one', (t) => {
  const customers = load(t)
  const origin = from(
    { name: 'inside', sources: [addressOf('8.8.200.1')] },
    { name: 'four', families: new Set([4]) },
    { name: 'six', families: new Set([6]) },
    { name: 'both' },
  )
  const ask = (ip: string, vantage: string | null) => decide(request(ip, { vantage }), ALL, customers, origin)
  const rows = [
    ['8.8.1.1', null, ['four', 'both']],
    ['2600:1406:a::1', null, ['six', 'both']],
    ['93.184.216.34', null, ['inside', 'four', 'both']],
    ['8.8.1.1', 'both', ['both']],
    ['93.184.216.34', 'inside', ['inside']],
    [
      '8.8.1.1',
      'inside',
      'vantage-inside-network',
      'our vantage 8.8.200.1 is in a network of customer acme: a test must come from outside',
    ],
    ['8.8.1.1', 'six', 'vantage-family', 'our vantage has no IPv4 address'],
    ['8.8.1.1', 'mel-1', 'vantage-unknown', 'there is no vantage mel-1: GET /vantages lists them'],
    // A fault of the address itself comes first.
    ['8.8.4.4', 'mel-1', 'opted-out'],
  ] as const
  for (const [ip, vantage, expected, detail] of rows) {
    const decision = ask(ip, vantage)
    assert.deepEqual(decision.ok ? decision.vantages : decision.problem, expected, `${ip} from ${vantage}`)
    if (decision.ok || detail === undefined) continue
    assert.deepEqual([decision.detail, decision.pointer], [detail, '/vantage'])
  }
})

test('if no vantage fits, each one outside the network is named', (t) => {
  const customers = load(t)
  const four = new Set<4 | 6>([4])
  const origin = from({ name: 'a', families: four }, { name: 'b', families: four })
  const decision = decide(request('2600:1406:a::1'), ALL, customers, origin)
  assert.ok(!decision.ok)
  assert.deepEqual(
    [decision.problem, decision.pointer, decision.detail],
    ['vantage-family', '/ip', 'our vantages a, b have no IPv6 address'],
  )
})

test('a test needs a vantage that speaks the IP version of the target', (t) => {
  const customers = load(t)
  const only = (family: 4 | 6) => from({ families: new Set([family]) })
  assert.equal(said(decide(request('2600:1406:a::1'), ALL, customers, only(4))), 'vantage-family')
  assert.equal(said(decide(request('2600:1406:a::1'), ALL, customers, only(6))), 'acme')
  assert.equal(said(decide(request('8.8.1.1'), ALL, customers, only(6))), 'vantage-family')
})

test('an IPv6 address that our network translates is denied like the IPv4 address behind it', (t) => {
  const customers = load(
    t,
    "customers: [{ id: acme, name: A, networks: ['2a00:64::/32', '2a01:600::/32'] }]\nneverTest: [8.8.4.4/32]\n",
  )
  const networks = ['2a00:64::/96', '2a00:64:1::/64', '2a01:600::/32'].map(prefixOf)
  const origin = { ...ORIGIN, own: [addressOf('9.9.9.9')], translations: networks }
  const rows = [
    ['2a00:64::7f00:1', 'address-special'],
    ['2a00:64::a00:1', 'address-special'],
    ['2a00:64::909:909', 'address-special'],
    ['2a00:64::808:404', 'opted-out'],
    ['2a00:64::808:808', 'acme'],
    ['2a00:64:1:0:a:0:100::', 'address-special'],
    ['2a00:64:1:0:8:804:400::', 'opted-out'],
    ['2a01:600:a00:1::25', 'address-special'],
    ['2a01:600:808:404::25', 'opted-out'],
    ['2a01:600:808:808::25', 'acme'],
  ] as const
  const got = rows.map(([ip]) => [ip, said(decide(request(ip), ALL, customers, origin))])
  assert.deepEqual(got, rows)
  assert.deepEqual(
    rows.map(([ip]) => said(decide(request(ip), ALL, customers, ORIGIN))),
    rows.map(() => 'acme'),
  )
})
