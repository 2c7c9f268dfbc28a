/** The callers file: what it may say, and what a mistake in it is answered with. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeKey } from '../../src/access/keys.ts'
import { loadCallers } from '../harness/customers.ts'
import { faultsIn, faultsOf, yamlFile, yamlFolder } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'

const NOW = new Date('2027-01-01T12:00:00Z')
const OLD = makeKey()
const NEW = makeKey()
const SCOPED = makeKey()

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

const TWO_CALLERS = `callers:
  - id: support-desk
    keys:
      - { sha256: ${hashOf(OLD)}, expires: 2027-06-30 }
      - sha256: ${hashOf(NEW)}
    customers: all
    quota: 600/1h
  - id: partner
    keys: [{ sha256: ${hashOf(SCOPED)} }]
    customers: [acme, beta]
    sweeps: true
`

const load = (t: TestContext, text = TWO_CALLERS) => loadCallers([yamlFile(t, text)])

const faults = (t: TestContext, text: string) => faultsIn(t, text, (path) => loadCallers([path]))

test('a key lets its caller in, with the scope and quota of the file', (t) => {
  const callers = load(t)
  assert.deepEqual(callers.authenticate(NEW, NOW), {
    id: 'support-desk',
    customers: 'all',
    quota: { max: 600, windowMs: 3_600_000 },
    sandbox: false,
    sweeps: false,
    webhook: null,
  })
  assert.deepEqual(callers.authenticate(SCOPED, NOW), {
    id: 'partner',
    customers: new Set(['acme', 'beta']),
    quota: null,
    sandbox: false,
    sweeps: true,
    webhook: null,
  })
  assert.deepEqual(
    callers.all.map(({ id }) => id),
    ['support-desk', 'partner'],
  )
})

test('unknown and malformed keys let nobody in, and the hash of a key is no key', (t) => {
  const callers = load(t)
  for (const key of [makeKey(), '', 'rtk_', hashOf(NEW), `${NEW} `, NEW.slice(0, -1), 'undefined', 'constructor']) {
    assert.equal(callers.authenticate(key, NOW), null, key)
  }
})

test('during a rotation the old and the new key let the same caller in', (t) => {
  const callers = load(t)
  assert.equal(callers.authenticate(OLD, NOW), callers.authenticate(NEW, NOW))
})

test('a key is good until the end of its last day in UTC, and one without a date stays good', (t) => {
  const callers = load(t)
  const idAt = (key: string, time: string) => callers.authenticate(key, new Date(time))?.id
  assert.equal(idAt(OLD, '2027-06-30T00:00:00.000Z'), 'support-desk')
  assert.equal(idAt(OLD, '2027-06-30T23:59:59.999Z'), 'support-desk')
  assert.equal(idAt(OLD, '2027-07-01T00:00:00.000Z'), undefined)
  assert.equal(idAt(NEW, '2099-01-01T00:00:00.000Z'), 'support-desk')
})

test('a caller in the sandbox has the customer of its sandbox, and no other', (t) => {
  const { all } = load(t, 'callers: [{ id: try, keys: [], sandbox: true, quota: 5/1h }]\n')
  assert.deepEqual(all, [
    {
      id: 'try',
      customers: new Set(['sandbox-try']),
      quota: { max: 5, windowMs: 3_600_000 },
      sandbox: true,
      sweeps: false,
      webhook: null,
    },
  ])
  const longest = 'a'.repeat(56)
  assert.deepEqual(faults(t, `callers: [{ id: ${longest}, keys: [], sandbox: true }]\n`), [])
  assert.match(
    faults(t, `callers: [{ id: a${longest}, keys: [], sandbox: true }]\n`).join(),
    /id: must have at most 56 characters/,
  )
  for (const customers of ['all', '[]', '[acme]']) {
    const [fault] = faults(t, `callers:\n  - id: try\n    keys: []\n    sandbox: true\n    customers: ${customers}\n`)
    assert.match(fault ?? '', /^5: callers\[0\]\.customers: must be left out for a caller/)
  }
})

const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`

/** A callers file with one caller, whose webhook has these members. */
const withWebhook = (members: string) =>
  `callers:\n  - id: portal\n    keys: []\n    customers: all\n    webhook: { ${members} }\n`

