/** The question with a name of our zone: when it is asked, how it is written, and what its answers mean. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseAddress } from '../../src/ip/address.ts'
import { steeredName } from '../../src/zone/names.ts'
import { healthy, type Say } from '../harness/mail-server.ts'
import { visit } from '../harness/visit.ts'

const ZONE = { name: 'steer.isp.example', key: 'k'.repeat(32) }
const ADDRESS = parseAddress('127.0.0.1') ?? assert.fail()
const steeredDomain = (host: string | null) => steeredName(ZONE, { address: ADDRESS, host }, new Date(0))
const RCPT = /^RCPT TO:<mx-steered@[0-9a-f]{32}(\.[a-z0-9.-]+)?\.steer\.isp\.example>$/
const DENIED = '554 5.7.1 Relay access denied'

/** A server that refuses every outside recipient, and answers the one of the zone with `answer`. */
const saying = (answer: string, greeting = '220 mail.example.com ESMTP'): { greeting: string; say: Say } => ({
  greeting,
  say(line) {
    if (line.startsWith('EHLO')) return '250 hello'
    if (!line.startsWith('RCPT')) return healthy(line)
    return RCPT.test(line) ? answer : DENIED
  },
})

const full = { suite: 'full', steeredDomain } as const
const askedIn = ({ server }: Awaited<ReturnType<typeof visit>>) => server.lines.filter((line) => RCPT.test(line))

test('it is asked once, and a server that refuses it is closed', async (t) => {
  const found = await visit(t, saying(DENIED), full)
  assert.deepEqual(askedIn(found), [`RCPT TO:<mx-steered@${steeredDomain('mail.example.com')}>`])
  assert.deepEqual([found.verdict, found.attempts['mx-steered']], ['closed', 'relay-denied'])
})

test('a server that accepts it and its message is open, and that is the cause', async (t) => {
  const found = await visit(t, saying('250 2.1.5 Ok'), full)
  assert.deepEqual([found.verdict, found.cause], ['open', 'mx-steered'])
  assert.equal(askedIn(found).length, 2)
  const to = found.server.lines.filter((line) => line.startsWith('To:'))
  assert.deepEqual(to, ['To: <mx-steered@isp.example>'], 'the message does not name the server')
})

test('accepted without a message, it is recipient-accepted', async (t) => {
  const { verdict, reason } = await visit(t, saying('250 2.1.5 Ok'), { ...full, proof: 'recipient' })
  assert.deepEqual([verdict, reason], ['inconclusive', 'recipient-accepted'])
})

test('it is not asked in the standard suite, without a zone, or if the server relays already', async (t) => {
  const withoutZone = await visit(t, saying(DENIED), { suite: 'full' })
  const standard = await visit(t, saying(DENIED), { steeredDomain })
  const open = await visit(t, { say: healthy }, full)
  for (const found of [withoutZone, standard, open]) {
    assert.deepEqual(askedIn(found), [])
    assert.equal(found.attempts['mx-steered'], undefined)
  }
})

test('a server that cannot look the name up stays closed, and the form is listed as unanswered', async (t) => {
  const { verdict, caveats } = await visit(t, saying('451 4.3.0 Temporary lookup failure'), full)
  assert.deepEqual([verdict, caveats.includes('forms-unanswered')], ['closed', true])
})

test('only a strict host name of the greeting becomes a part of the recipient', async (t: TestContext) => {
  for (const [name, host] of [
    ['MX1.Example.NET', 'mx1.example.net'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['mail', null],
    ['10.0.0.1', null],
    ['[192.0.2.1]', null],
    ['a_b.example.com', null],
    ['mail.example.com>', null],
    ['user@mail.example.com', null],
    ['mail%example.com', null],
    ['mail..example.com', null],
    [`${'a.'.repeat(120)}com`, null],
    [`${'q'.repeat(63)}.${'q'.repeat(63)}.${'q'.repeat(63)}.example.com.au`, null],
  ] as const) {
    const found = await visit(t, saying(DENIED, `220 ${name} ESMTP`), full)
    assert.deepEqual(askedIn(found), [`RCPT TO:<mx-steered@${steeredDomain(host)}>`], name)
  }
})
