/** One attempt to send an event: which answers take it, and how receivers can harm us. */
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Delivered, deliver } from '../../src/webhooks/delivery.ts'
import type { DestinationFacts } from '../../src/webhooks/destination.ts'
import { pingAt } from '../../src/webhooks/events.ts'
import { outgoingOf } from '../../src/webhooks/signing.ts'
import { listening } from '../harness/listening.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { answering, SECRET, taking, webhookReceiver } from '../harness/receiver.ts'
import { inTime } from '../harness/waiting.ts'

const PING = outgoingOf(pingAt('1', new Date()))

const AROUND: DestinationFacts = {
  allowLoopback: true,
  translations: [],
  own: () => [],
  addressesOf: async () => [],
}

const send = (url: string, around: Partial<DestinationFacts> = {}, attempt = 1, stop = new AbortController()) =>
  deliver(PING, { url, secret: SECRET }, attempt, { ...AROUND, ...around }, stop.signal)

const whyOf = (delivered: Delivered): string =>
  delivered.outcome === 'failed' ? delivered.why : assert.fail(delivered.outcome)

/** Listens on loopback, and calls `treat` for each connection. Returns a web address, and the open connections. */
async function rawServer(t: TestContext, treat: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => treat(socket))
  })
  return { url: `http://127.0.0.1:${await listening(t, server, sockets)}/`, sockets }
}

test('an event is signed, and any 2xx takes it', async (t) => {
  for (const status of [200, 202, 204]) {
    // The receiver verifies the signature.
    const receiver = await webhookReceiver(t, answering(status))
    const { outcome, answer } = await send(receiver.url)
    assert.deepEqual([outcome, answer?.status], ['delivered', status])
    assert.deepEqual(
      receiver.taken.map(({ id, event }) => [id, event.type]),
      [['ping-1', 'ping']],
    )
  }
})

test('410 switches the webhook off, and other answers are tried again', async (t) => {
  const statusTo = async (status: number) => send((await webhookReceiver(t, answering(status))).url)
  assert.equal((await statusTo(410)).outcome, 'gone')
  for (const status of [400, 401, 404, 409, 429, 500, 503]) {
    assert.match(whyOf(await statusTo(status)), new RegExp(`^it answered ${status}; a receiver answers 2xx`))
  }
})

test('a redirect is not followed', async (t) => {
  const elsewhere = await webhookReceiver(t)
  for (const status of [301, 302, 307, 308]) {
    const receiver = await webhookReceiver(t, answering(status, { location: elsewhere.url }))
    assert.match(whyOf(await send(receiver.url)), /a redirect: we follow none/)
  }
  assert.equal(elsewhere.requests, 0)
})

test('an answer without end is read to 4 KiB, and its status counts', async (t) => {
  let written = 0
  const { url, sockets } = await rawServer(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n')
    const flood = () => {
      while (!socket.destroyed && socket.write('x'.repeat(1_024))) written += 1_024
    }
    socket.on('drain', flood)
    flood()
  })
  const { outcome, answer } = await send(url)
  assert.deepEqual([outcome, answer?.text], ['delivered', 'x'.repeat(4_096)])
  await inTime(
    'the end of the connection',
    Promise.all([...sockets].map((one) => new Promise((end) => one.once('close', end)))),
  )
  assert.ok(written > 0)
})

test('headers without end are no answer, and neither are bytes that are not HTTP', async (t) => {
  const endless = await rawServer(t, (socket) => void socket.write(`HTTP/1.1 200 OK\r\n${'x'.repeat(30_000)}`))
  assert.equal(whyOf(await send(endless.url)), 'the headers of its answer are too long')
  const smtp = await rawServer(t, (socket) => void socket.end('220 mail.example.com ESMTP\r\n'))
  assert.equal(whyOf(await send(smtp.url)), 'it does not answer as a web server does')
  const broken = await rawServer(t, (socket) => void socket.destroy())
  assert.equal(whyOf(await send(broken.url)), 'it broke off the connection')
  assert.equal(whyOf(await send(`http://127.0.0.1:${await deadPort()}/`)), 'nothing listens there')
})

test('a receiver that hangs is left after ten seconds, and the end of the service does not wait for it', async (t) => {
  const silent = await rawServer(t, () => {})
  const slow = await rawServer(t, (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'))
  const stop = new AbortController()
  const stopped = send(silent.url, {}, 1, stop)
  stop.abort()
  assert.equal(whyOf(await stopped), 'the service is ending')
  const [unanswered, unfinished] = await Promise.all([send(silent.url), send(slow.url)])
  assert.equal(whyOf(unanswered), 'it did not answer within ten seconds')
  assert.equal(unfinished.outcome, 'delivered')
})

test('the connection goes to the address that was checked, even if the name leads elsewhere later', async (t) => {
  const receiver = await webhookReceiver(t)
  const answers = [['127.0.0.1'], ['169.254.169.254']]
  let asked = 0
  const addressesOf = async () => answers[asked++] ?? assert.fail('the name is looked up once for each attempt')
  const { port } = new URL(receiver.url)
  const url = `http://portal.example:${port}/hook`
  assert.equal((await send(url, { addressesOf })).outcome, 'delivered')
  assert.deepEqual([asked, receiver.requests], [1, 1])
  assert.match(whyOf(await send(url, { addressesOf })), /^169\.254\.169\.254 /)
  assert.deepEqual([asked, receiver.requests], [2, 1])
})

test('the Host header has the name of the web address', async (t) => {
  const hosts: (string | undefined)[] = []
  const receiver = await webhookReceiver(t, (response, received, request) => {
    hosts.push(request.headers.host, request.url)
    return taking(response, received, request)
  })
  const { port } = new URL(receiver.url)
  await send(`http://portal.example:${port}/hook?for=us`, { addressesOf: async () => ['127.0.0.1'] })
  assert.deepEqual(hosts, [`portal.example:${port}`, '/hook?for=us'])
})

test('if a name has several addresses, the next attempt takes the next one', async (t) => {
  const receiver = await webhookReceiver(t)
  const { port } = new URL(receiver.url)
  const addressesOf = async () => ['127.0.0.77', '127.0.0.1']
  const outcomes = [1, 2, 3].map(
    async (attempt) => (await send(`http://portal.example:${port}/`, { addressesOf }, attempt)).outcome,
  )
  assert.deepEqual(await Promise.all(outcomes), ['failed', 'delivered', 'failed'])
})
