/** The session of a test as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptView, TranscriptLine } from '../../src/contract/relay-test.ts'
import { renderLine, renderOutcome, renderTest } from '../../src/render/session.ts'
import { printable } from '../../src/smtp/printable.ts'
import fc from '../harness/fast-check.ts'
import { line, resultWith } from '../harness/result.ts'

const ATTEMPT: AttemptView = {
  form: 'outside-sender',
  says: 'From a stranger to an outside address',
  control: false,
  mailFrom: 'a@relaytest.isp.example',
  rcptTo: 'b@relaytest.isp.example',
  outcome: 'refused',
  refusal: 'relay-denied',
  evidence: 'none',
  why: null,
  reply: { code: 554, enhanced: '5.7.1', lines: ['5.7.1 Relay access denied', 'Go away'] },
  connection: 1,
  vantage: null,
}

/** The parts of a rendering: heading, attempts, session. */
const partsOf = (text: string): string[][] => text.split('\n\n').map((part) => part.trimEnd().split('\n'))

const sessionOf = (transcript: TranscriptLine[], coloured = false): string[] =>
  partsOf(renderTest(resultWith({ attempts: [ATTEMPT], transcript }), coloured))[2] ?? []

test('a test that waits says its place, and afterwards how long it waited', () => {
  const times = { queuedAt: '2027-01-02T03:04:05.678Z', startedAt: null }
  const waiting = (position: number | null) =>
    renderTest(resultWith({ status: 'running', verdict: null, ...times, position }), false)
      .split('\n')
      .slice(0, 2)
  assert.deepEqual(waiting(1), ['WAITING  203.0.113.25:25 (example.com)', 'the next test'])
  assert.equal(waiting(2)[1], '1 test is before this one')
  assert.equal(waiting(13)[1], '12 tests are before this one')
  assert.match(waiting(null)[1] ?? '', /^id /)
  const started = renderTest(resultWith({ ...times, startedAt: '2027-01-02T03:04:47.678Z' }), false)
  assert.match(started, /, waited 42 s for a slot, /)
})

const DIALOGUE = [
  line('event', 'connected to 203.0.113.25:25'),
  line('server', '220 mail.example.com ESMTP'),
  line('client', 'EHLO relaytest.isp.example'),
  line('server', '250-mail.example.com', { answers: 2 }),
  line('server', '250 PIPELINING', { answers: 2 }),
  line('client', 'MAIL FROM:<a@relaytest.isp.example>'),
  line('client', 'RCPT TO:<b@relaytest.isp.example>'),
  line('client', 'RSET'),
  line('server', '250 2.1.0 Ok', { answers: 5 }),
  line('server', '554-5.7.1 Relay access denied', { answers: 6, key: true }),
  line('server', '554 5.7.1 Go away', { answers: 6, key: true }),
  line('server', '250 2.0.0 Ok', { answers: 7 }),
]

test('of a pipelined group each reply stands under its command', () => {
  assert.deepEqual(sessionOf(DIALOGUE), [
    '-- connected to 203.0.113.25:25',
    '<- 220 mail.example.com ESMTP',
    '-> EHLO relaytest.isp.example',
    '<- 250-mail.example.com',
    '<- 250 PIPELINING',
    '-> MAIL FROM:<a@relaytest.isp.example>',
    '<- 250 2.1.0 Ok',
    '-> RCPT TO:<b@relaytest.isp.example>',
    '<- 554-5.7.1 Relay access denied',
    '<- 554 5.7.1 Go away',
    '-> RSET',
    '<- 250 2.0.0 Ok',
  ])
})

test('one connection stands after the other, though both were open at once', () => {
  const on = (connection: number, said: TranscriptLine): TranscriptLine => ({ ...said, connection })
  const transcript = [
    on(1, line('event', 'connected')),
    on(1, line('client', 'EHLO one')),
    on(2, line('event', 'connected')),
    on(2, line('client', 'EHLO two')),
    on(1, line('server', '250 one', { answers: 1 })),
    on(1, line('client', 'QUIT')),
    on(2, line('server', '250 two', { answers: 3 })),
    on(1, line('server', '221 one', { answers: 5 })),
  ]
  assert.deepEqual(sessionOf(transcript), [
    '-- connected',
    '-> EHLO one',
    '<- 250 one',
    '-> QUIT',
    '<- 221 one',
    '-- connected',
    '-> EHLO two',
    '<- 250 two',
  ])
})

