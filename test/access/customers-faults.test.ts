/** Mistakes in a customers file: each is reported with its line, and none is half accepted. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadCustomers } from '../harness/customers.ts'
import { faultsIn, faultsOf, yamlFolder } from '../harness/files.ts'

const RULES = { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' }

const faults = (t: TestContext, content: string | Buffer, rules = RULES): string[] =>
  faultsIn(t, content, (path) => loadCustomers([path], rules))

/** A good entry of four lines, and one more member on line 5. */
const acme = (member: string): string => `customers:
  - id: acme
    name: Acme
    networks: [93.184.216.0/24]
    ${member}
`

/** An entry with one network, on line 5. */
const network = (text: string): string => `customers:
  - id: acme
    name: Acme
    networks:
      - ${text}
`

/** Another customer, from line 6 on, that holds the network of `acme`. */
const beta = (cidr: string) => `  - id: beta
    name: Beta
    networks: [8.8.8.0/24, ${cidr}]
`

test('each fault is told with its line and what to write instead', (t) => {
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    [acme('colour: red'), /^5: customers\[0\]\.colour is unknown here$/],
    ['testing: true\ncolour: red\n', /^2: colour is unknown here$/],
    [
      network('{ cidr: 93.184.216.0/24, allowAll: true }'),
      /^5: customers\[0\]\.networks\[0\]\.allowAll is unknown here$/,
    ],
    ['customers:\n  - name: Acme\n    networks: [93.184.216.0/24]\n', /^2: customers\[0\]\.id: must be an id$/],
    [
      'customers:\n  - id: a b\n    name: A\n    networks: [8.8.8.0/24]\n',
      /^2: customers\[0\]\.id: must be an id of 1 to 64 letters/,
    ],
    [
      'customers:\n  - id: sandbox-a\n    name: A\n    networks: [8.8.8.0/24]\n',
      /^2: customers\[0\]\.id: ids that begin with sandbox- are for the sandbox$/,
    ],
    [acme('servers: [8.8.8.8]'), /^5: customers\[0\]\.servers\[0\]: 8\.8\.8\.8 is in no network of customer acme$/],
    [
      acme('servers: [93.184.216.0/24]'),
      /^5: customers\[0\]\.servers\[0\]: must be an IPv4 or IPv6 address, not a network/,
    ],
    [acme('servers: [mail.example.com]'), /^5: customers\[0\]\.servers\[0\]: must be an IPv4 or IPv6 address/],
    [acme('servers: [93.184.216.34, 93.184.216.34]'), /^5: .*servers\[1\]: 93\.184\.216\.34 port 25 is listed twice$/],
    [acme('servers: [{ ip: 93.184.216.34, port: 0 }]'), /^5: .*servers\[0\].*must be a port number/],
    [
      acme('servers: [{ ip: 93.184.216.34, domain: other.example }]'),
      /^5: .*servers\[0\]: other\.example is not a domain of this customer: add it to domains$/,
    ],
    [
      `${acme('servers: [93.184.216.34]')}${beta('93.184.216.32/28')}`,
      /^5: .*servers\[0\]: 93\.184\.216\.34 belongs to customer beta, whose network is narrower$/,
    ],
    ['customers:\n  - id: a\n    networks: [8.8.8.0/24]\n', /^2: customers\[0\]\.name: must be a name$/],
    [
      'customers:\n  - id: a\n    name: A\n    networks: []\n',
      /^4: customers\[0\]\.networks: must list at least one network/,
    ],
    [acme('') + acme('').replace(/.*\n/, '').replace('93', '94'), /^6: customers\[1\]\.id: acme is used twice$/],
    [
      acme('') + beta('93.184.216.0/24'),
      /^8: customers\[1\]\.networks\[1\]: 93\.184\.216\.0\/24 is already listed for customer .*acme$/,
    ],
    [
      network('2600:1406:0::/48') + beta("'2600:1406:0:0::/48'"),
      /^8: .*: 2600:1406::\/48 is already listed for customer .*acme$/,
    ],
    [
      network('8.8.8.8/24'),
      /^5: customers\[0\]\.networks\[0\]: .*host bits set: write 8\.8\.8\.0\/24 or 8\.8\.8\.8\/32$/,
    ],
    [network('8.8.8.8'), /^5: customers\[0\]\.networks\[0\]: write 8\.8\.8\.8\/32$/],
    [network('mail.example.com'), /^5: .*: write a network as address\/length: .*not a host name$/],
    [network('8.8.8.0/33'), /^5: .*: the length after the slash must be a plain decimal number from 0 to 32$/],
    [network('12'), /^5: .*: must be a network such as 203\.0\.113\.0\/24, or \{ cidr, allowSpecial, allowWide \}$/],
    [
      network('10.1.0.0/16'),
      /^5: .*contains addresses of 10\.0\.0\.0\/8 \(private use\): this needs allowSpecial: true$/,
    ],
    [network('203.0.112.0/23'), /^5: .*addresses of 203\.0\.113\.0\/24 .*: this needs allowSpecial: true$/],
    [
      network('2001:db8:25::/48'),
      /^5: .*addresses of 2001:db8::\/32 \(documentation\): this needs allowSpecial: true$/,
    ],
    [network('8.8.0.0/15'), /^5: .*: 8\.8\.0\.0\/15 is wider than a \/16: this needs allowWide: true$/],
    [network('2600:1406::/31'), /^5: .*: 2600:1406::\/31 is wider than a \/32: this needs allowWide: true$/],
    [network('{ cidr: 10.0.0.0/8, allowSpecial: true }'), /^5: .*: this needs allowWide: true$/],
    [network('{ cidr: 198.18.0.0/15, allowWide: true }'), /^5: .*: this needs allowSpecial: true$/],
    [
      acme('domains: [example.com, ex_ample.com]'),
      /^5: customers\[0\]\.domains\[1\]: must be a mail domain such as example\.com/,
    ],
    [acme('domains: [example.com.]'), /^5: customers\[0\]\.domains\[0\]: must be a mail domain such as/],
    [acme('domains: [münchen.example]'), /^5: customers\[0\]\.domains\[0\]: must be a mail domain such as/],
    [acme('domains: [com]'), /^5: customers\[0\]\.domains\[0\]: must be a mail domain such as/],
    [
      acme('domains: [example.com]\n    mailboxes: [jane@example.com,\n      jane@example.net]'),
      /^7: customers\[0\]\.mailboxes\[1\]: jane@example\.net is not at a domain of this customer: add its domain to domains$/,
    ],
    [acme('mailboxes: [jane@example.com]'), /^5: customers\[0\]\.mailboxes\[0\]: jane@example\.com is not at a domain/],
    [
      acme('domains: [example.com]\n    mailboxes: [example.com]'),
      /^6: customers\[0\]\.mailboxes\[0\]: must be a mailbox, such as "jane@example\.com", with exactly one @$/,
    ],
    [
      acme(`domains: [example.com]\n    mailboxes: ['"jane"@example.com']`),
      /^6: customers\[0\]\.mailboxes\[0\]: must be a mailbox, .*, without quotes/,
    ],
    [
      acme('domains: [example.com]\n    mailboxes: [7]'),
      /^6: customers\[0\]\.mailboxes\[0\]: must be a mailbox, such as/,
    ],
    [acme('domains: [example.com]\n    mailboxes: jane@example.com'), /^6: customers\[0\]\.mailboxes: /],
    [acme('quota: 100'), /^5: customers\[0\]\.quota: must be a quota such as "60\/1h"$/],
    [acme('quota: 0/1h'), /^5: customers\[0\]\.quota: must be a quota such as/],
    [acme('quota: 60/1w'), /^5: customers\[0\]\.quota: must be a quota such as/],
    ['customers: []\ntesting: no\n', /^2: testing: must be true or false$/],
    ['customers: []\nneverTest: [8.8.8.0/24,\n  8.8.8.8]\n', /^3: neverTest\[1\]: write 8\.8\.8\.8\/32$/],
    [acme('name: Acme again'), /^5: the key name is here twice$/],
    ['customers: []\ntesting: true\ncustomers: []\n', /^3: the key customers is here twice$/],
    ['customers:\n\t- id: acme\n', /^2: Tabs are not allowed as indentation$/],
    ['customers:\n  - id: acme\n\tname: Acme\n', /^3: Tabs are not allowed as indentation$/],
  ]
  for (const [text, expected] of rows) {
    const [found = '', ...more] = faults(t, text)
    assert.match(found, expected, text)
    assert.deepEqual(more, [], text)
  }
})