test('a caller can have a webhook, also in the sandbox', (t) => {
  const url = 'https://portal.example/relay-tests'
  const [caller] = load(t, withWebhook(`url: '${url}', secret: ${SECRET}`)).all
  assert.deepEqual(caller?.webhook, { url, secret: SECRET })
  const sandbox = `callers: [{ id: try, keys: [], sandbox: true, webhook: { url: '${url}', secret: ${SECRET} } }]\n`
  assert.deepEqual(load(t, sandbox).named('try')?.webhook, { url, secret: SECRET })
})

test('the secret of a webhook has 24 to 64 bytes, and no fault repeats it', (t) => {
  const secretOf = (bytes: Buffer) => `whsec_${bytes.toString('base64')}`
  const faultsWith = (secret: string) => faults(t, withWebhook(`url: 'https://portal.example/', secret: '${secret}'`))
  for (const length of [24, 32, 63, 64]) assert.deepEqual(faultsWith(secretOf(Buffer.alloc(length, 7))), [])
  const good = secretOf(Buffer.alloc(32, 'k'))
  const wrong = [
    secretOf(Buffer.alloc(23, 7)),
    secretOf(Buffer.alloc(65, 7)),
    good.slice(6),
    `${good}=`,
    good.replace('=', ''),
    good.replace('a', '-'),
    `${good} `,
    `whsec_${'a'.repeat(33)}`,
    'whsec_',
    '',
  ]
  for (const secret of wrong) {
    const [fault = '', ...others] = faultsWith(secret)
    assert.match(
      fault,
      /^5: callers\[0\]\.webhook\.secret: must be whsec_ and the base64 of 24 to 64 random bytes/,
      secret,
    )
    assert.deepEqual(others, [])
    assert.ok(secret.length < 12 || !fault.includes(secret.slice(6, 18)))
  }
})

