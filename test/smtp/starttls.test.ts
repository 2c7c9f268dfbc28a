/** STARTTLS: old protocols, bad certificates, and text that is slipped in before it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { SMTPServer } from 'smtp-server'
import { SmtpConnection } from '../../src/smtp/connection.ts'
import { Transcript } from '../../src/smtp/transcript.ts'

async function connected(t: TestContext, port: number, patienceMs = 3_000) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  t.after(() => socket.destroy())
  const transcript = new Transcript()
  const connection = new SmtpConnection({ socket, number: 1, transcript, deadline: performance.now() + patienceMs })
  await connection.greeting(2_000)
  return { connection, transcript }
}

/** A server that greets, and does as told when STARTTLS comes. */
async function serverThat(t: TestContext, onStartTls: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write('220 mail.example.com\r\n')
    socket.once('data', () => onStartTls(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return address.port
}

test('after STARTTLS the session goes on encrypted, whatever the certificate', async (t) => {
  const server = new SMTPServer({
    name: 'mail.example.com',
    disabledCommands: ['AUTH'],
    authOptional: true,
    logger: false,
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => server.close(() => {}))
  const address = server.server.address()
  assert.ok(address !== null && typeof address !== 'string')
  const { connection, transcript } = await connected(t, address.port)
  await connection.command('EHLO relaytest.isp.example')
  const tls = await connection.startTls()
  assert.match(tls?.protocol ?? '', /^TLSv1\.[23]$/)
  assert.equal(tls?.authorized, false)
  assert.match(tls?.error ?? '', /^[A-Z_]+$/)
  const { reply } = await connection.command('EHLO relaytest.isp.example')
  assert.equal(reply?.code, 250)
  assert.ok(!reply?.lines.includes('STARTTLS'), 'it is not offered again')
  assert.ok(transcript.entries.some(({ line }) => line.startsWith('TLS: TLSv1')))
  await connection.quit()
})

test('plain text behind the reply to STARTTLS ends the session, a whole reply as well as a part of one', async (t) => {
  for (const injected of ['250 injected\r\n', '250-inj']) {
    const port = await serverThat(t, (socket) => socket.write(`220 go ahead\r\n${injected}`))
    const { connection } = await connected(t, port)
    assert.equal(await connection.startTls(), null)
    assert.equal(connection.fault, 'protocol-error')
  }
})

test('a server that declines goes on in plain text', async (t) => {
  const port = await serverThat(t, (socket) => socket.write('454 4.7.0 TLS not available\r\n'))
  const { connection } = await connected(t, port)
  assert.equal(await connection.startTls(), null)
  assert.equal(connection.fault, null)
})

for (const [name, misbehave] of [
  [
    'answers the handshake with words',
    (socket: Socket) =>
      socket.write('220 go ahead\r\n', () => socket.once('data', () => socket.write('250 hello\r\n'))),
  ],
  [
    'closes in the handshake',
    (socket: Socket) => socket.write('220 go ahead\r\n', () => socket.once('data', () => socket.end())),
  ],
  [
    'has no certificate',
    (socket: Socket) =>
      socket.write('220 go ahead\r\n', () => void new TLSSocket(socket, { isServer: true }).on('error', () => {})),
  ],
] as const) {
  test(`a server that ${name} is a failed TLS`, async (t) => {
    const { connection } = await connected(t, await serverThat(t, misbehave))
    assert.equal(await connection.startTls(), null)
    assert.equal(connection.fault, 'tls-failed')
    await connection.quit()
  })
}

test('a handshake that never ends is a failed TLS by the deadline', async (t) => {
  const port = await serverThat(t, (socket) => socket.write('220 go ahead\r\n'))
  const { connection } = await connected(t, port, 500)
  assert.equal(await connection.startTls(), null)
  assert.equal(connection.fault, 'tls-failed')
})
