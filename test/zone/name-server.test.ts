/** The name server on real sockets: real resolvers read its answers, and nobody can make it answer too much. */
import assert from 'node:assert/strict'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { decode, encode, streamEncode } from 'dns-packet'
import { parseAddress } from '../../src/ip/address.ts'
import { answerTo, type Served } from '../../src/zone/answers.ts'
import { type NameServerOptions, startNameServer } from '../../src/zone/name-server.ts'
import { steeredName } from '../../src/zone/names.ts'
import { sourceOf } from '../../src/zone/rates.ts'
import { cases, SEED } from '../harness/mass.ts'
import { randomFrom } from '../harness/random.ts'

const ZONE = { name: 'steer.relaytest.isp.example', key: 'k'.repeat(32) }
const SERVED: Served = { zone: ZONE, mailboxHost: 'mx.relaytest.isp.example', mailboxDomain: 'relaytest.isp.example' }
const ADDRESS = parseAddress('203.0.113.25') ?? assert.fail()
const nameNow = () => steeredName(ZONE, { address: ADDRESS, host: 'mail.example.com' }, new Date())
const LOG = { warn() {} }

async function start(t: TestContext, options: Partial<NameServerOptions> = {}) {
  const answer: NameServerOptions['answer'] = (message, over) => answerTo(message, SERVED, over, new Date())
  const server = await startNameServer({ host: '127.0.0.1', port: 0, answer, log: LOG, ...options })
  t.after(() => server.close())
  return server
}

function resolverAt(address: string): Resolver {
  const resolver = new Resolver({ timeout: 30_000, tries: 1 })
  resolver.setServers([address])
  return resolver
}

/** A connection that collects what comes. */
async function dial(t: TestContext, port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => void chunks.push(chunk))
  await once(socket, 'connect')
  const until = async (count: number) => {
    while (Buffer.concat(chunks).length < count) await once(socket, 'data')
    return Buffer.concat(chunks)
  }
  return { socket, until }
}

/** Sends a datagram, and lets this process read: its buffer holds only some hundred. */
async function sendTo(from: UdpSocket, port: number, message: Buffer): Promise<void> {
  await new Promise((resolve) => from.send(message, port, '127.0.0.1', resolve))
  await new Promise(setImmediate)
}

const closed = (socket: Socket) => (socket.destroyed ? Promise.resolve() : once(socket, 'close'))

test('a real resolver reads the answers, over IPv4 and IPv6', async (t) => {
  for (const [host, at] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ] as const) {
    const { port } = await start(t, { host })
    const resolver = resolverAt(`${at}:${port}`)
    const name = nameNow()
    // Since Node.js 26, each record also has its type.
    const found = (await resolver.resolveMx(name)).map(({ priority, exchange }) => [priority, exchange] as const)
    assert.deepEqual(
      found.sort(([a, one], [b, other]) => a - b || one.length - other.length),
      [
        [5, 'mx.relaytest.isp.example'],
        [50, 'mail.example.com'],
        [50, name],
      ],
    )
    assert.deepEqual(await resolver.resolve4(name), ['203.0.113.25'])
    await assert.rejects(resolver.resolve6(name), { code: 'ENODATA' })
    await assert.rejects(resolver.resolveMx(`${'0'.repeat(32)}.${ZONE.name}`), { code: 'ENOTFOUND' })
    await assert.rejects(resolver.resolve4('example.com'), { code: 'EREFUSED' })
    // Cut off over UDP, so it comes over TCP.
    assert.deepEqual(await resolver.resolveNs(ZONE.name), ['mx.relaytest.isp.example'])
    assert.equal((await resolver.resolveSoa(ZONE.name)).nsname, 'mx.relaytest.isp.example')
  }
})