test('every line of any transcript is shown once, and replies follow their command', () => {
  const anyTranscript = fc
    .array(fc.record({ from: fc.constantFrom('client', 'server', 'event'), pick: fc.nat() }))
    .map((steps) => {
      const commands: number[] = []
      return steps.map(({ from, pick }, index) => {
        if (from === 'client') commands.push(index)
        const answers = from === 'server' ? (commands[pick % (commands.length + 1)] ?? null) : null
        return line(from, `line ${index}`, { answers })
      })
    })
  fc.assert(
    fc.property(anyTranscript, (transcript) => {
      fc.pre(transcript.length > 0)
      const order = sessionOf(transcript).map((text) => Number(text.replace(/^(--|->|<-) line /, '')))
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        [...transcript.keys()],
      )
      for (const [at, index] of order.entries()) {
        const answered = transcript[index]?.answers ?? null
        if (answered === null) continue
        const before = order[at - 1] ?? -1
        assert.ok(before === answered || transcript[before]?.answers === answered, `${order}`)
      }
    }),
  )
})

test('the heading has verdict and target, then the summary, the facts, and the origin of the test', () => {
  assert.deepEqual(partsOf(renderTest(resultWith(), false))[0], [
    'CLOSED  203.0.113.25:25 (example.com)',
    'The server refused to relay.',
    '1.23 s',
    '2027-01-02 03:04 UTC, tested from 198.51.100.7, id 7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
  ])
  const known = resultWith({ knownMailbox: 'jane@example.com', knownMailboxSource: 'request' })
  assert.equal(
    partsOf(renderTest(known, false))[0]?.[3],
    '2027-01-02 03:04 UTC, tested from 198.51.100.7, known mailbox jane@example.com, id 7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
  )
  const unsure = resultWith({
    verdict: 'inconclusive',
    reason: 'greylisted',
    retryAfter: 0,
    domain: null,
    durationMs: null,
  })
  const [title, , facts] = partsOf(renderTest(unsure, false))[0] ?? []
  assert.equal(title, 'INCONCLUSIVE  203.0.113.25:25')
  assert.equal(facts, 'evidence none, reason greylisted, test again in 0 s')
  const open = resultWith({
    verdict: 'open',
    evidence: 'message-accepted',
    cause: 'everyone',
    reference: 'TICKET-4711',
    vantage: { name: 'default', ip: null, ehlo: null },
  })
  const [, , evidence, origin, ...more] = partsOf(renderTest(open, false))[0] ?? []
  assert.equal(evidence, 'evidence message-accepted, cause everyone, 1.23 s')
  assert.equal(origin, '2027-01-02 03:04 UTC, reference TICKET-4711, id 7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d')
  assert.deepEqual(more, [])
  const [, , , whole] = partsOf(renderTest(resultWith({ reference: 'TICKET-4711' }), false))[0] ?? []
  assert.equal(
    whole,
    '2027-01-02 03:04 UTC, tested from 198.51.100.7, reference TICKET-4711, id 7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
  )
})

test('an IPv6 target stands in brackets', () => {
  const [title] = renderTest(resultWith({ ip: '2001:db8::25', port: 587 }), false).split('\n')
  assert.equal(title, 'CLOSED  [2001:db8::25]:587 (example.com)')
})

test('a test that runs has a target and an id, and neither verdict nor facts', () => {
  const running = resultWith({ status: 'running', verdict: null, evidence: null, summary: null, finishedAt: null })
  for (const coloured of [false, true]) {
    assert.equal(
      renderTest(running, coloured).trimEnd(),
      'RUNNING  203.0.113.25:25 (example.com)\nid 7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
    )
  }
})

test('attempts are aligned with the replies that decided them', () => {
  const attempts: AttemptView[] = [
    ATTEMPT,
    {
      ...ATTEMPT,
      form: 'null-sender',
      outcome: 'accepted',
      refusal: null,
      reply: { code: 250, enhanced: null, lines: [] },
    },
    {
      ...ATTEMPT,
      form: 'own-domain',
      outcome: 'accepted',
      refusal: null,
      evidence: 'recipient-accepted',
      reply: { code: 250, enhanced: '2.1.5', lines: ['2.1.5 Ok'] },
    },
    {
      ...ATTEMPT,
      form: 'literal',
      outcome: 'accepted',
      refusal: null,
      evidence: 'message-accepted',
      reply: { code: 250, enhanced: null, lines: ['queued'] },
    },
    { ...ATTEMPT, form: 'percent-hack', outcome: 'not-run', refusal: null, why: 'deadline', reply: null },
    { ...ATTEMPT, form: 'x', outcome: 'not-run', refusal: null, reply: null },
  ]
  assert.deepEqual(partsOf(renderTest(resultWith({ attempts }), false))[1], [
    'outside-sender  refused   relay-denied: 554 5.7.1 Relay access denied',
    'null-sender     accepted  250',
    'own-domain      accepted  recipient accepted: 250 2.1.5 Ok',
    'literal         accepted  message accepted: 250 queued',
    'percent-hack    not-run   deadline',
    'x               not-run',
  ])
})

