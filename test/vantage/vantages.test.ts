/** The vantages file. */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { direct } from '../../src/vantage/direct.ts'
import { ownAddresses } from '../../src/vantage/interfaces.ts'
import { parseSocks5Url, throughSocks5 } from '../../src/vantage/socks5.ts'
import { DEFAULT_VANTAGE, reachOf, type Vantage } from '../../src/vantage/vantage.ts'
import { loadVantages as loadContents } from '../../src/vantage/vantages-file.ts'
import { addressOf } from '../harness/addresses.ts'
import { contentsOf, faultsIn, faultsOf, yamlFile } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'

/** A good entry of three lines, and more from line 4 on. */
const vantage = (members = ''): string => `vantages:
  - name: syd-1
    ehlo: relaytest.isp.example
    ${members}
`

const loadVantages = (paths: readonly string[]) => loadContents(contentsOf(paths))

const loadAll = (t: TestContext, text: string) => loadVantages([yamlFile(t, text)])
const load = (t: TestContext, text: string): Vantage => {
  const [vantage] = loadAll(t, text)
  assert.ok(vantage)
  return vantage
}
const faults = (t: TestContext, text: string) => faultsIn(t, text, (path) => loadVantages([path]))
const textsOf = (addresses: readonly { text: string }[]) => addresses.map(({ text }) => text)

/** An address that this machine does not have. */
const FOREIGN = ['198.51.100.77', '198.51.100.78'].find((text) => !textsOf(ownAddresses()).includes(text)) ?? ''

test('the example that is shipped is one vantage', () => {
  const [vantage, ...others] = loadVantages([join(ROOT, 'examples/vantages.yaml')])
  assert.ok(vantage)
  const { name, ehlo, publicIps, egress } = vantage
  assert.deepEqual([name, ehlo, textsOf(publicIps)], ['syd-1', 'relaytest.isp.example', ['198.51.100.7']])
  assert.deepEqual([egress.bind, egress.dependsOn, others], [[], [], []])
})

test('several vantages stand in one file, or in several, and keep their order', (t) => {
  const file = (...names: string[]) =>
    yamlFile(t, `vantages:\n${names.map((name) => `  - { name: ${name}, ehlo: ${name}.isp.example }\n`).join('')}`)
  const paths = [file('syd-1', 'a'), file('mel-1')]
  assert.deepEqual(
    loadVantages(paths).map(({ name }) => name),
    ['syd-1', 'a', 'mel-1'],
  )
  const [fault, ...more] = faultsOf(() => loadVantages([file('syd-1', 'b'), file('c', 'syd-1')]))
  assert.match(fault ?? '', /:3: vantages\[1\]\.name: syd-1 is used twice$/)
  assert.deepEqual(more, [])
})

test('a proxy is an address and a port, with user and password where it asks for them', (t) => {
  const rows = [
    ['socks5://10.0.0.5:1080', '10.0.0.5', 1080, null],
    ['socks5://[2001:db8::5]:1', '2001:db8::5', 1, null],
    ['socks5://relay:p%40s%3As@10.0.0.5:65535', '10.0.0.5', 65535, { user: 'relay', password: 'p@s:s' }],
    ['socks5://%C3%A4:%C3%BC@10.0.0.5:1080', '10.0.0.5', 1080, { user: 'ä', password: 'ü' }],
  ] as const
  for (const [text, host, port, login] of rows) {
    const { egress } = load(t, vantage(`publicIps: [198.51.100.7]\n    proxy: "${text}"`))
    assert.deepEqual(textsOf(egress.dependsOn), [host])
    const proxy = parseSocks5Url(text)
    assert.deepEqual([proxy?.address.text, proxy?.port, proxy?.login], [host, port, login])
  }
})

test('the error for a value that is no proxy leaves out its text, which may have a password', (t) => {
  const long = 'x'.repeat(256)
  const wrong = [
    ...[
      '10.0.0.5:1080',
      'socks5://10.0.0.5',
      'socks5://10.0.0.5:0',
      'socks5://10.0.0.5:65536',
      'socks5://10.0.0.5:1080/',
    ],
    ...['socks4://10.0.0.5:1080', 'socks5h://10.0.0.5:1080', 'http://10.0.0.5:1080', 'socks5://proxy.example:1080'],
    ...['socks5://s3cret@10.0.0.5:1080', 'socks5://u:s3cret@010.0.0.5:1080', 'socks5://u:s3%@10.0.0.5:1080'],
    ...[
      'socks5://2001:db8::5:1080',
      'socks5://[10.0.0.5]:1080',
      'socks5://u:@10.0.0.5:1080',
      ` socks5://10.0.0.5:1080`,
    ],
    ...[`socks5://u:${long}@10.0.0.5:1080`, `socks5://${long}:p@10.0.0.5:1080`, '', '7'],
  ]
  for (const text of wrong) {
    const [fault = '', ...more] = faults(t, vantage(`publicIps: [198.51.100.7]\n    proxy: "${text}"`))
    assert.match(
      fault,
      /^5: vantages\[0\]\.proxy: must be socks5:\/\/ADDRESS:PORT or socks5:\/\/USER:PASSWORD@ADDRESS:PORT, /,
      text,
    )
    assert.doesNotMatch(fault, /s3|xxx/, text)
    assert.deepEqual(more, [], text)
  }
})

