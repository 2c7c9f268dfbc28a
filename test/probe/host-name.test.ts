/** The host name of a server comes from its greeting, or from its reply to EHLO. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Say } from '../harness/mail-server.ts'
import { deny, visit } from '../harness/visit.ts'

const HELLO = '250 mx7.example.net Hello relaytest.isp.example [198.51.100.7]'

/** Greeting, first line of the reply to EHLO, and the host name. */
const NAMES: readonly (readonly [string, string, string | null])[] = [
  ['220 mail.example.com ESMTP', HELLO, 'mail.example.com'],
  ['220 MAIL.example.com ESMTP', HELLO, 'mail.example.com'],
  ['220 *** ESMTP', HELLO, 'mx7.example.net'],
  ['220 ******************************', HELLO, 'mx7.example.net'],
  ['220 [192.0.2.1] ESMTP', HELLO, 'mx7.example.net'],
  ['220 Welcome', HELLO, 'mx7.example.net'],
  ['220 ', '250 MX7.Example.Net', 'mx7.example.net'],
  ['220 ready', '250 Hello relaytest.isp.example', null],
  ['220 ready', '250 relaytest.isp.example greets you', null],
  ['220 localhost', '250 localhost', null],
]

for (const [greeting, hello, host] of NAMES) {
  test(`"${greeting}" and "${hello}" give the host name ${host}`, async (t) => {
    const say: Say = (line, session) => (line.startsWith('EHLO') ? hello : deny(line, session))
    const { observations } = await visit(t, { greeting, say }, { domain: null })
    assert.equal(observations.domain, host)
    assert.deepEqual(
      new Set(observations.rows.flatMap(({ attempt }) => (attempt.connection ? attempt.node : []))),
      new Set([host]),
    )
  })
}

test('the reply to HELO gives it too', async (t) => {
  const say: Say = (line, session) => {
    if (line.startsWith('EHLO')) return '502 what?'
    return line.startsWith('HELO') ? HELLO : deny(line, session)
  }
  const { observations } = await visit(t, { greeting: '220 ready', say }, { domain: null })
  assert.equal(observations.domain, 'mx7.example.net')
})

test('two machines behind one address are told apart by their names', async (t) => {
  let connections = 0
  const { observations } = await visit(t, {
    greeting: () => `220 mx${++connections}.example.com ESMTP`,
    say: (line, session) => {
      if (line === 'MAIL FROM:<sender@example.com>' && session.connection === 1) session.socket.destroy()
      return deny(line, session)
    },
  })
  const nodes = new Map(observations.rows.map(({ attempt }) => [attempt.form.id, attempt.node]))
  assert.equal(nodes.get('outside-sender'), 'mx1.example.com')
  assert.equal(nodes.get('own-domain-sender'), 'mx2.example.com')
})
