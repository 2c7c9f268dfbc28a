/** Wrong request bodies: each fault gets its pointer, and nothing is dialled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemIn, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { startService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

/** Members that replace those of a good request, and the pointers to the wrong ones. */
type Row = readonly [title: string, members: object, ...pointers: string[]]

/** Values that are not an address, by their description. */
const NO_ADDRESS: Readonly<Record<string, unknown>> = {
  'an octal address': '0177.0.0.1',
  'an octal last part': '127.0.0.01',
  'a hexadecimal address': '0x7f.0.0.1',
  'a hexadecimal dword': '0x7f000001',
  'a dword': '2130706433',
  'a dword as a number': 2130706433,
  'a short address': '127.1',
  'an octet of 256': '127.0.0.256',
  'five octets': '127.0.0.0.1',
  'an address with a zone': 'fe80::1%eth0',
  'a loopback address with a zone': '::1%lo',
  'an address in brackets': '[::1]',
  'an IPv4 address in brackets': '[127.0.0.1]',
  'an IPv4-mapped address': '::ffff:127.0.0.1',
  'an IPv4-mapped address in hexadecimal': '::FFFF:7f00:1',
  'an IPv4-mapped address in full': '0:0:0:0:0:ffff:127.0.0.1',
  'a host name': 'mail.example.com',
  'the name of loopback': 'localhost',
  'a network': '127.0.0.0/24',
  'an address with its length': '127.0.0.1/32',
  'an address and a port': '127.0.0.1:25',
  'an IPv6 address and a port': '[::1]:25',
  'a URL': 'smtp://127.0.0.1',
  'an address after a space': ' 127.0.0.1',
  'an address before a space': '127.0.0.1 ',
  'an address with a space in it': '127.0. 0.1',
  'full-width digits': '１２７.０.０.１',
  'an ideographic full stop': '127。0。0。1',
  'the empty text': '',
  'an address with a command after it': '127.0.0.1\r\nRCPT TO:<a@b.example>',
  'a very long text': '1'.repeat(5000),
  'two addresses': '127.0.0.1,127.0.0.2',
  'a list of one address': ['127.0.0.1'],
  'an object': { v4: '127.0.0.1' },
  nothing: null,
  true: true,
  'a number with a point': 127.1,
}

const WRONG_TYPES: readonly unknown[] = [null, true, 7, [], ['x'], {}, { toString: 'x' }]

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** Characters that break lines, end strings or are invisible. */
const HOSTILE = {
  CR: '\r',
  LF: '\n',
  CRLF: '\r\n',
  NUL: '\0',
  TAB: '\t',
  DEL: '\x7f',
  NEL: '\u0085',
  'U+2028': '\u2028',
}
const hostile = Object.entries(HOSTILE)