test('several queries on one connection are answered in order, also if they come in pieces', async (t) => {
  const { port } = await start(t)
  const { socket, until } = await dial(t, port)
  const one = (id: number) => streamEncode({ id, questions: [{ name: nameNow(), type: 'A' }] })
  const all = Buffer.concat([one(1), one(2), one(3)])
  socket.write(all.subarray(0, 1))
  socket.setNoDelay(true)
  socket.write(all.subarray(1, 50))
  socket.write(all.subarray(50))
  const length = one(1).length + 16
  const got = await until(3 * length)
  const ids = [0, 1, 2].map((index) => decode(got.subarray(index * length + 2, (index + 1) * length)).id)
  assert.deepEqual(ids, [1, 2, 3])
})

test('a connection that is silent, lasts too long, or sends what is no query, is closed', async (t) => {
  const { port } = await start(t, { idleMs: 100 })
  const silent = await dial(t, port)
  await closed(silent.socket)
  const half = await dial(t, port)
  half.socket.write(Buffer.from([0]))
  await closed(half.socket)
  const lasting = await start(t, { lifetimeMs: 100 })
  await closed((await dial(t, lasting.port)).socket)
  for (const bytes of [
    [0xff, 0xff, 1],
    [0, 0],
    [0, 3, 1, 2, 3],
  ]) {
    const { port: at } = await start(t)
    const odd = await dial(t, at)
    odd.socket.write(Buffer.from(bytes))
    await closed(odd.socket)
  }
})

test('one source has five connections at most, and the next one is closed at once', async (t) => {
  const { port } = await start(t)
  const open = await Promise.all(Array.from({ length: 5 }, () => dial(t, port)))
  await closed((await dial(t, port)).socket)
  const [first] = open
  assert.ok(first)
  first.socket.write(streamEncode({ id: 9, questions: [{ name: nameNow(), type: 'A' }] }))
  assert.ok((await first.until(20)).length >= 20)
})

test('a source that asks too often gets no more answers, and the others go on', async (t) => {
  const { port } = await start(t)
  const query = encode({ id: 1, questions: [{ name: nameNow(), type: 'MX' }] })
  let answers = 0
  const flood = createSocket('udp4').on('message', () => {
    answers += 1
  })
  t.after(() => flood.close())
  flood.bind(0, '127.0.0.2')
  await once(flood, 'listening')
  const began = performance.now()
  for (let count = 0; count < 1_000; count += 1) await sendTo(flood, port, query)
  const resolver = resolverAt(`127.0.0.1:${port}`)
  assert.equal((await resolver.resolveMx(nameNow())).length, 3)
  const most = 100 + Math.ceil(((performance.now() - began) / 1000) * 20)
  assert.ok(answers > 0 && answers <= most, `${answers} answers, at most ${most}`)
})

test('10,000 datagrams of noise do not stop it', async (t) => {
  const { port } = await start(t)
  const noise = createSocket('udp4')
  t.after(() => noise.close())
  noise.bind(0, '127.0.0.3')
  await once(noise, 'listening')
  const random = randomFrom(SEED)
  for (let count = 0; count < Math.max(10_000, cases(10_000)); count += 1) {
    const length = random.pick([0, 1, 11, 12, 13, 40, 512, 600])
    const message = Buffer.from(Array.from({ length }, () => random.int(256)))
    await sendTo(noise, port, message)
  }
  assert.equal((await resolverAt(`127.0.0.1:${port}`).resolveMx(nameNow())).length, 3)
})

test('a port that is in use is told, and nothing stays open', async (t) => {
  const { port } = await start(t)
  await assert.rejects(start(t, { port }), { code: 'EADDRINUSE' })
})

test('queries are counted by IPv4 address, and by the /64 of an IPv6 address', () => {
  assert.equal(sourceOf('203.0.113.25'), '203.0.113.25')
  assert.equal(sourceOf('::ffff:203.0.113.25'), '203.0.113.25')
  assert.equal(sourceOf('2001:db8:0:1:a::1'), sourceOf('2001:db8:0:1:b::2'))
})
