/** The questions that are asked for findings: when they are asked, and that they cost no verdict. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf } from '../../src/relay/findings.ts'
import { judge } from '../../src/relay/verdict.ts'
import { healthy, type Say } from '../harness/mail-server.ts'
import { deny, plainEhlo, visit } from '../harness/visit.ts'

/** A server that knows postmaster and jane, and relays for nobody. */
const closed: Say = (line, session) =>
  /^RCPT TO:<(postmaster|jane)@example\.com>/.test(line) ? '250 2.1.5 Ok' : deny(line, session)

const BY_DEFAULT = { domain: { name: 'example.com', source: 'customer' } } as const

const findings = ({ observations }: Awaited<ReturnType<typeof visit>>) => findingsOf(observations, judge(observations))

test('a stranger who may send as the own domain to postmaster is a finding, and the server is closed', async (t) => {
  const visited = await visit(t, { say: closed }, BY_DEFAULT)
  assert.deepEqual([visited.verdict, findings(visited)], ['closed', ['own-domain-spoofable']])
  const { lines, connections } = visited.server
  const at = lines.lastIndexOf('MAIL FROM:<sender@example.com>')
  assert.deepEqual(lines.slice(at, at + 2), ['MAIL FROM:<sender@example.com>', 'RCPT TO:<postmaster@example.com>'])
  assert.equal(connections, 1, 'no connection is opened for it')
  assert.ok(!lines.includes('DATA'))
})

test('the known mailbox is asked as itself, without a question before', async (t) => {
  const visited = await visit(t, { say: closed }, { knownMailbox: 'jane@example.com' })
  assert.deepEqual([visited.verdict, findings(visited)], ['closed', ['own-domain-spoofable']])
  const { lines } = visited.server
  const at = lines.lastIndexOf('MAIL FROM:<jane@example.com>')
  assert.equal(lines[at + 1], 'RCPT TO:<jane@example.com>')
})

test('a server that protects its own domain has no such finding', async (t) => {
  const say: Say = (line, session) => {
    if (line.startsWith('MAIL')) Object.assign(session, { own: line.includes('@example.com') })
    const isOwn = 'own' in session && session.own === true
    return isOwn && line.startsWith('RCPT TO:<postmaster') ? '550 5.7.1 Sender spoofed' : closed(line, session)
  }
  const visited = await visit(t, { say }, BY_DEFAULT)
  assert.deepEqual([visited.verdict, findings(visited)], ['closed', []])
  assert.equal(visited.attempts['own-sender-to-local'], 'sender-rejected')
})

const never = (visited: Awaited<ReturnType<typeof visit>>) => {
  assert.equal(visited.attempts['own-sender-to-local'], undefined)
  return visited.verdict
}

test('it is not asked where the answer is known, or could not be read', async (t) => {
  const refusesSender: Say = (line, session) =>
    line.startsWith('MAIL FROM:<sender@example.com') ? '550 5.7.1 Not your domain' : closed(line, session)
  assert.equal(never(await visit(t, { say: refusesSender }, BY_DEFAULT)), 'closed')
  // The sender is refused at RCPT, in other words than a stranger.
  const refusesLater: Say = (line, session) => {
    if (line.startsWith('MAIL')) Object.assign(session, { own: line.includes('@example.com') })
    const isOwn = 'own' in session && session.own === true
    return isOwn && line.startsWith('RCPT') ? '550 5.7.1 SPF: not allowed to send' : closed(line, session)
  }
  assert.equal(never(await visit(t, { say: refusesLater }, BY_DEFAULT)), 'closed')
  // No local recipient is known to be accepted.
  assert.equal(never(await visit(t, { say: closed })), 'closed')
  assert.equal(never(await visit(t, { say: deny }, BY_DEFAULT)), 'closed')
  // The server relays.
  assert.equal(never(await visit(t, { say: healthy }, BY_DEFAULT)), 'open')
  // The domain is only a guess, or time is short.
  assert.equal(never(await visit(t, { say: closed }, { domain: null })), 'inconclusive')
  assert.equal(never(await visit(t, { say: closed }, { ...BY_DEFAULT, patienceMs: 2_500 })), 'closed')
})

test('a server that hangs up, stays silent or accepts RCPT after a refused MAIL loses no verdict by it', async (t) => {
  const asked = (lines: readonly string[]) =>
    lines.filter((line) => line === 'MAIL FROM:<sender@example.com>').length > 1
  for (const answer of ['drop', 'silence', 'refuse'] as const) {
    const lines: string[] = []
    const say: Say = (line, session) => {
      lines.push(line)
      if (line !== 'MAIL FROM:<sender@example.com>' || !asked(lines)) return closed(line, session)
      if (answer === 'refuse') return '550 5.7.1 go away'
      if (answer === 'drop') session.socket.destroy()
      return null
    }
    const { verdict, caveats } = await visit(t, { say }, { ...BY_DEFAULT, patienceMs: 4_000 })
    assert.deepEqual([verdict, caveats], ['closed', []], answer)
    assert.ok(asked(lines), answer)
  }
})

test('a server that takes everything and delivers nothing is open, with a finding', async (t) => {
  const visited = await visit(t, { say: plainEhlo }, { proof: 'delivery' })
  assert.deepEqual(
    [visited.verdict, findings(visited)],
    ['open', ['any-local-part-taken', 'takes-all-delivers-nothing']],
  )
  assert.equal(visited.server.lines.filter((line) => line === 'DATA').length, 1)
})

test('the reply to EHLO shows that a closed server does not see who connects', async (t) => {
  const say: Say = (line, session) =>
    line.startsWith('EHLO') ? `250 mail.example.com Hello ${line.slice(5)} [172.17.0.1]` : closed(line, session)
  assert.deepEqual(findings(await visit(t, { say })), ['source-address-lost'])
  const seen: Say = (line, session) =>
    line.startsWith('EHLO') ? `250 mail.example.com Hello ${line.slice(5)} [127.0.0.1]` : closed(line, session)
  assert.deepEqual(findings(await visit(t, { say: seen })), [])
})
