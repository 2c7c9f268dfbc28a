import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DEFAULT_VANTAGE, loadVantage, originOf, ownAddresses, type Vantage } from '../../src/vantage/vantages.ts'
import { addressOf } from '../harness/addresses.ts'
import { faultsIn, faultsOf, yamlFile } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'

/** A good entry of three lines, and more from line 4 on. */
const vantage = (members = ''): string => `vantages:
  - name: syd-1
    ehlo: relaytest.isp.example
    ${members}
`

const load = (t: TestContext, text: string): Vantage => loadVantage([yamlFile(t, text)])
const faults = (t: TestContext, text: string) => faultsIn(t, text, (path) => loadVantage([path]))
const textsOf = (addresses: readonly { text: string }[]) => addresses.map(({ text }) => text)

/** An address that this machine does not have. */
const FOREIGN = ['198.51.100.77', '198.51.100.78'].find((text) => !textsOf(ownAddresses()).includes(text)) ?? ''

test('the example that is shipped is one vantage', () => {
  const { name, ehlo, publicIps, bind } = loadVantage([join(ROOT, 'examples/vantages.yaml')])
  assert.deepEqual([name, ehlo, textsOf(publicIps), bind], ['syd-1', 'relaytest.isp.example', ['198.51.100.7'], []])
})

test('a vantage binds to one address, or to one of each IP version', (t) => {
  assert.deepEqual(textsOf(load(t, vantage('bind: 127.0.0.1')).bind), ['127.0.0.1'])
  assert.deepEqual(textsOf(load(t, vantage('bind: [127.0.0.1]')).bind), ['127.0.0.1'])
  const ipv6 = ownAddresses().find(({ family }) => family === 6)
  if (!ipv6) return t.skip('this machine has no IPv6 address')
  assert.deepEqual(textsOf(load(t, vantage(`bind: [127.0.0.1, '${ipv6.text}']`)).bind), ['127.0.0.1', ipv6.text])
})

test('each fault is told with its line and what was expected', (t) => {
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    [
      'vantages: [{ name: a, ehlo: a.example }, { name: b, ehlo: b.example }]\n',
      /^1: vantages: exactly one vantage was expected/,
    ],
    ['vantages: []\n', /^1: vantages: exactly one vantage was expected/],
    [
      vantage(`bind: ${FOREIGN}`),
      new RegExp(`^4: vantages\\[0\\]\\.bind: no interface of this machine has ${FOREIGN}$`),
    ],
    [vantage(`bind: [127.0.0.1, ${FOREIGN}]`), new RegExp(`^4: .*: no interface of this machine has ${FOREIGN}$`)],
    [vantage('bind: [127.0.0.1, 127.0.0.1]'), /^4: vantages\[0\]\.bind: at most one address of each IP version was/],
    [
      vantage('publicIps: [198.51.100.7, mail.isp.example]'),
      /^4: .*\.publicIps\[1\]: an IPv4 or IPv6 address was expected$/,
    ],
    [vantage('publicIps: [198.51.100.0/24]'), /^4: .*\.publicIps\[0\]: an IPv4 or IPv6 address was expected$/],
    [vantage('proxy: socks5://10.0.0.5:1080'), /^4: vantages\[0\]\.proxy is unknown here$/],
    [
      'vantages:\n  - { name: Sydney 1,\n      ehlo: a.example }\n',
      /^2: vantages\[0\]\.name: a name such as syd-1 was expected$/,
    ],
    [
      'vantages:\n  - { name: a,\n      ehlo: localhost }\n',
      /^3: vantages\[0\]\.ehlo: a host name such as .* was expected$/,
    ],
    [
      'vantages:\n  - { name: a,\n      ehlo: "a.example\\r\\nDATA" }\n',
      /^3: vantages\[0\]\.ehlo: a host name such as/,
    ],
  ]
  for (const [text, expected] of rows) {
    const [found = '', ...more] = faults(t, text)
    assert.match(found, expected, text)
    assert.deepEqual(more, [], text)
  }
})

test('a folder without a vantages file is a fault', () => {
  assert.equal(faultsOf(() => loadVantage([])).length, 1)
})

test('a reason tells what was expected in the words of the file', (t) => {
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
  const bound = { ...DEFAULT_VANTAGE, publicIps: [addressOf('198.51.100.7')], bind: [addressOf('127.0.0.1')] }
  const { own, sources, families } = originOf(bound)
  assert.deepEqual(own, ownAddresses())
  assert.deepEqual(textsOf(sources), ['198.51.100.7', '127.0.0.1'])
  assert.deepEqual(families, new Set([4]))
})

test('a vantage that binds to nothing may use every interface but loopback, link local and unique local', () => {
  const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const routable = infos.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab]|f[cd])/i.test(address))
  const { sources, families } = originOf(DEFAULT_VANTAGE)
  assert.deepEqual(
    textsOf(sources),
    routable.map(({ address }) => addressOf(address).text),
  )
  assert.deepEqual(families, new Set(routable.map(({ family }) => (family === 'IPv6' ? 6 : 4))))
})