test('the address of a webhook is public and has TLS; loopback needs the setting', (t) => {
  const faultsWith = (url: string, allowLoopback: boolean) =>
    faultsIn(t, withWebhook(`url: '${url}', secret: ${SECRET}`), (path) =>
      loadCallers([path], { allowLoopback, isReachable: false }),
    )
  for (const url of ['https://portal.example', 'https://portal.example:8443/a?b=c', 'https://93.184.216.34/']) {
    for (const allowLoopback of [true, false]) assert.deepEqual(faultsWith(url, allowLoopback), [], url)
  }
  for (const url of ['http://127.0.0.1:8080/', 'https://127.0.0.1/', 'http://[::1]:8080/']) {
    assert.deepEqual(faultsWith(url, true), [], url)
    assert.equal(faultsWith(url, false).length, 1, url)
  }
  for (const [url, fault] of [
    ['http://portal.example/', /must begin with https:\/\/$/],
    ['http://localhost:8080/', /must begin with https:\/\/$/],
    ['ftp://portal.example/', /must be a web address such as https:/],
    ['portal.example', /must be a web address such as https:/],
    ['https://', /must be a web address such as https:/],
    ['https://user:password@portal.example/', /must have no user name and no password/],
    ['https://portal.example/#part', /must have no part after #$/],
    ['https://10.0.0.1/', /10\.0\.0\.1 is in 10\.0\.0\.0\/8 \(private use\)$/],
    ['https://0x0a.1/', /10\.0\.0\.1 is in /],
    ['https://169.254.169.254/', /cloud metadata service/],
    ['https://[fd00::1]/', /unique local/],
    [`https://portal.example/${'a'.repeat(2_000)}`, /must have at most 2000 characters$/],
  ] as const) {
    const [found = '', ...others] = faultsWith(url, true)
    assert.match(found, fault, url)
    assert.match(found, /^5: callers\[0\]\.webhook\.url: /)
    assert.deepEqual(others, [])
  }
})

test('callers without keys, and no callers at all, are allowed', (t) => {
  assert.deepEqual(load(t, 'callers: []\n').all, [])
  assert.equal(load(t, 'callers: [{ id: a, keys: [], customers: [] }]\n').all.length, 1)
})

test('the example that is shipped knows the key that it publishes', () => {
  const callers = loadCallers([join(ROOT, 'examples/callers.yaml')])
  const caller = callers.authenticate('rtk_DEMO-KEY-published-never-use-it-elsewhere--', NOW)
  assert.deepEqual(caller?.customers, new Set(['demo']))
})

test('each fault is told with its line and what it must be', (t) => {
  const hash = 'a'.repeat(64)
  const desk = (member: string) => `callers:\n  - id: desk\n    customers: all\n    keys:\n      - ${member}\n`
  const more = (member: string) => `${desk(`sha256: ${hash}`)}    ${member}\n`
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    [`owner: me\ncallers: []\n`, /^1: owner is unknown here$/],
    [more('colour: red'), /^6: callers\[0\]\.colour is unknown here$/],
    [desk(`{ sha256: ${hash}, until: 2027-06-30 }`), /^5: callers\[0\]\.keys\[0\]\.until is unknown here$/],
    [desk(`{ sha256: ${hash}, sha256: ${hash} }`), /^5: the key sha256 is here twice$/],
    ['callers:\n  - keys: []\n    customers: all\n', /^2: callers\[0\]\.id: must be an id$/],
    [
      'callers:\n  - keys: []\n    id: -x\n    customers: all\n',
      /^3: callers\[0\]\.id: must be an id of 1 to 64 letters/,
    ],
    ['callers:\n  - id: a\n    keys: []\n', /^2: callers\[0\]\.customers: must be all, or a list of customer ids$/],
    ['callers:\n  - id: a\n    keys: []\n    customers: some\n', /^4: callers\[0\]\.customers: must be all, or a list/],
    [more('quota: many'), /^6: callers\[0\]\.quota: must be a quota such as "60\/1h"$/],
    [
      desk(`sha256: ${hash.toUpperCase()}`),
      /^5: callers\[0\]\.keys\[0\]\.sha256: must be the SHA-256 of a key: 64 lower-case hex/,
    ],
    [desk(`sha256: ${SCOPED}`), /^5: callers\[0\]\.keys\[0\]\.sha256: must be the SHA-256 of a key/],
    [
      desk(`{ sha256: ${hash}, expires: 2027-02-30 }`),
      /^5: callers\[0\]\.keys\[0\]\.expires: must be a date such as 2027-06-30/,
    ],
    [
      desk(`{ sha256: ${hash}, expires: 30.6.2027 }`),
      /^5: callers\[0\]\.keys\[0\]\.expires: must be a date such as 2027-06-30/,
    ],
    [desk(`sha256: ${hash}\n      - sha256: ${hash}`), /^6: callers\[0\]\.keys\[1\]: this key is used twice$/],
    [
      more(`\n  - { id: b, customers: [], keys: [{ sha256: ${hash} }] }`),
      /^7: callers\[1\]\.keys\[0\]: this key is used twice/,
    ],
    [more('\n  - { customers: [], keys: [], id: desk }'), /^7: callers\[1\]\.id: desk is used twice$/],
  ]
  for (const [text, expected] of rows) {
    const [found = '', ...others] = faults(t, text)
    assert.match(found, expected, text)
    assert.deepEqual(others, [], text)
  }
})

test('everything wrong with a file is told at once', (t) => {
  const text = `callers:
  - { id: a, keys: [{ sha256: short }], customers: all }
  - { id: b, keys: [], customers: none }
  - { id: c, keys: [], customers: [], colour: red }
`
  assert.deepEqual(
    faults(t, text).map((fault) => fault.split(':')[0]),
    ['2', '3', '4'],
  )
})

test('a caller and a key stand in one file of a folder only', (t) => {
  const folder = yamlFolder(t, { 'a.yaml': TWO_CALLERS, 'b.yaml': TWO_CALLERS })
  const paths = [join(folder, 'a.yaml'), join(folder, 'b.yaml')]
  const found = faultsOf(() => loadCallers(paths))
  assert.equal(found.length, 5)
  assert.ok(found.every((fault) => fault.startsWith(`${paths[1]}:`)))
})

test('a missing or numeric hash is told in the words of the file', (t) => {
  for (const key of ['{}', `sha256: ${'1'.repeat(64)}`]) {
    const [found = ''] = faults(t, `callers:\n  - id: a\n    customers: all\n    keys:\n      - ${key}\n`)
    assert.match(found, /^5: callers\[0\]\.keys\[0\]\.sha256: must be the SHA-256 of a key/)
  }
})
