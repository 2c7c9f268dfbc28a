/** Dialling through a SOCKS5 proxy. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SocksProxy } from '../../src/smtp/socks.ts'
import { dialThrough } from '../../src/smtp/socks-dial.ts'
import { addressOf } from '../harness/addresses.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { type Peer, SOCKS, scriptedProxy } from '../harness/proxy.ts'
import { until } from '../harness/waiting.ts'

const TARGET = addressOf('203.0.113.25')
const at = (port: number, login: SocksProxy['login'] = null): SocksProxy => ({
  address: addressOf('127.0.0.1'),
  port,
  login,
})

const through = (proxy: SocksProxy, { address = TARGET, timeoutMs = 60_000 } = {}) =>
  dialThrough(proxy)(address, 25, timeoutMs)

/** A proxy that takes anybody and then answers the request with these bytes. */
const answering =
  (bytes: Buffer, length = 10) =>
  async ({ socket, read }: Peer) => {
    await read(3)
    socket.write(SOCKS.welcome)
    await read(length)
    socket.write(bytes)
  }

test('a proxy is given the bytes of the address and the port, and nothing to look up', async (t) => {
  const rows = [
    ['203.0.113.25', [5, 1, 0, 1, 203, 0, 113, 25, 0, 25]],
    ['0.0.0.1', [5, 1, 0, 1, 0, 0, 0, 1, 0, 25]],
    ['2001:db8::19', [5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x19, 0, 25]],
  ] as const
  for (const [text, request] of rows) {
    const proxy = await scriptedProxy(t, answering(SOCKS.granted, request.length))
    const dialled = await through(at(proxy.port), { address: addressOf(text) })
    assert.ok('socket' in dialled)
    dialled.socket.destroy()
    assert.deepEqual(proxy.received, [Buffer.from([5, 1, 0]), Buffer.from(request)], text)
  }
})

test('user and password are given where they are configured, and nothing else is offered', async (t) => {
  const proxy = await scriptedProxy(t, async ({ socket, read }) => {
    await read(3)
    socket.write(SOCKS.login)
    await read(1 + 1 + 5 + 1 + 3)
    socket.write(Buffer.from([1, 0]))
    await read(10)
    socket.write(SOCKS.granted)
  })
  const dialled = await through(at(proxy.port, { user: 'relay', password: 'p@s' }))
  assert.ok('socket' in dialled)
  dialled.socket.destroy()
  assert.deepEqual(proxy.received.slice(0, 2), [Buffer.from([5, 1, 2]), Buffer.from('\x01\x05relay\x03p@s')])
})

test('a greeting that comes with the answer of the proxy is not lost, in any pieces', async (t) => {
  const bound = [
    SOCKS.granted,
    Buffer.from([5, 0, 0, 3, 5, ...Buffer.from('proxy'), 0, 99]),
    Buffer.from([5, 0, 0, 4, ...Array<number>(16).fill(7), 0, 99]),
  ]
  for (const answer of bound) {
    for (const cuts of ['whole', 'bytes']) {
      const bytes = Buffer.concat([answer, Buffer.from('220 mail.example.com\r\n')])
      const proxy = await scriptedProxy(t, async ({ socket, read }) => {
        await read(3)
        socket.write(SOCKS.welcome)
        await read(10)
        if (cuts === 'whole') socket.write(bytes)
        else {
          socket.setNoDelay()
          for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve))
        }
      })
      const dialled = await through(at(proxy.port))
      assert.ok('socket' in dialled)
      let text = ''
      dialled.socket.on('data', (chunk) => {
        text += chunk
      })
      await until('the greeting', () => text.endsWith('\n'))
      assert.equal(text, '220 mail.example.com\r\n', cuts)
      dialled.socket.destroy()
    }
  }
})

test('an answer of the proxy counts for the server only if it is about the server', async (t) => {
  const rows = [
    [1, 'vantage-failed', 'answers 1'],
    [2, 'vantage-failed', 'answers 2'],
    [3, 'unreachable', 'network unreachable'],
    [4, 'unreachable', 'host unreachable'],
    [5, 'connection-refused', 'connection refused'],
    [6, 'connect-timeout', 'TTL expired'],
    [7, 'vantage-failed', 'answers 7'],
    [8, 'vantage-failed', 'answers 8'],
    [200, 'vantage-failed', 'answers 200'],
  ] as const
  for (const [code, fault, detail] of rows) {
    const proxy = await scriptedProxy(t, answering(SOCKS.refused(code)))
    assert.deepEqual(await through(at(proxy.port)), { fault, detail: `our proxy: ${detail}` }, `${code}`)
  }
  const curt = await scriptedProxy(t, async (peer) => {
    await answering(Buffer.from([5, 5, 0, 1]))(peer)
    peer.socket.end()
  })
  const refused = await through(at(curt.port))
  assert.equal('fault' in refused && refused.fault, 'connection-refused')
})