test('a transcript that was cut says so at its end', () => {
  const text = renderTest(resultWith({ transcript: DIALOGUE, truncated: true }), false)
  assert.match(text, /\n-- the rest of the session was left out\n$/)
  assert.doesNotMatch(renderTest(resultWith({ transcript: DIALOGUE }), false), /left out/)
})

/** Any bytes of a server, as the wire records them. */
const hostile = fc.uint8Array({ maxLength: 60 }).map((bytes) => printable(Buffer.from(bytes)))

test('the plain form holds no control characters, whatever the server sent', () => {
  fc.assert(
    fc.property(fc.array(hostile), hostile, (lines, text) => {
      const transcript = lines.map((said) => line('server', said))
      const attempts = [{ ...ATTEMPT, reply: { code: 550, enhanced: null, lines: [text] } }]
      const rendered = renderTest(resultWith({ transcript, attempts, truncated: true }), false)
      assert.match(rendered, /^[\x20-\x7e\n]*$/)
      assert.equal(rendered.split('\n').length, lines.length + 9)
    }),
  )
})

const SGR = /\x1b\[([\d;]*)m/g

test('colours tell commands from replies, and deciding lines have the colour of the verdict', () => {
  const [event, greeting, command] = sessionOf(DIALOGUE, true)
  assert.equal(event, '\x1b[2m-- connected to 203.0.113.25:25\x1b[0m')
  assert.equal(greeting, '\x1b[3m<- 220 mail.example.com ESMTP\x1b[0m')
  assert.equal(command, '\x1b[1m-> EHLO relaytest.isp.example\x1b[0m')
  for (const [verdict, colour] of [
    ['open', '1;31'],
    ['closed', '1;32'],
    ['inconclusive', '1;33'],
  ] as const) {
    const text = renderTest(resultWith({ verdict, transcript: DIALOGUE }), true)
    const inColour = text.split('\n').filter((row) => row.startsWith(`\x1b[${colour}m`))
    assert.deepEqual(
      inColour.map((row) => row.replaceAll(SGR, '')),
      [
        `${verdict.toUpperCase()}  203.0.113.25:25 (example.com)`,
        '<- 554-5.7.1 Relay access denied',
        '<- 554 5.7.1 Go away',
      ],
    )
  }
})

test('the coloured form is the plain one and the colours of the renderer', () => {
  fc.assert(
    fc.property(fc.array(hostile), fc.boolean(), (lines, key) => {
      const result = resultWith({ transcript: lines.map((said) => line('server', said, { key })), truncated: true })
      const coloured = renderTest(result, true)
      assert.equal(coloured.replaceAll(SGR, ''), renderTest(result, false))
      const codes = new Set([...coloured.matchAll(SGR)].map(([, code = '']) => code))
      const known = new Set(['0', '1', '2', '3', '1;32'])
      assert.deepEqual(
        [...codes].filter((code) => !known.has(code)),
        [],
      )
      assert.doesNotMatch(coloured.replaceAll(SGR, ''), /\x1b/)
    }),
  )
})

test('after a live session, the outcome and the deciding lines are shown: each line once, and no reply twice', () => {
  const transcript = [
    line('client', 'RCPT TO:<a>', { key: true }),
    line('client', 'RCPT TO:<b>', { key: true }),
    line('client', 'RSET'),
    line('server', '554 no', { answers: 0, key: true }),
    line('server', '550 no', { answers: 1, key: true }),
    line('server', '250 ok', { answers: 2 }),
    line('client', 'RCPT TO:<a>', { key: true }),
    line('server', '554 no', { answers: 6, key: true }),
  ]
  const shown = resultWith({ attempts: [ATTEMPT], transcript })
  const [heading, attempts, deciding] = partsOf(renderOutcome(shown, false))
  assert.deepEqual(heading, partsOf(renderTest(shown, false))[0])
  assert.deepEqual(attempts, ['outside-sender  refused   relay-denied: 554'])
  assert.deepEqual(deciding, ['Decided by', '-> RCPT TO:<a>', '<- 554 no', '-> RCPT TO:<b>', '<- 550 no'])
  assert.match(renderOutcome(shown, true), /\x1b\[1;32m-> RCPT TO:<a>\x1b\[0m/)
  assert.equal(partsOf(renderOutcome(resultWith({ transcript: [] }), false)).length, 1, 'what says nothing is left out')
})

test('a live line tells a command from a reply, with and without colours', () => {
  const rows = [line('client', 'EHLO x'), line('server', '250 x'), line('event', 'dropped')]
  assert.deepEqual(
    rows.map((row) => renderLine(row, false)),
    ['-> EHLO x', '<- 250 x', '-- dropped'],
  )
  assert.deepEqual(
    rows.map((row) => renderLine(row, true)),
    ['\x1b[1m-> EHLO x\x1b[0m', '\x1b[3m<- 250 x\x1b[0m', '\x1b[2m-- dropped\x1b[0m'],
  )
})