const ROWS: readonly Row[] = [
  ...Object.entries(NO_ADDRESS).map(([title, ip]): Row => [`${title} as ip`, { ip }, '/ip']),
  ['no ip', { ip: undefined }, '/ip'],
  ...['customerId', 'domain', 'knownMailbox', 'reference', 'suite', 'proof'].flatMap((name) =>
    WRONG_TYPES.filter((value) => name !== 'customerId' || !isEmptyList(value)).map(
      (value): Row => [`${JSON.stringify(value)} as ${name}`, { [name]: value }, `/${name}`],
    ),
  ),
  ...hostile.flatMap(([title, mark]): Row[] => [
    [`${title} after ip`, { ip: `127.0.0.1${mark}` }, '/ip'],
    [`${title} before ip`, { ip: `${mark}127.0.0.1` }, '/ip'],
    [`${title} after domain`, { domain: `example.com${mark}` }, '/domain'],
    [`${title} within domain`, { domain: `exam${mark}ple.com` }, '/domain'],
    [`${title} after knownMailbox`, { knownMailbox: `jane@example.com${mark}` }, '/knownMailbox'],
    [`${title} before knownMailbox`, { knownMailbox: `${mark}jane@example.com` }, '/knownMailbox'],
    [`${title} within knownMailbox`, { knownMailbox: `ja${mark}ne@example.com` }, '/knownMailbox'],
    [`${title} after reference`, { reference: `TICKET${mark}` }, '/reference'],
    [`${title} after suite`, { suite: `standard${mark}` }, '/suite'],
    [`${title} after proof`, { proof: `message${mark}` }, '/proof'],
  ]),
  ['an empty customerId', { customerId: '' }, '/customerId'],
  ['a customerId of 65 characters', { customerId: 'a'.repeat(65) }, '/customerId'],
  ...[
    '',
    'example',
    'example.com.',
    '.example.com',
    'exa_mple.com',
    '-a.example.com',
    'münchen.example',
    'user@example.com',
    '[127.0.0.1]',
    '127.0.0.1',
    'example.com>',
    'a b.example',
    '*.example.com',
    `${'a'.repeat(64)}.example.com`,
  ].map((domain): Row => [`${JSON.stringify(domain)} as domain`, { domain }, '/domain']),
  ...[
    '',
    'jane',
    '@example.com',
    'jane@',
    'jane@example',
    'jane@@example.com',
    'jane@example.net@example.com',
    '"jane"@example.com',
    '"jane doe"@example.com',
    'jane doe@example.com',
    ' jane@example.com',
    'jane@example.com ',
    '<jane@example.com>',
    'Jane <jane@example.com>',
    'jane@example.com>',
    'jane@example.com> NOTIFY=SUCCESS',
    'jane@example.com,joe@example.com',
    'jané@example.com',
    'jane@münchen.example',
    'jane@[127.0.0.1]',
    'jane@127.0.0.1',
    'jane@example.com.',
    '.jane@example.com',
    'jane.@example.com',
    'ja..ne@example.com',
    'jane%victim.example@example.com',
    'victim.example!jane@example.com',
    '@victim.example:jane@example.com',
    'jane\\@example.com',
    `${'a'.repeat(65)}@example.com`,
    `jane@${'a'.repeat(64)}.example.com`,
    `jane@${'a.'.repeat(124)}example.com`,
    'a'.repeat(5000),
    '@'.repeat(5000),
    'jane@example.com\r\nRCPT TO:<victim@example.net>',
    'jane@example.com%0d%0aDATA',
  ].map((knownMailbox): Row => [`${JSON.stringify(knownMailbox)} as knownMailbox`, { knownMailbox }, '/knownMailbox']),
  ['an empty reference', { reference: '' }, '/reference'],
  ['a reference of 65 characters', { reference: 'x'.repeat(65) }, '/reference'],
  ['a reference that is not ASCII', { reference: 'Müller' }, '/reference'],
  ...[0, -1, 65536, 25.5, 1e9, '25', null, true, [25], {}].map(
    (port): Row => [`${JSON.stringify(port)} as port`, { port }, '/port'],
  ),
  ['a port that is not allowed', { port: 26 }, '/port'],
  ['the default port where it is not allowed', { port: undefined }, '/port'],
  ['the suite everything', { suite: 'everything' }, '/suite'],
  ['a suite in capitals', { suite: 'STANDARD' }, '/suite'],
  ['the proof everything', { proof: 'everything' }, '/proof'],
  ['a vantage that is no name', { vantage: 'Sydney 1' }, '/vantage'],
  ['a vantage of null', { vantage: null }, '/vantage'],
  ['an unknown member', { colour: 'red' }, '/colour'],
  ['a member in other case', { IP: '127.0.0.1' }, '/IP'],
  ['a member with a slash', { 'a/b': 1 }, '/a~1b'],
  ['a member with a tilde', { 'a~b': 1 }, '/a~0b'],
  ['a member with both', { '~1/': 1 }, '/~01~1'],
  ['a member without a name', { '': 1 }, '/'],
  ['a member named constructor', { constructor: 1 }, '/constructor'],
  ['two unknown members', { x: 1, y: { z: 2 } }, '/x', '/y'],
  [
    'several faults',
    { ip: 'localhost', port: 0, suite: 'everything', reference: 7, x: 1 },
    '/ip',
    '/port',
    '/reference',
    '/suite',
    '/x',
  ],
]

/** Bodies that are not a JSON object, with the expected pointers. */
const BODIES: readonly (readonly [title: string, body: string | Uint8Array, ...pointers: string[]])[] = [
  ['a JSON null', 'null', ''],
  ['a JSON array', '[]', ''],
  ['a list of requests', '[{"ip":"127.0.0.1"}]', ''],
  ['a JSON string', '"127.0.0.1"', ''],
  ['a JSON number', '7', ''],
  ['nothing', ''],
  ['spaces', '   ', ''],
  ['half an object', '{"ip":"127.0.0.1"', '/ip'],
  ['a comma too many', '{"ip":"127.0.0.1",}', ''],
  ['single quotes', "{'ip':'127.0.0.1'}", ''],
  ['two objects', '{"ip":"127.0.0.1"}{"ip":"127.0.0.1"}', ''],
  ['a raw line break in a string', '{"ip":"127.0.0.1\n"}', '/ip'],
  ['NaN', '{"ip":"127.0.0.1","port":NaN}', '/port'],
  ['a form', 'ip=127.0.0.1', ''],
  ['a lone NUL', '\0', ''],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0x7b])],
  ['__proto__', '{"ip":"127.0.0.1","__proto__":{"customers":"all"}}'],
  ['an escaped __proto__', '{"ip":"127.0.0.1","\\u005f_proto__":{}}'],
  ['a prototype by constructor', '{"ip":"127.0.0.1","constructor":{"prototype":{}}}'],
  ['ten thousand brackets', '['.repeat(8000), '/0'.repeat(16)],
]