test('no flag lists a range that is never tested', (t) => {
  const ranges = [
    ...['0.0.0.0/8', '169.254.169.254/32', '169.254.0.0/16', '224.0.0.0/4', '239.1.2.0/24', '255.255.255.255/32'],
    ...['0.0.0.0/0', '::/0', '::/128', '::/96', '::ffff:0:0/96', '::ffff:808:808/128', '::ffff:0:0:0/96', '2000::/3'],
    ...['64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16', '2002:808:808::/48', 'fe80::/10', 'ff00::/8'],
    '2600:1406:0:0:0:5efe::/96',
  ]
  for (const range of ranges) {
    const [found = '', ...more] = faults(t, network(`{ cidr: '${range}', allowSpecial: true, allowWide: true }`))
    assert.match(found, /^5: .* contains addresses of .*, which are never tested$/, range)
    assert.deepEqual(more, [], range)
  }
})

test('loopback is listed with the flag of the environment and with no other', (t) => {
  for (const range of ['127.0.0.0/8', '127.0.0.1/32', '::1/128']) {
    const text = network(`{ cidr: '${range}', allowSpecial: true, allowWide: true }`)
    const objection = `${range} contains loopback addresses: list loopback only for trials with ALLOW_LOOPBACK_TARGETS=true`
    assert.deepEqual(faults(t, text), [
      `5: customers[0].networks[0]: ${objection}, and in a network without other addresses`,
    ])
    assert.deepEqual(faults(t, text, { ...RULES, allowLoopback: true }), [], range)
  }
})

