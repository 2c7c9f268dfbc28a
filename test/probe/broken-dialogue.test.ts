/** Servers whose PIPELINING or RSET is broken, over real sockets: that costs ten seconds, not the test. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { healthy, type Script, type ScriptedSession } from '../harness/mail-server.ts'
import { deny, silencesIn, visit } from '../harness/visit.ts'

const PATIENCE_MS = 50_000

type Reply = (line: string, session: ScriptedSession) => string

const asText = (said: string | readonly string[]): string => [said].flat().join('\r\n')
const opens: Reply = (line) => asText(healthy(line))
const denies: Reply = (line, session) => asText(deny(line, session) ?? '')
const isPart = (line: string): boolean => /^(MAIL|RCPT|RSET)/.test(line)

/** Returns a script that handles each segment of commands by itself. Segments of one command are answered. */
const onSegments = (reply: Reply, handle: (lines: string[], session: ScriptedSession) => string[] | null): Script => ({
  say: () => null,
  connected(session) {
    session.deaf = true
    let isMessage = false
    session.socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      if (isMessage && !text.endsWith('\r\n.\r\n')) return
      const lines = isMessage ? ['.'] : text.split('\r\n').slice(0, -1)
      const said = lines.length > 1 ? handle(lines, session) : lines.map((line) => reply(line, session))
      isMessage = said?.at(-1)?.startsWith('354') === true
      if (said && session.socket.writable) session.socket.write(said.map((line) => `${line}\r\n`).join(''))
      if (lines.includes('QUIT')) session.socket.end()
    })
  },
})

/** Each way to break PIPELINING, for a server with these replies. */
const BROKEN: Readonly<Record<string, (reply: Reply) => Script>> = {
  'keeps the answers of a group back until another command comes': (reply) => {
    const kept = new Map<ScriptedSession, string[]>()
    return onSegments(reply, (lines, session) => {
      const before = kept.get(session) ?? []
      const said = [...before, ...lines.map((line) => reply(line, session))]
      kept.set(session, said)
      return lines.every(isPart) ? null : said
    })
  },
  'answers only the first command of a write': (reply) =>
    onSegments(reply, ([first = ''], session) => [reply(first, session)]),
  'never answers a group': (reply) => onSegments(reply, () => null),
  'answers a group in the wrong order': (reply) =>
    onSegments(reply, (lines, session) => lines.map((line) => reply(line, session)).reverse()),
  'answers a group with one reply too few': (reply) =>
    onSegments(reply, (lines, session) => lines.slice(1).map((line) => reply(line, session))),
  'answers a group with one reply too many': (reply) =>
    onSegments(reply, (lines, session) => ['250 2.0.0 Ok', ...lines.map((line) => reply(line, session))]),
  'resets the connection when commands come in a group': (reply) =>
    onSegments(reply, (_lines, session) => {
      session.socket.resetAndDestroy()
      return null
    }),
  'answers the first command of a group and hangs up': (reply) =>
    onSegments(reply, ([first = ''], session) => {
      session.socket.end(`${reply(first, session)}\r\n`)
      return null
    }),
  'refuses a group as out of order': (reply) =>
    onSegments(reply, (lines) => lines.map(() => '503 5.5.0 Improper use of SMTP command pipelining')),
}

describe('a server that offers PIPELINING', { concurrency: true }, () => {
  for (const [name, scriptFor] of Object.entries(BROKEN)) {
    for (const suite of ['standard', 'full'] as const) {
      test(`and ${name} is judged by its answers one by one (${suite})`, async (t) => {
        const options = { suite, patienceMs: PATIENCE_MS }
        const [open, closed] = await Promise.all([
          visit(t, scriptFor(opens), options),
          visit(t, scriptFor(denies), options),
        ])
        for (const { transcript } of [open, closed]) {
          assert.ok(silencesIn(transcript) <= 1, 'we wait ten seconds in vain once at most')
        }
        assert.equal(open.verdict, 'open', String(open.reason))
        assert.equal(closed.verdict, 'closed', String(closed.reason))
        assert.ok(closed.server.connections <= 8)
      })
    }
  }
})

/** The replies to RSET, and to EHLO after MAIL, of a server that keeps its transaction open. */
const RESETS: Readonly<Record<string, { rset: string | null; ehloResets: boolean }>> = {
  'RSET is unknown, and EHLO ends a transaction': { rset: '502 5.5.2 Error: command not recognized', ehloResets: true },
  'RSET is unknown, and nothing ends a transaction': { rset: '500 unknown command', ehloResets: false },
  'RSET is refused, and EHLO ends a transaction': { rset: '550 not now', ehloResets: true },
  'RSET gets no answer, and EHLO ends a transaction': { rset: null, ehloResets: true },
  'RSET gets no answer, and nothing ends a transaction': { rset: null, ehloResets: false },
  'RSET is accepted and ends nothing': { rset: '250 Ok', ehloResets: false },
}

describe('a server that stays in its transaction', { concurrency: true }, () => {
  for (const [name, { rset, ehloResets }] of Object.entries(RESETS)) {
    for (const extensions of [['250-mail.example.com', '250 PIPELINING'], ['250 mail.example.com']]) {
      const offered = extensions.length > 1 ? 'with PIPELINING' : 'without PIPELINING'
      const script = (isOpen: boolean): Script => {
        const inside = new Set<ScriptedSession>()
        return {
          say(line, session) {
            if (line.startsWith('EHLO')) {
              if (ehloResets) inside.delete(session)
              return extensions
            }
            if (line === 'RSET') return rset
            if (line.startsWith('MAIL')) {
              if (inside.has(session)) return '503 nested MAIL'
              inside.add(session)
            }
            if (line === '.') inside.delete(session)
            return isOpen ? healthy(line) : deny(line, session)
          },
        }
      }
      test(`because ${name}, ${offered}, is judged within the time`, async (t) => {
        const [open, closed] = await Promise.all([
          visit(t, script(true), { patienceMs: PATIENCE_MS }),
          visit(t, script(false), { patienceMs: PATIENCE_MS }),
        ])
        assert.equal(open.verdict, 'open', String(open.reason))
        assert.equal(closed.verdict, 'closed', String(closed.reason))
        assert.ok(closed.server.connections <= 8)
        if (ehloResets && rset !== null && extensions.length === 1)
          assert.equal(closed.server.connections, 1, 'EHLO costs no connection')
      })
      test(`because ${name}, ${offered}, gets the full suite too`, async (t) => {
        const { verdict, reason } = await visit(t, script(false), { suite: 'full', patienceMs: PATIENCE_MS })
        const words = ehloResets ? ['closed'] : ['closed', 'connection-limit']
        assert.ok(words.includes(reason ?? verdict), String(reason))
      })
    }
  }
})