test('bad bodies are refused with a pointer to each fault, and nothing is dialled', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` } })
  const send = (body: string | Uint8Array) =>
    service.fetch('/relay-tests', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const post = (members: object) => send(JSON.stringify({ ip: '127.0.0.1', port: mail.port, ...members }))
  const pointersIn = async (response: Response): Promise<string[]> => {
    const { errors = [] } = await problemIn(response, 'invalid-request')
    for (const { detail } of errors) assert.match(detail, /must be|must not be|expected|unknown member/)
    return errors.map(({ pointer }) => pointer).sort()
  }

  for (const [title, members, ...pointers] of ROWS) {
    await t.test(title, async () => assert.deepEqual(await pointersIn(await post(members)), pointers.sort()))
  }
  for (const [title, body, ...pointers] of BODIES) {
    await t.test(`${title} as the body`, async () => assert.deepEqual(await pointersIn(await send(body)), pointers))
  }
  for (const [title, mark] of hostile) {
    await t.test(`${title} after customerId`, async () => {
      assert.deepEqual(await pointersIn(await post({ customerId: `acme${mark}` })), ['/customerId'])
    })
  }

  await t.test('[] as customerId is reported once', async () => {
    assert.deepEqual(await pointersIn(await post({ customerId: [] })), ['/customerId'])
  })

  await t.test('a body of 8 KiB is read, and one more byte is 413', async () => {
    const padded = (bytes: number) => send(`{}${' '.repeat(bytes - 2)}`)
    assert.deepEqual(await pointersIn(await padded(8192)), ['/ip'])
    await problemIn(await padded(8193), 'payload-too-large')
    await problemIn(await send(JSON.stringify({ reference: 'x'.repeat(100_000) })), 'payload-too-large')
  })

  const twice: readonly (readonly [body: string, ...pointers: string[]])[] = [
    [`{"ip":"127.0.0.1","port":${mail.port},"ip":"127.0.0.1"}`, '/ip'],
    [`{"ip":"127.0.0.1","port":${mail.port},"i\\u0070":"127.0.0.2"}`, '/ip'],
    ['{"ip":"a","ip":"b","port":1,"port":2,"ip":"c"}', '/ip'],
    ['{"a":{"b/c":[0,{"d":1,"d":2}]}}', '/a/b~1c/1/d'],
    ['[{"a":1},{"a":1,"a":[]}]', '/1/a'],
  ]
  for (const [body, ...pointers] of twice) {
    await t.test(`a member that is there twice, as in ${body}`, async () => {
      assert.deepEqual(await pointersIn(await send(body)), pointers)
    })
  }

  await t.test('equal names in different objects, or inside a string, are not a repetition', async () => {
    assert.deepEqual(await pointersIn(await send('{"x":{"ip":1},"y":{"ip":1},"ip":"\\",\\"ip\\":"}')), [
      '/ip',
      '/x',
      '/y',
    ])
  })

  await t.test('another charset than UTF-8 is 415, and bytes that are not UTF-8 are 400', async () => {
    const typed = (type: string) => service.post({ ip: 'localhost', port: mail.port }, { 'content-type': type })
    for (const charset of ['utf-7', 'utf-16', 'iso-8859-1', 'US-ASCII', '"latin1"', '']) {
      await problemIn(await typed(`application/json; charset=${charset}`), 'unsupported-media-type')
    }
    await problemIn(await typed('application/json; charset=utf-8; charset=utf-7'), 'unsupported-media-type')
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"']) {
      assert.deepEqual(await pointersIn(await typed(`application/json; charset=${charset}`)), ['/ip'])
    }
    const latin1 = Buffer.from('{"ip":"127.0.0.1","reference":"M\xfcller"}', 'latin1')
    const { detail } = await problemIn(await send(latin1), 'invalid-request')
    assert.match(detail, /UTF-8/)
  })

  await t.test('the log shows only printable text, whatever names the members have', async () => {
    await post({ 'a\u2028b\u2029c\u009bd\u202ee\ud800': 1 })
    const line = await until('the line', () => service.output.find((one) => one.includes('u2028')))
    assert.match(line, /a\\\\u2028b\\\\u2029c\\\\u009bd\\\\u202ee/)
    assert.match(line, /^[\x20-\x7e]+$/)
  })

  await t.test("a mailbox at a domain that is not the customer's is 422 with its pointer", async () => {
    for (const [members, pointer] of [
      [{ knownMailbox: 'jane@example.org' }, '/knownMailbox'],
      [{ knownMailbox: 'jane@notexample.com' }, '/knownMailbox'],
      [{ knownMailbox: 'jane@relaytest.isp.example' }, '/knownMailbox'],
      [{ knownMailbox: 'jane@example.org', domain: 'example.com' }, '/knownMailbox'],
      [{ knownMailbox: 'jane@example.com', domain: 'example.org' }, '/domain'],
    ] as const) {
      const { detail, errors } = await problemIn(await post(members), 'domain-not-listed')
      assert.deepEqual(errors, [{ detail: detail.slice(0, -1), pointer }])
    }
  })

  await t.test('none of these requests reached a mail server, but the same body without a fault does', async () => {
    assert.equal(mail.connections, 0)
    await resultOf(await post({}))
    assert.equal(mail.connections, 1)
  })
})