test('the loopback flag admits no network that reaches beyond loopback', {}, (t) => {
  for (const range of ['126.0.0.0/7', '124.0.0.0/6', '112.0.0.0/5', '::/127', '::/0', '0.0.0.0/0']) {
    assert.equal(faults(t, network(`'${range}'`), { ...RULES, allowLoopback: true }).length, 1, range)
  }
})

test('no customer has a domain that holds that of our mailbox or is held by it', (t) => {
  for (const domain of ['relaytest.isp.example', 'RelayTest.ISP.example', 'isp.example', 'a.b.relaytest.isp.example']) {
    const [found = ''] = faults(t, acme(`domains: [example.com, ${domain}]`))
    assert.match(found, /^5: customers\[0\]\.domains\[1\]: .*mailbox domain relaytest\.isp\.example/, domain)
  }
  for (const domain of ['other.isp.example', 'myrelaytest.isp.example', 'relaytest.isp.example.com']) {
    assert.deepEqual(faults(t, acme(`domains: [${domain}]`)), [], domain)
  }
})

test('a file that is no YAML is refused, with the line of its first fault', (t) => {
  const [found = ''] = faults(t, 'customers:\n  - id: acme\n   name: Acme\n')
  assert.match(found, /^3: /)
  assert.ok(faults(t, 'customers: [\n').length > 0)
  assert.match(faults(t, 'customers: []\n---\ncustomers: []\n')[0] ?? '', /^2: /)
})

test('a file that holds no map is refused: empty, text, a list, binary', (t) => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0xff])
  for (const content of ['', '# nothing\n', 'null\n', 'hello\n', '- a\n', Buffer.from([0, 1, 2, 0xff]), png]) {
    const [found = '', ...more] = faults(t, content)
    assert.match(found, /^1: the file: /, String(content))
    assert.deepEqual(more, [])
  }
})

test('aliases that grow without bound or lead nowhere are a fault of the file', (t) => {
  const levels = ['a', 'b', 'c', 'd', 'e'].map((name, level, names) => {
    const below = level === 0 ? 'x' : `*${names[level - 1]}`
    return `${name}: &${name} [${Array(9).fill(below).join(', ')}]`
  })
  for (const text of [`${levels.join('\n')}\ncustomers: *e\n`, 'testing: true\ncustomers: *nobody\n']) {
    const [found = '', ...more] = faults(t, text)
    assert.match(found, /alias/)
    assert.deepEqual(more, [])
  }
})

test('a reason says what it must be in the words of the file', (t) => {
  const rows = [
    ['customers:\n  - id: a\n    name: A\n', /^2: customers\[0\]\.networks: /],
    ['customers:\n', /^1: customers: /],
    ['customers: []\nneverTest: 8.8.8.8/32\n', /^2: neverTest: /],
    [acme('domains: example.com'), /^5: customers\[0\]\.domains: /],
    [acme('domains: [5]'), /^5: customers\[0\]\.domains\[0\]: /],
    ['', /^1: the file: /],
  ] as const
  for (const [text, place] of rows) {
    const [found = ''] = faults(t, text)
    assert.match(found, place)
    assert.doesNotMatch(found, /Invalid input/)
  }
})

test('everything wrong with a file is told at once', (t) => {
  const text = `customers:
  - id: acme
    name: Acme
    networks: [8.8.8.8, 10.0.0.0/16]
    domains: [isp.example]
  - id: acme
    name: Again
    networks: [8.8.0.0/15]
neverTest: [8.8.8.8/24]
`
  assert.deepEqual(
    faults(t, text).map((fault) => fault.split(': ').slice(0, 2).join(' ')),
    [
      '5 customers[0].domains[0]',
      '4 customers[0].networks[0]',
      '4 customers[0].networks[1]',
      '6 customers[1].id',
      '8 customers[1].networks[0]',
      '9 neverTest[0]',
    ],
  )
})

test('a fault between files names the later one', (t) => {
  const folder = yamlFolder(t, { 'a.yaml': acme('domains: [example.com]'), 'b.yaml': acme('quota: 1/1h') })
  const paths = [join(folder, 'a.yaml'), join(folder, 'b.yaml')]
  assert.deepEqual(
    faultsOf(() => loadCustomers(paths, RULES)),
    [
      `${paths[1]}:2: customers[0].id: acme is used twice`,
      `${paths[1]}:4: customers[0].networks[0]: 93.184.216.0/24 is already listed for customer acme`,
    ],
  )
})
