/** Reading request bodies and queries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldError } from '../../src/contract/problems.ts'
import { RequestProblem } from '../../src/service/problem.ts'
import { readAfter, readHostQuery, readUntil } from '../../src/service/queries.ts'
import { type RequestRules, readRequest } from '../../src/service/request.ts'
import { addressOf } from '../harness/addresses.ts'

const RULES: RequestRules = { allowedPorts: [25, 587], defaultProof: 'message' }
const IP = '203.0.113.25'

/** Returns the problem of a body. Throws if the body is accepted. */
function problemOf(body: unknown, rules = RULES): RequestProblem {
  try {
    readRequest(body, rules)
  } catch (error) {
    if (error instanceof RequestProblem) return error
    throw error
  }
  throw new Error(`${JSON.stringify(body)} was accepted`)
}

const errorsOf = (body: unknown): readonly FieldError[] => problemOf(body).members.errors ?? []

test('a request needs only an address', () => {
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

test('a request without a proof gets the default of the installation', () => {
  for (const defaultProof of ['message', 'delivery'] as const) {
    assert.equal(readRequest({ ip: IP }, { ...RULES, defaultProof }).proof, defaultProof)
    assert.equal(readRequest({ ip: IP, proof: 'recipient' }, { ...RULES, defaultProof }).proof, 'recipient')
  }
})

test('every member is read', () => {
  const members = {
    customerId: 'acme',
    domain: 'Example.com',
    knownMailbox: 'Jane@Example.com',
    port: 587,
    suite: 'standard',
    proof: 'recipient',
    reference: 'TICKET-4711 ~',
  } as const
  assert.deepEqual(readRequest({ ip: '2001:DB8::25', ...members }, RULES), {
    address: addressOf('2001:db8::25'),
    ...members,
    domain: 'example.com',
    knownMailbox: 'Jane@example.com',
  })
})

test('a wrong member is reported with its pointer and the expected value', () => {
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
    ['knownMailbox', [5, null, {}, ['jane@example.com']], /^must be a mailbox, such as "jane@example.com"$/],
    [
      'knownMailbox',
      [
        '',
        'jane',
        'a@b@example.com',
        '"jane"@example.com',
        `${'a'.repeat(65)}@example.com`,
        'a@bücher.example',
        'a@a.example\r\nDATA',
      ],
      /^must be a mailbox, such as "jane@example.com", /,
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

test('several faults are reported together, and the detail names the first four', () => {
  const refused = problemOf({ ip: 'mail', port: '25', domain: 'x', colour: 'red', 'a/b~c': 1 })
  assert.deepEqual(refused.members.errors?.map(({ pointer }) => pointer).toSorted(), [
    '/a~1b~0c',
    '/colour',
    '/domain',
    '/ip',
    '/port',
  ])
  const named = (refused.members.errors ?? [])
    .slice(0, 4)
    .map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`)
  assert.equal(refused.slug, 'invalid-request')
  assert.equal(refused.message, `${named.join('; ')}; 1 more in "errors"`)
})

test('a request without a port is told to name one if the default is not tested', () => {
  const rules = { ...RULES, allowedPorts: [2501, 2502] }
  const detail = 'is needed, because 25 is not tested here: must be one of the ports 2501, 2502'
  assert.deepEqual(problemOf({ ip: IP }, rules).members.errors, [{ pointer: '/port', detail }])
  assert.match(problemOf({ ip: IP, port: 25 }, rules).message, /^port: must be one of the ports 2501, 2502$/)
})

test('a port that is not allowed is reported together with other faults', () => {
  assert.deepEqual(
    errorsOf({ ip: IP, port: 26, colour: 'red' })
      .map(({ pointer }) => pointer)
      .toSorted(),
    ['/colour', '/port'],
  )
})

test('a member is reported once, even if several things are wrong with it', () => {
  for (const member of [{ customerId: [] }, { domain: 'x'.repeat(254) }])
    assert.equal(errorsOf({ ip: IP, ...member }).length, 1)
})

test('a body that is not an object is reported without a pointer into it', () => {
  for (const body of [null, undefined, 5, 'ip=203.0.113.25', [], [{ ip: IP }], true]) {
    const refused = problemOf(body, { ...RULES, allowedPorts: [587] })
    assert.deepEqual(refused.members.errors, [
      { pointer: '', detail: 'the body must be a JSON object, such as {"ip": "203.0.113.25"}' },
    ])
    assert.match(refused.message, /^the body must be a JSON object/)
  }
})

test('names with a meaning in JavaScript are unknown members like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.deepEqual(errorsOf(JSON.parse(`{ "ip": "${IP}", "${name}": { "port": 25 } }`)), [
      { pointer: `/${name}`, detail: 'unknown member: remove it' },
    ])
  }
})

test('a name is read in lower case and without the dot at its end, and an address as an address', () => {
  for (const name of ['mail.example.com', 'Mail.Example.COM', 'mail.example.com.']) {
    assert.equal(readHostQuery({ name }), 'mail.example.com')
  }
  assert.deepEqual(readHostQuery({ name: IP }), addressOf(IP))
})

test('a text that is not a name is refused with the kind of mistake', () => {
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
      () => readHostQuery({ name }),
      (error) => error instanceof RequestProblem && error.message.startsWith('name: ') && expected.test(error.message),
      name,
    )
  }
})

test('every wrong parameter of a query is named', () => {
  const unknown = 'unknown parameter: remove it'
  for (const [read, query, ...expected] of [
    [readHostQuery, {}, ['/name', 'must be given: a host name, a mail domain or an IP address']],
    [readHostQuery, { name: ['a', 'b'], 'x/y': '1' }, ['/name', 'must be given only once'], ['/x~1y', unknown]],
    [readAfter, { after: '' }, ['/after', 'must be the id of a customer']],
    [readAfter, { before: 'acme', page: '2' }, ['/before', unknown], ['/page', unknown]],
    [readUntil, { until: 'verdict' }, ['/until', 'must be "answer"']],
  ] as const) {
    const errors = expected.map(([pointer, detail]) => ({ pointer, detail }))
    assert.throws(
      () => read(query),
      (error) => {
        assert.ok(error instanceof RequestProblem)
        assert.deepEqual(error.members.errors, errors)
        return true
      },
    )
  }
})
