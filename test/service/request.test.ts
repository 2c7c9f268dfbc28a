import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldError } from '../../src/contract/problems.ts'
import { RequestProblem } from '../../src/service/problem.ts'
import { type RequestRules, readName, readRequest } from '../../src/service/request.ts'
import { addressOf } from '../harness/addresses.ts'

const RULES: RequestRules = { allowedPorts: [25, 587], defaultProof: 'message' }
const IP = '203.0.113.25'

/** Returns the problem of a body. */
function problemOf(body: unknown, rules = RULES): RequestProblem {
  try {
    readRequest(body, rules)
  } catch (error) {
    if (error instanceof RequestProblem) return error
    throw error
  }
  throw new Error(`${JSON.stringify(body)} was taken`)
}

const errorsOf = (body: unknown): readonly FieldError[] => problemOf(body).members.errors ?? []

test('an address is all that is needed', () => {
  assert.deepEqual(readRequest({ ip: IP }, RULES), {
    address: addressOf(IP),
    port: 25,
    suite: 'standard',
    proof: 'message',
  })
})

test('both suites are read', () => {
  for (const suite of ['standard', 'full']) assert.equal(readRequest({ ip: IP, suite }, RULES).suite, suite)
})

test('the proof is the default of the installation where none is asked for', () => {
  for (const defaultProof of ['message', 'delivery'] as const) {
    assert.equal(readRequest({ ip: IP }, { ...RULES, defaultProof }).proof, defaultProof)
    assert.equal(readRequest({ ip: IP, proof: 'recipient' }, { ...RULES, defaultProof }).proof, 'recipient')
  }
})

test('every member is read', () => {
  const members = {
    customerId: 'acme',
    domain: 'Example.com',
    port: 587,
    suite: 'standard',
    proof: 'recipient',
    reference: 'TICKET-4711 ~',
  } as const
  assert.deepEqual(readRequest({ ip: '2001:DB8::25', ...members }, RULES), {
    address: addressOf('2001:db8::25'),
    ...members,
    domain: 'example.com',
  })
})

test('a fault of a member is told with its pointer and what was expected', () => {
  const rows: readonly (readonly [member: string, values: readonly unknown[], expected: RegExp])[] = [
    ['ip', [undefined, null, 5, ['203.0.113.25'], {}], /must be an IPv4 or IPv6 address in a string/],
    [
      'ip',
      ['', 'mail.example.com', '203.0.113.0/24', '[2001:db8::1]', '0x7f.1', '010.0.0.1'],
      /^must be an IPv4 or IPv6 address/,
    ],
    ['ip', ['::ffff:203.0.113.25', '::ffff:0:0'], /must be the IPv4 address itself/],
    ['customerId', [5, null, {}], /must be an id/],
    ['customerId', ['', 'x'.repeat(65), 'a\r\nb'], /an id of 1 to 64 letters, digits/],
    ['domain', [5, null, {}], /must be a mail domain, such as "example.com"/],
    [
      'domain',
      ['', 'com', 'a_b.example', 'example.com.', 'a.example\r\nDATA', 'bücher.example', '<a.example>'],
      /letters, digits and hyphens/,
    ],
    ['port', ['25', null, 25.5, 0, -1, 65536], /must be a port number, such as 25/],
    ['port', [26, 465, 65535], /must be one of the ports 25, 587/],
    ['suite', ['everything', 'Full', '', null, 1], /^must be one of standard, full$/],
    ['proof', ['everything', 'Message', null], /^must be one of recipient, message, delivery$/],
    ['reference', ['', 5, null, 'x'.repeat(65), 'a\nb', 'é'], /must be 1 to 64 printable ASCII characters/],
    ['vantage', ['Sydney 1', '', null, 7, 'a'.repeat(33), '-a'], /must be the name of a vantage, such as "syd-1"/],
    ['colour', ['red', null], /unknown member: remove it/],
  ]
  for (const [member, values, expected] of rows) {
    for (const value of values) {
      const [first, ...more] = errorsOf({ ip: IP, [member]: value })
      assert.equal(first?.pointer, `/${member}`, `${member} ${JSON.stringify(value)}`)
      assert.match(first?.detail ?? '', expected)
      assert.deepEqual(more, [], `${member} ${JSON.stringify(value)}`)
    }
  }
})

test('several faults are told at once, and the detail is that of the first', () => {
  const refused = problemOf({ ip: 'mail', port: '25', domain: 'x', colour: 'red', 'a/b~c': 1 })
  assert.deepEqual(refused.members.errors?.map(({ pointer }) => pointer).toSorted(), [
    '/a~1b~0c',
    '/colour',
    '/domain',
    '/ip',
    '/port',
  ])
  const [first] = refused.members.errors ?? []
  assert.equal(refused.slug, 'invalid-request')
  assert.equal(refused.message, `${first?.pointer.slice(1)}: ${first?.detail}`)
})

test('a port that is not allowed is told together with other faults', () => {
  assert.deepEqual(
    errorsOf({ ip: IP, port: 26, colour: 'red' })
      .map(({ pointer }) => pointer)
      .toSorted(),
    ['/colour', '/port'],
  )
})

test('a member is told once, however much is wrong with it', () => {
  for (const member of [{ customerId: [] }, { domain: 'x'.repeat(254) }])
    assert.equal(errorsOf({ ip: IP, ...member }).length, 1)
})

test('what is no object is told as such, without a pointer into it', () => {
  for (const body of [null, undefined, 5, 'ip=203.0.113.25', [], [{ ip: IP }], true]) {
    const refused = problemOf(body, { ...RULES, allowedPorts: [587] })
    assert.deepEqual(refused.members.errors, [
      { pointer: '', detail: 'the body must be a JSON object, such as {"ip": "203.0.113.25"}' },
    ])
    assert.match(refused.message, /^the body must be a JSON object/)
  }
})

test('members that JavaScript knows by itself are unknown like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.deepEqual(errorsOf(JSON.parse(`{ "ip": "${IP}", "${name}": { "port": 25 } }`)), [
      { pointer: `/${name}`, detail: 'unknown member: remove it' },
    ])
  }
})

test('a name is read in lower case and without the dot at its end; an address as such', () => {
  for (const name of ['mail.example.com', 'Mail.Example.COM', 'mail.example.com.']) {
    assert.equal(readName({ name }), 'mail.example.com')
  }
  assert.deepEqual(readName({ name: IP }), addressOf(IP))
})

test('what is taken for a name is refused with what is wrong about it', () => {
  for (const [name, expected] of [
    ['mail.example.com:25', /a host name .*, without a port$/],
    ['203.0.113.25:25', /a host name .*, without a port$/],
    ['[2001:db8::25]:25', /an IPv4 or IPv6 address.* without brackets and without a port$/],
    ['https://mail.example.com/', /a host name .*, not a URL$/],
    ['postmaster@example.com', /a host name .*, not a mail address: /],
    ['203.0.113.0/24', /not a network/],
    ['127.1', /not a short form/],
    ['mail.example.com..', /letters, digits and hyphens/],
    ['bücher.example', /xn--/],
  ] as const) {
    assert.throws(
      () => readName({ name }),
      (error) => error instanceof RequestProblem && error.message.startsWith('name: ') && expected.test(error.message),
      name,
    )
  }
})
