/** The console works these out without a browser: times, changes, orders, steps, the ticket, live events. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../../src/console/api.ts'
import { changeSince } from '../../src/console/compare.ts'
import { after, beginning } from '../../src/console/live.ts'
import { decidingFirst, readingOrder } from '../../src/console/order.ts'
import { sentence, troubleOf } from '../../src/console/problem.ts'
import { readStep } from '../../src/console/steps.ts'
import { ticketInMarkdown } from '../../src/console/ticket.ts'
import { countdown, duration, localTime, utcTime } from '../../src/console/times.ts'
import { evidenceInWords, reasonInWords } from '../../src/console/words.ts'
import { EXAMPLES } from '../../src/contract/examples.ts'
import { summaryOf } from '../../src/contract/relay-test.ts'
import { CAUSE_ROWS } from '../../src/relay/causes.ts'
import { REASON_ROWS } from '../../src/relay/reasons.ts'
import { BY_SERVER } from '../../src/relay/remedies/servers.ts'

const CLOSED = EXAMPLES.closed.value
const OPEN = EXAMPLES.open.value

test('a duration and a countdown are written as people say them', () => {
  assert.deepEqual([5, 119, 120, 3600, 7200].map(duration), ['5 s', '119 s', '2 min', '60 min', '2 h'])
  const left = (seconds: number) => countdown(seconds * 1000, 0)
  assert.deepEqual([0, 1, 65, 600, 7325].map(left), ['', '0:01', '1:05', '10:00', '2:02:05'])
  assert.equal(countdown(0, 5_000), '')
})

test('a time is that of the reader, and names the day if it is another one', () => {
  const at = (day: number, hours: number, minutes: number) => new Date(2026, 10, day, hours, minutes)
  const now = at(29, 15, 0).getTime()
  const shown = (day: number) => localTime(at(day, 9, 5).toISOString(), now)
  assert.deepEqual([29, 28, 30, 20].map(shown), ['09:05', 'yesterday 09:05', 'tomorrow 09:05', '20 Nov 09:05'])
  const other = localTime(new Date(2025, 10, 20, 9, 5).toISOString(), now)
  assert.equal(other, '20 Nov 2025 09:05', 'another year')
  assert.equal(utcTime('2026-11-24T07:51:31.906Z'), '2026-11-24 07:51:31 UTC')
})

test('a result is compared with the last one of the same address and port', () => {
  const before = (parts: object) => ({
    ...summaryOf(CLOSED),
    verdict: 'open' as const,
    id: 'before',
    createdAt: '2026-11-23T00:00:00Z',
    ...parts,
  })
  const says = (...others: ReturnType<typeof before>[]) => changeSince(CLOSED, others)?.says ?? null
  assert.equal(says(before({})), 'Closed now. It was open')
  assert.equal(says(before({ verdict: 'closed' })), 'Still closed, as it was')
  assert.equal(says(before({ port: 2525 })), null, 'another port')
  assert.equal(says(before({ ip: '192.0.2.9' })), null, 'another address')
  assert.equal(says(before({ verdict: null })), null, 'a test that still runs')
  assert.equal(says(before({ createdAt: '2026-11-25T00:00:00Z' })), null, 'a later test')
  const older = before({ id: 'older', verdict: 'closed', createdAt: '2026-11-22T00:00:00Z' })
  assert.equal(changeSince(CLOSED, [older, before({})])?.before.id, 'before')
  assert.equal(says(), null)
})

test('replies come under their commands, and each connection by itself', () => {
  const line = (text: string, connection: number, answers: number | null = null) => ({
    ...{ ms: 0, connection, line: text, answers, key: false, vantage: null },
    from: answers === null ? ('client' as const) : ('server' as const),
  })
  const lines = [
    line('A', 1),
    line('B', 1),
    line('C', 2),
    line('a', 1, 0),
    line('c', 2, 2),
    line('b', 1, 1),
    line('b2', 1, 1),
  ]
  assert.deepEqual(
    readingOrder(lines).map((one) => one.line),
    ['A', 'a', 'B', 'b', 'b2', 'C', 'c'],
  )
})

test('the attempt that decided comes first, and controls come last', () => {
  const order = (of: typeof OPEN) =>
    decidingFirst(of.attempts, of.transcript).map(({ form, decides }) => [form, decides])
  assert.deepEqual(order(OPEN)[0], ['own-domain-sender', true])
  assert.equal(order(OPEN).filter(([, decides]) => decides).length, 1)
  const control = { ...CLOSED.attempts[0], form: 'postmaster-control', control: true, connection: 9 }
  const mixed = { ...CLOSED, attempts: [{ ...CLOSED.attempts[0], ...control }, ...CLOSED.attempts] }
  assert.equal(order(mixed as typeof OPEN).at(-1)?.[0], 'postmaster-control')
})

test('a command at the end of a step can be copied, and prose cannot', () => {
  for (const [step, command] of [
    ['Run: postfix reload', 'postfix reload'],
    ['In main.cf, set: allow_untrusted_routing = no', 'allow_untrusted_routing = no'],
    [
      'Put your own networks there. Example: hostlist a = 127.0.0.1 : 192.0.2.0/24',
      'hostlist a = 127.0.0.1 : 192.0.2.0/24',
    ],
    ['Let your own users in with: accept hosts = +a, and: accept authenticated = *', null],
    ['Look for trusted networks that include everyone: 0.0.0.0/0, ::/0, or the whole range of a provider.', null],
    ['Also set these: allow_percent_hack = no and swap_bangpath = no', null],
    ['Replace untagged entries and From: entries that say RELAY with To:example.com RELAY', null],
    ['Test again.', null],
  ] as const) {
    assert.equal(readStep(step).command, command, step)
  }
})

test('no step of any remedy is cut in the middle of a sentence', () => {
  const advice = [...Object.values(CAUSE_ROWS), ...Object.values(REASON_ROWS), ...BY_SERVER]
  const steps = advice.flatMap((one) => one.steps)
  const commands = steps.map(readStep).flatMap(({ command }) => command ?? [])
  assert.ok(commands.length >= 10)
  for (const command of commands) assert.doesNotMatch(command, /\.$|, (and|with) /, command)
  for (const step of steps) {
    const { text, command } = readStep(step)
    assert.equal(command === null ? text : `${text}: ${command}`, step)
  }
})

test('a ticket in Markdown has the verdict, the steps and the lines that decided, and nothing in it is markup', () => {
  const text = ticketInMarkdown(OPEN, 'https://relay-tests.isp.example/#/1')
  assert.match(text, /^\*\*Open relay: 203\.0\.113\.25, port 25\*\*\n/)
  assert.match(text, /- Result: https:\/\/relay-tests\.isp\.example\/#\/1/)
  assert.match(text, /\n1\. /)
  assert.match(text, /These lines decided:\n\n```\n-> /)
  const hostile = {
    ...OPEN,
    summary: '<b>*x*</b> [a](javascript:1)',
    transcript: OPEN.transcript.map((line) => ({ ...line, line: line.key ? `\`\`\`\` ${line.line}` : line.line })),
  }
  const written = ticketInMarkdown(hostile, 'https://relay-tests.isp.example/#/1')
  assert.ok(written.includes('\\<b\\>\\*x\\*\\</b\\> \\[a\\](javascript:1)'))
  assert.match(written, /\n`{5}\n-> `{4} /)
})

test('proof and reasons are said in words, and a word that is new to the page stays as it is', () => {
  assert.equal(evidenceInWords(CLOSED), 'It refused all 4 attempts')
  assert.equal(evidenceInWords(OPEN), 'It accepted our test message')
  assert.equal(evidenceInWords({ ...CLOSED, verdict: 'inconclusive', attempts: [] }), 'It answered nothing')
  assert.equal(reasonInWords({ refusal: 'blocklisted', why: null }), 'our address is on a blocklist that it uses')
  assert.equal(reasonInWords({ refusal: null, why: 'dropped' }), 'the connection ended')
  assert.equal(reasonInWords({ refusal: 'a-new-word', why: null }), 'a-new-word')
  assert.equal(reasonInWords({ refusal: null, why: null }), null)
})

test('a running test keeps what each event says', () => {
  const phase = { name: 'asking', says: 'x', limitMs: null, asked: 1, planned: 4, provisional: null }
  const line = {
    ...({ ms: 0, connection: 1, from: 'event', answers: null, key: false, vantage: null, index: 0 } as const),
    line: 'connecting to [::1]:25',
  }
  const [attempt] = CLOSED.attempts
  assert.ok(attempt)
  let live = after(beginning('Testing', 0), { event: 'waiting', data: { position: 2 } }, 1)
  assert.equal(live.position, 2)
  live = after(live, { event: 'line', data: line }, 2)
  assert.deepEqual([live.position, live.target], [null, '[::1]'])
  live = after(live, { event: 'phase', data: phase }, 3)
  live = after(live, { event: 'phase', data: { ...phase, asked: 2 } }, 9)
  assert.deepEqual([live.phaseSince, live.phase?.asked], [3, 2], 'the part began with its first event')
  live = after(live, { event: 'attempt', data: attempt }, 10)
  live = after(live, { event: 'attempt', data: { ...attempt, outcome: 'accepted' } }, 11)
  assert.deepEqual(
    live.attempts.map(({ outcome }) => outcome),
    ['accepted'],
  )
  assert.equal(after(live, { event: 'verdict', data: CLOSED }, 12).test, CLOSED)
})

test('a problem is shown at its field, or at the form with the time to wait', () => {
  const [detail, status] = ['must be a port', 400]
  const atField = troubleOf(new ApiError({ status, detail: 'x', errors: [{ pointer: '/port', detail }] }), null, 0)
  assert.deepEqual([atField.says, atField.fields], [null, { port: 'Must be a port.' }])
  const headers = { ratelimit: '"tests-target";r=0;t=90, "requests";r=5;t=7', 'retry-after': '60' }
  const usedUp = new ApiError(
    { status: 429, detail: 'Used up.', violatedPolicies: ['tests-target'] },
    new Response('', { headers }),
  )
  assert.equal(troubleOf(usedUp, null, 1_000).until, 91_000)
  assert.equal(troubleOf(usedUp, null, 0).says, 'Used up.')
  const counts = new Map([['tests-target', 'tests of one port of an address']])
  assert.equal(
    troubleOf(usedUp, null, 0, counts).says,
    'We cannot test this yet. This quota is used up: tests of one port of an address.',
  )
  const unreachable = new ApiError({ status: 0, detail: 'The service cannot be reached.' })
  assert.deepEqual(troubleOf(unreachable, 'x', 0).offer, { id: 'x', text: 'Look for its result' })
  const runs = new Response('', { headers: { location: '/sweeps/1' } })
  const running = new ApiError({ status: 409, detail: 'It runs.' }, runs)
  assert.deepEqual(troubleOf(running, null, 0).offer, { id: 'sweeps/1', text: 'Show that sweep' })
  const busy = new Response('', { headers: { location: '/relay-tests/1' } })
  assert.equal(troubleOf(new ApiError({ status: 409, detail: 'Busy.' }, busy), null, 0).offer?.id, '1')
  assert.equal(sentence('example.org is not a domain'), 'example.org is not a domain.')
})