test('a vantage binds to one address, or to one of each IP version', (t) => {
  assert.deepEqual(textsOf(load(t, vantage('bind: 127.0.0.1')).egress.bind), ['127.0.0.1'])
  assert.deepEqual(textsOf(load(t, vantage('bind: [127.0.0.1]')).egress.bind), ['127.0.0.1'])
  const ipv6 = ownAddresses().find(({ family }) => family === 6)
  if (!ipv6) return t.skip('this machine has no IPv6 address')
  assert.deepEqual(textsOf(load(t, vantage(`bind: [127.0.0.1, '${ipv6.text}']`)).egress.bind), ['127.0.0.1', ipv6.text])
})

test('each fault is told with its line and what it must be', (t) => {
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    ['vantages: []\n', /^1: vantages: must list at least one vantage$/],
    [
      vantage(`bind: ${FOREIGN}`),
      new RegExp(`^4: vantages\\[0\\]\\.bind: no interface of this machine has ${FOREIGN}$`),
    ],
    [vantage(`bind: [127.0.0.1, ${FOREIGN}]`), new RegExp(`^4: .*: no interface of this machine has ${FOREIGN}$`)],
    [
      vantage('bind: [127.0.0.1, 127.0.0.1]'),
      /^4: vantages\[0\]\.bind: must have at most one address of each IP version/,
    ],
    [
      vantage('publicIps: [198.51.100.7, mail.isp.example]'),
      /^4: .*\.publicIps\[1\]: must be an IPv4 or IPv6 address$/,
    ],
    [vantage('publicIps: [198.51.100.0/24]'), /^4: .*\.publicIps\[0\]: must be an IPv4 or IPv6 address$/],
    [vantage('proxy: socks5://10.0.0.5:1080'), /^4: vantages\[0\]\.proxy: needs publicIps: we cannot see/],
    [vantage('proxy: 7'), /^4: vantages\[0\]\.proxy: must be socks5:\/\/ADDRESS:PORT/],
    [vantage('relay: 10.0.0.5'), /^4: vantages\[0\]\.relay is unknown here$/],
    [
      vantage('publicIps: [198.51.100.7]\n    bind: 127.0.0.1\n    proxy: socks5://10.0.0.5:1080'),
      /^5: vantages\[0\]\.bind: cannot be used with proxy/,
    ],
    [
      'vantages:\n  - { name: Sydney 1,\n      ehlo: a.example }\n',
      /^2: vantages\[0\]\.name: must be a name such as syd-1$/,
    ],
    [
      'vantages:\n  - { name: a,\n      ehlo: localhost }\n',
      /^3: vantages\[0\]\.ehlo: must be a host name such as .*$/,
    ],
    [
      'vantages:\n  - { name: a,\n      ehlo: "a.example\\r\\nDATA" }\n',
      /^3: vantages\[0\]\.ehlo: must be a host name such as/,
    ],
  ]
  for (const [text, expected] of rows) {
    const [found = '', ...more] = faults(t, text)
    assert.match(found, expected, text)
    assert.deepEqual(more, [], text)
  }
})

test('a folder without a vantages file is a fault', () => {
  assert.equal(faultsOf(() => loadVantages([])).length, 1)
})

test('a reason tells what it must be in the words of the file', (t) => {
  const rows = ['bind: eth0', 'bind: [eth0]', 'bind: 5', 'publicIps: 198.51.100.7'].map((member) => vantage(member))
  for (const text of [...rows, 'vantages:\n  - ehlo: a.example\n', 'vantages:\n  - name: a\n', 'vantages:\n', '']) {
    const [found = ''] = faults(t, text)
    assert.match(found, /^[1-4]: /, text)
    assert.doesNotMatch(found, /Invalid input/, text)
  }
})

test("this machine's addresses are those of its interfaces, without zones", () => {
  const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const own = textsOf(ownAddresses())
  assert.equal(own.length, infos.length)
  for (const { address } of infos) assert.ok(own.includes(addressOf(address.split('%')[0] ?? '').text), address)
})

test('tests come from the addresses bound to, and are seen as the public ones', () => {
  const bound = { ...DEFAULT_VANTAGE, publicIps: [addressOf('198.51.100.7')], egress: direct([addressOf('127.0.0.1')]) }
  const { name, sources, families } = reachOf(bound, ownAddresses())
  assert.deepEqual([name, textsOf(sources)], ['default', ['198.51.100.7', '127.0.0.1']])
  assert.deepEqual(families, new Set([4]))
})

test('a vantage that binds to nothing may use every interface but loopback, link local and unique local', () => {
  const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const routable = infos.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab]|f[cd])/i.test(address))
  const { sources, families } = reachOf(DEFAULT_VANTAGE, ownAddresses())
  assert.deepEqual(
    textsOf(sources),
    routable.map(({ address }) => addressOf(address).text),
  )
  assert.deepEqual(families, new Set(routable.map(({ family }) => (family === 'IPv6' ? 6 : 4))))
})

test('behind a proxy a vantage has what the world sees of it, whatever this machine has', () => {
  const proxy = { address: addressOf('10.0.0.5'), port: 1080, login: null }
  const proxied = { ...DEFAULT_VANTAGE, publicIps: [addressOf('2001:db8:51::7')], egress: throughSocks5(proxy) }
  const { sources, families } = reachOf(proxied, [addressOf('192.0.2.1')])
  assert.deepEqual(new Set(textsOf(sources)), new Set(['2001:db8:51::7']))
  assert.deepEqual(families, new Set([6]))
})