test('a proxy that fails is never taken for a server that is silent', async (t) => {
  const silent = async () => {}
  const rows: readonly (readonly [what: string, script: (peer: Peer) => Promise<void>, detail: string | null])[] = [
    ['says nothing', silent, null],
    ['hangs up', async ({ socket }) => void socket.end(), 'our proxy: hung up'],
    ['resets', async ({ socket }) => void socket.resetAndDestroy(), 'our proxy: '],
    ['hangs up within an answer', async ({ socket }) => void socket.end(Buffer.from([5])), 'our proxy: hung up'],
    ['speaks SMTP', async ({ socket }) => void socket.write('220 mail\r\n'), 'our proxy: does not speak SOCKS5'],
    ['asks for a password', async ({ socket }) => void socket.write(SOCKS.login), 'our proxy: asks for a password'],
    ['takes nobody', async ({ socket }) => void socket.write(Buffer.from([5, 255])), 'our proxy: asks for a password'],
    [
      'hangs up instead of an answer',
      async ({ socket, read }) => {
        await read(3)
        socket.write(SOCKS.welcome)
        await read(10)
        socket.end()
      },
      'our proxy: hung up',
    ],
    ['answers in another version', answering(Buffer.from([4, 0, 0, 1])), 'our proxy: does not speak SOCKS5'],
  ]
  for (const [what, script, detail] of rows) {
    const proxy = await scriptedProxy(t, script)
    const dialled = await through(at(proxy.port), { timeoutMs: what === 'says nothing' ? 200 : 60_000 })
    assert.ok('fault' in dialled, what)
    assert.equal(dialled.fault, 'vantage-failed', what)
    if (what === 'resets') assert.match(dialled.detail ?? '', /^our proxy: (ECONNRESET|hung up)$/)
    else assert.equal(dialled.detail, detail, what)
  }
  const nobody = await through(at(await deadPort()))
  assert.deepEqual(nobody, { fault: 'vantage-failed', detail: 'our proxy: ECONNREFUSED' })
})

test('wrong credentials are said to be that, without a word of them', async (t) => {
  const refusing = async ({ socket, read }: Peer) => {
    await read(3)
    socket.write(SOCKS.login)
    await read(8)
    socket.end(Buffer.from([1, 1]))
  }
  const proxy = await scriptedProxy(t, refusing)
  const dialled = await through(at(proxy.port, { user: 'abc', password: 'xyz' }))
  assert.deepEqual(dialled, { fault: 'vantage-failed', detail: 'our proxy: does not know our password' })
  const open = await scriptedProxy(t, async ({ socket }) => void socket.write(SOCKS.welcome))
  const other = await through(at(open.port, { user: 'abc', password: 'xyz' }))
  assert.deepEqual(other, { fault: 'vantage-failed', detail: 'our proxy: accepts no password' })
})

test('silence is that of the server while the proxy still answers, and that of the proxy where it does not', async (t) => {
  const waiting = async ({ socket, read }: Peer) => {
    await read(3)
    socket.write(SOCKS.welcome)
  }
  const alive = await scriptedProxy(t, waiting)
  assert.deepEqual(await through(at(alive.port), { timeoutMs: 200 }), { fault: 'connect-timeout', detail: null })
  let connections = 0
  const dying = await scriptedProxy(t, async (peer) => {
    connections += 1
    if (connections === 1) await waiting(peer)
  })
  const dialled = await through(at(dying.port), { timeoutMs: 200 })
  assert.deepEqual(dialled, { fault: 'vantage-failed', detail: 'our proxy: does not answer' })
})

test('an address whose text and value differ reaches no proxy', async (t: TestContext) => {
  const proxy = await scriptedProxy(t, answering(SOCKS.granted))
  const forged = { ...TARGET, text: '198.51.100.1' }
  await assert.rejects(through(at(proxy.port), { address: forged }), /would reach the proxy as another address/)
  assert.deepEqual(proxy.received.length, 1)
})
