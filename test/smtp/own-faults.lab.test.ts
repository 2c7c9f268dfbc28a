/** Real faults of our own machine and network, and real answers of another one: only the latter speak of the target. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { before, test } from 'node:test'
import { dialFrom } from '../../src/smtp/dial.ts'
import { direct } from '../../src/vantage/direct.ts'
import { assertFreshNamespace, run } from '../dial/world.ts'
import { addressOf } from '../harness/addresses.ts'
import { listening } from '../harness/listening.ts'
import { until } from '../harness/waiting.ts'
import { labUnavailable } from '../lab/unavailable.ts'

const missing = labUnavailable()
const skip = missing !== null && process.env.CI === undefined ? missing : false

const OWN = '198.51.100.7'
const OWN6 = '2001:db8:51::7'
const ip = (...lines: string[]) => run('ip', ['-batch', '-'], lines)
const dial = (address: string, port = 25, bind: readonly string[] = []) =>
  dialFrom(bind.map(addressOf))(addressOf(address), port, 8_000)

before(async () => {
  if (skip) return
  assertFreshNamespace()
  await ip(
    'link set lo up',
    // Nobody is at the other end of this cable.
    'link add cable type veth peer name far',
    `address add ${OWN}/24 dev cable`,
    `address add ${OWN6}/64 dev cable nodad`,
    'link set cable up',
    'link set far up',
    // Packets to these come back to this machine, as if from another one.
    'address add 203.0.113.0/24 dev lo',
    'address add 2001:db8:113::1/128 dev lo nodad',
    'route add local 2001:db8:113::/64 dev lo',
    'route add prohibit 192.0.2.0/24',
    'route add blackhole 192.31.196.0/24',
    'route add unreachable 192.52.193.0/24',
    'route add prohibit 2001:db8:77::/48',
  )
  // The kernel reports a new cable as running up to a second later.
  await until('the cable', () => networkInterfaces().cable?.some(({ address }) => address === OWN))
})

test('faults of our own system are vantage-failed, whatever they say', { skip }, async (t) => {
  const rows = [
    ['8.8.8.8', 'ENETUNREACH', 'our machine has no route'],
    ['2001:4860:4860::8888', 'ENETUNREACH', 'our machine has no route'],
    ['192.0.2.25', 'EACCES', 'our own routes forbid it'],
    ['2001:db8:77::25', 'EACCES', 'our own routes forbid it'],
    ['192.31.196.25', 'EINVAL', 'our own routes throw packets away'],
    ['192.52.193.25', 'EHOSTUNREACH', 'our own routes say that it is unreachable'],
  ] as const
  for (const [address, detail, what] of rows) {
    await t.test(what, async () => {
      assert.deepEqual(await dial(address), { fault: 'vantage-failed', detail })
    })
  }
  await t.test('our source address has gone', async () => {
    const gone = '198.51.100.99'
    assert.deepEqual(await dial('203.0.113.25', 25, [gone]), { fault: 'vantage-failed', detail: 'EADDRNOTAVAIL' })
  })
})

test('no port is left: vantage-failed, and the self-check finds it too', { skip }, async (t) => {
  const range = '/proc/sys/net/ipv4/ip_local_port_range'
  const usual = readFileSync(range, 'utf8')
  t.after(() => writeFileSync(range, usual))
  const sockets = new Set<Socket>()
  const far = createServer((socket) => sockets.add(socket))
  const port = await listening(t, far, sockets, '203.0.113.25')
  writeFileSync(range, '40000 40003')
  const rows = [
    [[], 'EADDRNOTAVAIL'],
    [[OWN], 'EADDRINUSE'],
  ] as const
  for (const [bind, detail] of rows) {
    for (let used = 0; used < 4; used += 1) {
      const opened = await dial('203.0.113.25', port, bind)
      assert.ok('socket' in opened)
      t.after(() => opened.socket.destroy())
    }
    assert.deepEqual(await dial('203.0.113.25', port, bind), { fault: 'vantage-failed', detail })
  }
  const found = await direct([addressOf(OWN)]).checks['source-address']()
  assert.deepEqual(found, { outcome: 'failed', detail: 'This machine cannot open a connection (EADDRINUSE).' })
})

test('an error from the network is about the target', { skip }, async (t) => {
  await run(
    'nft',
    ['-f', '-'],
    [
      'table inet far {',
      '  chain in {',
      '    type filter hook input priority 0;',
      '    ip daddr 203.0.113.1 tcp dport 25 reject with icmp type host-unreachable',
      '    ip daddr 203.0.113.2 tcp dport 25 reject with icmp type net-unreachable',
      '    ip daddr 203.0.113.3 tcp dport 25 reject with icmp type admin-prohibited',
      '    ip daddr 203.0.113.4 tcp dport 25 reject with icmp type prot-unreachable',
      '    ip daddr 203.0.113.5 tcp dport 25 reject with tcp reset',
      '    ip6 daddr 2001:db8:113::1 tcp dport 25 reject with icmpv6 type admin-prohibited',
      '  }',
      '}',
    ],
  )
  const rows = [
    ['203.0.113.1', 'unreachable', 'EHOSTUNREACH'],
    ['203.0.113.2', 'unreachable', 'ENETUNREACH'],
    ['203.0.113.3', 'unreachable', 'EHOSTUNREACH'],
    ['203.0.113.4', 'unreachable', 'ENOPROTOOPT'],
    ['203.0.113.5', 'connection-refused', 'ECONNREFUSED'],
    ['203.0.113.6', 'connection-refused', 'ECONNREFUSED'],
    ['2001:db8:113::1', 'unreachable', 'EACCES'],
    // On the cable nobody answers for the address.
    ['198.51.100.25', 'unreachable', 'EHOSTUNREACH'],
    ['2001:db8:51::25', 'unreachable', 'EHOSTUNREACH'],
  ] as const
  await Promise.all(
    rows.map(([address, fault, detail]) =>
      t.test(`${address} is ${fault}`, async () => assert.deepEqual(await dial(address), { fault, detail })),
    ),
  )
})
