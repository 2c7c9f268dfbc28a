/** The order of the checks before a test, and who may test what. */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { writeYaml } from '../harness/files.ts'
import { bearer, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed, deadPort } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { CUSTOMERS, configFolder, KEYS, startService, type TestService } from '../harness/service.ts'

/** The customers of the harness, and one that owns a part of acme's network. */
const NESTED = CUSTOMERS.replace(
  'neverTest:',
  `  - id: tenant
    name: Tenant
    networks: [127.0.0.128/25]
    domains: [tenant.example]
neverTest:`,
)

const DESK = bearer(KEYS.desk)

/** Returns a problem without its id and address, so that two problems can be compared. */
const anonymous = async (response: Response, slug: ProblemSlug, address: string) => {
  const body = await problemIn(response, slug)
  const hidden = (text: string) => text.replaceAll(address, 'ADDRESS')
  const errors = body.errors?.map(({ detail, pointer }) => ({ detail: hidden(detail), pointer }))
  return { ...body, instance: '', detail: hidden(body.detail), errors }
}

test('the order of checks', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` } })
  const port = mail.port
  const good = { ip: '127.0.0.1', port }
  const badAccept = { accept: 'application/xml' }
  const badType = { 'content-type': 'text/xml' }

  /** Requests with two faults each, and the problem of the fault that must be found first. */
  const ordered: readonly (readonly [
    title: string,
    slug: ProblemSlug,
    body: object,
    headers: Record<string, string>,
  ])[] = [
    ['the key before Accept', 'unauthenticated', good, { ...bearer(keyOf('x')), ...badAccept }],
    ['the key before Content-Type', 'unauthenticated', good, { ...bearer(keyOf('x')), ...badType }],
    ['the key before the body', 'unauthenticated', {}, bearer(keyOf('x'))],
    ['Accept before Content-Type', 'not-acceptable', good, { ...badAccept, ...badType }],
    ['Accept before the body', 'not-acceptable', {}, badAccept],
    ['Accept before the size of the body', 'not-acceptable', { ip: 'x'.repeat(9000) }, badAccept],
    ['Content-Type before the body', 'unsupported-media-type', {}, badType],
    ['the body before special ranges', 'invalid-request', { ip: '192.168.0.1', port: 0 }, {}],
    ['special ranges before scope', 'address-special', { ip: '192.168.0.1', port, customerId: 'gamma' }, {}],
    ['special ranges before the domain', 'address-special', { ip: '192.168.0.1', port, domain: 'a.invalid' }, {}],
    ['scope before the domain', 'not-allowed', { ip: '127.0.2.1', port, domain: 'a.invalid' }, {}],
    ['scope before opt-out', 'not-allowed', { ip: '127.0.0.99', port, customerId: 'beta' }, {}],
    ['opt-out before the domain', 'opted-out', { ip: '127.0.0.99', port, domain: 'a.invalid' }, {}],
  ]
  for (const [title, slug, body, headers] of ordered) {
    await t.test(title, async () => {
      await problemIn(await service.post(body, headers), slug)
    })
  }

  await t.test('no request with a fault was dialled, but one without a fault is', async () => {
    assert.equal(mail.connections, 0)
    await resultOf(await service.post(good))
    assert.equal(mail.connections, 1)
  })
})

test('the decision about which caller may test which address', async (t) => {
  const port = await deadPort()
  const service = await startService(t, { env: { ALLOWED_PORTS: `${port}` }, customers: NESTED })
  const post = (body: object, headers: Record<string, string> = {}) => service.post({ port, ...body }, headers)

  /** Checks that all these requests get the same problem. */
  const alike = async (refused: readonly { readonly ip: string }[], detail: string, pointer: string) => {
    const bodies = await Promise.all(refused.map(async (body) => anonymous(await post(body), 'not-allowed', body.ip)))
    for (const [index, body] of bodies.entries()) assert.deepEqual(body, bodies[0], JSON.stringify(refused[index]))
    assert.equal(bodies[0]?.detail, `${detail}.`)
    assert.deepEqual(bodies[0]?.errors, [{ detail, pointer }])
  }

  await t.test('a partner that names a customer cannot tell unknown, foreign and unlisted apart', async () => {
    const refused = [
      { ip: '127.0.0.1', customerId: 'nobody' },
      { ip: '127.0.0.1', customerId: 'gamma' },
      { ip: '127.0.0.1', customerId: 'beta' },
      { ip: '127.0.2.1', customerId: 'gamma' },
      { ip: '127.0.2.1', customerId: 'acme' },
      { ip: '93.184.217.34', customerId: 'acme' },
      { ip: '2606:4700::1111', customerId: 'nobody' },
    ]
    await alike(refused, 'this key may not test ADDRESS, or not for this customer', '/customerId')
  })

  await t.test('a partner that names none cannot tell a foreign address and an unlisted one apart', async () => {
    const refused = [{ ip: '127.0.2.1' }, { ip: '93.184.216.34' }, { ip: '93.184.217.34' }, { ip: '2606:4700::1111' }]
    await alike(refused, 'this key may not test ADDRESS', '/ip')
  })

  await t.test('a caller with all customers in its scope gets the exact reason', async () => {
    const rows: readonly (readonly [body: object, detail: string, pointer: string])[] = [
      [{ ip: '127.0.0.1', customerId: 'nobody' }, 'there is no customer nobody', '/customerId'],
      [{ ip: '93.184.217.34' }, '93.184.217.34 is not in a network of any customer', '/ip'],
      [{ ip: '127.0.2.1', customerId: 'acme' }, '127.0.2.1 belongs to customer gamma, not to acme', '/customerId'],
    ]
    for (const [body, detail, pointer] of rows) {
      const refused = await problemIn(await post(body, DESK), 'not-allowed')
      assert.deepEqual([refused.detail, refused.errors], [`${detail}.`, [{ detail, pointer }]])
    }
  })

  await t.test('special addresses are named with their range, for every caller', async () => {
    const special = {
      '10.0.0.1': '10.0.0.0/8',
      '127.9.9.9': '127.0.0.0/8',
      '169.254.169.254': '169.254.169.254/32',
      '0.0.0.0': '0.0.0.0/8',
      '224.0.0.1': '224.0.0.0/4',
      '255.255.255.255': '255.255.255.255/32',
      '198.51.100.1': '198.51.100.0/24',
      '::1': '::1/128',
      '::': '::/128',
      'fe80::1': 'fe80::/10',
      'fc00::1': 'fc00::/7',
      '2001:db8::1': '2001:db8::/32',
      '64:ff9b::7f00:1': '64:ff9b::/96',
      '2002:7f00:1::': '2002::/16',
    }
    for (const [ip, range] of Object.entries(special)) {
      for (const headers of [{}, DESK]) {
        const { detail } = await problemIn(await post({ ip }, headers), 'address-special')
        assert.ok(detail.startsWith(`${ip} is in ${range} (`), detail)
      }
    }
  })

  await t.test('the owner is the customer with the longest prefix', async () => {
    assert.equal((await resultOf(await post({ ip: '127.0.0.127' }, DESK))).customerId, 'acme')
    assert.equal((await resultOf(await post({ ip: '127.0.0.128' }, DESK))).customerId, 'tenant')
    await problemIn(await post({ ip: '127.0.0.128' }), 'not-allowed')
    await problemIn(await post({ ip: '127.0.0.128', customerId: 'acme' }), 'not-allowed')
    await problemIn(await post({ ip: '127.0.0.128', customerId: 'acme' }, DESK), 'not-allowed')
    assert.equal((await resultOf(await post({ ip: '127.0.0.1', customerId: 'acme' }))).customerId, 'acme')
  })

  await t.test('an address that has opted out is never tested, for any caller', async () => {
    const detail = '127.0.0.99 is never tested: its operator asked us not to'
    for (const headers of [{}, DESK]) {
      const { errors } = await problemIn(await post({ ip: '127.0.0.99' }, headers), 'opted-out')
      assert.deepEqual(errors, [{ detail, pointer: '/ip' }])
    }
    assert.equal((await post({ ip: '127.0.0.98' })).status, 201)
  })

  await t.test('a domain must be one of the customer or lie under one', async () => {
    const domainOf = async (domain?: string, ip = '127.0.0.1') => {
      const result = await resultOf(await post({ ip, ...(domain ? { domain } : {}) }))
      return [result.domain, result.domainSource]
    }
    assert.deepEqual(await domainOf(), ['example.com', 'customer'])
    assert.deepEqual(await domainOf('example.com'), ['example.com', 'request'])
    assert.deepEqual(await domainOf('EXAMPLE.net'), ['example.net', 'request'])
    assert.deepEqual(await domainOf('mail.a.example.net'), ['mail.a.example.net', 'request'])
    for (const domain of ['notexample.com', 'com.example', 'example.com.evil.example', 'example.org', 'xample.com']) {
      const { detail, errors } = await problemIn(await post({ ip: '127.0.0.1', domain }), 'domain-not-listed')
      assert.ok(detail.includes(domain) && detail.endsWith('customer acme has example.com, example.net.'), detail)
      assert.deepEqual(errors, [{ detail: detail.slice(0, -1), pointer: '/domain' }])
    }
    assert.deepEqual(await domainOf(undefined, '127.0.1.1'), [null, null])
    const { detail } = await problemIn(await post({ ip: '127.0.1.1', domain: 'example.com' }), 'domain-not-listed')
    assert.ok(detail.endsWith('customer beta has no domains.'), detail)
  })

  await t.test('a known mailbox must be at a domain of the customer, and it names the domain of the test', async () => {
    const namesOf = async (members: object) => {
      const { domain, domainSource, knownMailbox, knownMailboxSource } = await resultOf(
        await post({ ip: '127.0.0.1', ...members }),
      )
      return [domain, domainSource, knownMailbox, knownMailboxSource]
    }
    assert.deepEqual(await namesOf({}), ['example.com', 'customer', null, null])
    const jane = 'Jane@mail.example.net'
    assert.deepEqual(await namesOf({ knownMailbox: 'Jane@Mail.EXAMPLE.net' }), [
      'mail.example.net',
      'request',
      jane,
      'request',
    ])
    assert.deepEqual(await namesOf({ knownMailbox: jane, domain: 'example.com' }), [
      'example.com',
      'request',
      jane,
      'request',
    ])
    for (const [ip, domain, listed] of [
      ['127.0.0.1', 'example.org', 'customer acme has example.com, example.net'],
      ['127.0.0.1', 'notexample.com', 'customer acme has example.com, example.net'],
      ['127.0.1.1', 'example.com', 'customer beta has no domains'],
    ] as const) {
      const refused = await problemIn(await post({ ip, knownMailbox: `jane@${domain}` }), 'domain-not-listed')
      const detail = `${domain} is not a domain of the customer, and not a subdomain of one: ${listed}`
      assert.deepEqual(refused.errors, [{ detail, pointer: '/knownMailbox' }])
    }
  })
})

test('checks of the vantage', async (t) => {
  const port = await deadPort()
  const folder = configFolder(t)
  const vantages = join(folder, 'vantages.yaml')
  writeYaml(
    vantages,
    'vantages: [{ name: syd-1, ehlo: relaytest.isp.example, publicIps: [203.0.113.7], bind: 127.0.0.1 }]\n',
  )
  const own = Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address
  const owner = own ? `  - { id: self, name: Ourselves, networks: [{ cidr: ${own}/32, allowSpecial: true }] }\n` : ''
  const six = '  - { id: six, name: Six, networks: ["2606:4700::/48"] }\n'
  const service: TestService = await startService(t, {
    env: { ALLOWED_PORTS: `${port}`, VANTAGES_FILE: vantages },
    customers: CUSTOMERS.replace('neverTest:', `${owner}${six}neverTest:`),
  })
  const post = (body: object) => service.post({ port, ...body }, DESK)

  await t.test('a vantage within the network of the customer is refused, after the domain', async () => {
    const { errors } = await problemIn(await post({ ip: '203.0.113.25' }), 'vantage-inside-network')
    const detail = 'our vantage 203.0.113.7 is in a network of customer gamma: a test must come from outside'
    assert.deepEqual(errors, [{ detail, pointer: '/ip' }])
    await problemIn(await post({ ip: '203.0.113.25', domain: 'a.invalid' }), 'domain-not-listed')
  })

  await t.test('an IP version that the vantage does not have is refused', async () => {
    const { detail, errors } = await problemIn(await post({ ip: '2606:4700::1111' }), 'vantage-family')
    assert.equal(detail, 'our vantage has no IPv6 address.')
    assert.deepEqual(errors, [{ detail: 'our vantage has no IPv6 address', pointer: '/ip' }])
  })

  await t.test(
    'the service does not test itself',
    { skip: own ? false : 'this machine has no other address' },
    async () => {
      const { detail } = await problemIn(await post({ ip: own }), 'address-special')
      assert.equal(detail, `${own} is an address of this service itself.`)
    },
  )

  await t.test('the result names the vantage and the public address', async () => {
    const { vantage } = await resultOf(await post({ ip: '127.0.0.1' }))
    assert.deepEqual(vantage, { name: 'syd-1', ip: '203.0.113.7', ehlo: 'relaytest.isp.example' })
  })
})

test('if testing is switched off, nothing is tested, and all other requests are answered', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, {
    env: { ALLOWED_PORTS: `${mail.port}` },
    customers: `testing: false\n${CUSTOMERS}`,
  })
  const response = await service.post({ ip: '127.0.0.1', port: mail.port })
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  await problemIn(response, 'testing-off')
  assert.equal((await service.fetch('/limits')).status, 200)
  assert.equal((await service.fetch('/readyz')).status, 200)
  assert.equal(mail.connections, 0)
})
