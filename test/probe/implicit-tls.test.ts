/** Ports where TLS begins with the first byte: those that are known for it, and those that show it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import { resultOf } from '../harness/http.ts'
import { healthy, type Script, type ScriptedSession, scriptedServer } from '../harness/mail-server.ts'
import { startService } from '../harness/service.ts'
import { ALL_DENIED, deny, silencesIn, visit } from '../harness/visit.ts'
import { HEALTHY, verdictOn } from './model.ts'

const pem = (name: string) => readFileSync(new URL(`../hostile/certificates/${name}.pem`, import.meta.url), 'utf8')
const CONTEXT = createSecureContext({ cert: pem('expired'), key: pem('key') })
const SPEAKS_TLS = 'this port speaks TLS from the first byte, without STARTTLS'

/** Serves a client in TLS as soon as it begins a handshake. Calls `plain` for a client that does not. */
const inTls = (script: Script, plain: (session: ScriptedSession) => void = () => {}): Script => ({
  ...script,
  greeting: null,
  connected(session) {
    const wire = session.socket
    wire.removeAllListeners('data')
    plain(session)
    wire.once('readable', () => {
      // The end of a client that sent nothing is readable too.
      if (wire.readableLength === 0) return
      session.startTls(CONTEXT)
      session.socket.once('secure', () => session.socket.write('220 mail.example.com ESMTP\r\n'))
    })
  },
})

/** An alert that ends a handshake: TLS 1.2, fatal, unexpected message. */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a])

describe('implicit TLS', { concurrency: true }, () => {
  test('a port that is known for it is spoken to in TLS at once, in groups too', async (t) => {
    const { verdict, attempts, transcript, tls, server } = await visit(t, inTls({ say: deny }), { tlsFirst: true })
    assert.equal(verdict, 'closed')
    assert.deepEqual(attempts, ALL_DENIED)
    assert.match(tls?.protocol ?? '', /^TLSv1/)
    assert.equal(server.connections, 1)
    const lines = transcript.entries.map(({ line }) => line)
    assert.match(lines[0] ?? '', /^connecting to 127\.0\.0\.1:\d+, in TLS from the first byte$/)
    assert.match(lines[1] ?? '', /^TLS: TLSv1/)
    assert.ok(!lines.includes('STARTTLS'))
  })

  test('the service speaks TLS at the ports of IMPLICIT_TLS_PORTS, and the result says what was agreed', async (t) => {
    const server = await scriptedServer(t, inTls({ say: deny }))
    const port = String(server.port)
    const service = await startService(t, { env: { ALLOWED_PORTS: port, IMPLICIT_TLS_PORTS: port } })
    const result = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
    assert.equal(result.verdict, 'closed')
    assert.match(result.server?.tls?.protocol ?? '', /^TLSv1/)
    assert.ok(result.transcript[0]?.line.endsWith(', in TLS from the first byte'))
  })

  test('the full suite and a message go the same way', async (t) => {
    const full = await visit(t, inTls({ say: deny }), { tlsFirst: true, suite: 'full', patienceMs: 20_000 })
    assert.equal(full.verdict, 'closed')
    const open = await visit(t, inTls({ say: healthy }), { tlsFirst: true })
    assert.equal(open.verdict, 'open')
  })

  for (const suite of ['standard', 'full'] as const) {
    test(`a silent server on another port is tried in TLS after ten seconds (${suite})`, async (t) => {
      const options = { suite, patienceMs: 50_000 }
      const { verdict, transcript, tls, server } = await visit(t, inTls({ say: deny }), options)
      const silent = server.sessions.filter(({ socket }) => !(socket instanceof TLSSocket))
      assert.equal(silent.length, 1, 'we wait ten seconds in vain once')
      assert.equal(verdict, 'closed')
      assert.match(tls?.protocol ?? '', /^TLSv1/)
      assert.ok(transcript.entries.some(({ line }) => line === SPEAKS_TLS))
      assert.ok(server.connections <= 8)
    })
  }

  test('a TLS alert in place of a greeting shows it at once', async (t) => {
    const alert = ({ socket, connection }: ScriptedSession) => {
      if (connection === 1) socket.end(ALERT)
    }
    const { verdict, transcript, server } = await visit(t, inTls({ say: deny }, alert), { patienceMs: 20_000 })
    assert.equal(silencesIn(transcript), 0)
    assert.equal(verdict, 'closed')
    assert.equal(server.connections, 2)
    assert.ok(transcript.entries.some(({ line }) => line === 'the server sent a TLS record instead of text'))
  })

  test('a server that hangs up on clients without TLS is tried in TLS too', async (t) => {
    const hangUp = ({ socket, connection }: ScriptedSession) => {
      if (connection < 3) socket.end()
    }
    const { verdict } = await visit(t, inTls({ say: deny }, hangUp), { patienceMs: 20_000 })
    assert.equal(verdict, 'closed')
  })

  test('a server that answers with TLS records, and agrees on no TLS, is tls-failed', async (t) => {
    const { reason } = await visit(t, { greeting: ALERT, say: () => null }, { patienceMs: 20_000 })
    assert.equal(reason, 'tls-failed')
  })

  test('a port that is known for it, and speaks plain text, is tested in plain text', async (t) => {
    const { verdict, tls, server } = await visit(t, { say: deny }, { tlsFirst: true, patienceMs: 20_000 })
    assert.equal(verdict, 'closed')
    assert.equal(tls, null)
    assert.equal(server.connections, 2)
  })

  test('a server that is slow to greet is not hurt by the trial', async (t) => {
    let connections = 0
    const greeting = () => {
      connections += 1
      const late = new Promise<string>((resolve) => setTimeout(resolve, 11_500, '220 mail.example.com ESMTP').unref())
      return connections === 1 ? late : '220 mail.example.com ESMTP'
    }
    const { verdict, attempts, tls } = await visit(t, { greeting, say: deny }, { patienceMs: 50_000 })
    assert.equal(verdict, 'closed')
    assert.deepEqual(attempts, ALL_DENIED)
    assert.equal(tls, null)
  })

  for (const suite of ['standard', 'full'] as const) {
    test(`the model of such a server gets its verdict (${suite})`, async () => {
      const { verdict, witness } = await verdictOn({ ...HEALTHY, tlsFirst: true }, { suite })
      assert.equal(verdict, 'closed')
      assert.ok(witness.connections <= 8 && witness.most <= 3, `${witness.most} at once`)
    })
  }
})
