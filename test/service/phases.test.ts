/** The phases of a running test, as its followers are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXAMPLES } from '../../src/contract/examples.ts'
import type { Evidence } from '../../src/contract/words.ts'
import { formOf } from '../../src/relay/forms.ts'
import { type PhasePlan, phasesOf, type TestProgress } from '../../src/service/phases.ts'

const PLAN: PhasePlan = { suite: 'standard', proof: 'delivery', deliveryWaitMs: 10_000 }

const line = (from: 'client' | 'server' | 'event', text: string): TestProgress => ({
  ...{ ms: 0, connection: 1, from, line: text, answers: null },
})

/** An attempt that was answered. */
const row = (id: string, evidence: Evidence): TestProgress => ({
  attempt: {
    ...{ form: formOf(id), mailFrom: 'a@example.net', rcptTo: 'b@example.org', exchanges: [], connection: 1 },
    ...{ why: null, seen: null, node: null },
  },
  ...{ outcome: evidence === 'none' ? 'refused' : 'accepted', evidence },
  ...{ refusal: null, decisive: null, text: '', refusedLater: false, basis: 'words' },
})

/** Returns the phases that a follower is told. */
const told = (happenings: readonly TestProgress[], plan = PLAN) => {
  const after = phasesOf(plan)
  return happenings.flatMap((happening) => after(happening) ?? [])
}

const CONNECTED: readonly TestProgress[] = [
  line('event', 'connecting to 203.0.113.25:25'),
  'connected',
  line('server', '220 mail.example.com ESMTP'),
  line('client', 'EHLO relaytest.isp.example'),
]

const MESSAGE: readonly TestProgress[] = [
  line('client', 'DATA'),
  line('server', '354 go ahead'),
  line('client', 'Subject: Mail relay test'),
  line('client', '.'),
]

test('a silent server: connecting, then waiting for its greeting, each with its limit', () => {
  assert.deepEqual(
    told(CONNECTED).map(({ name, limitMs }) => [name, limitMs]),
    [
      ['connecting', 10_000],
      ['greeting', 30_000],
      ['asking', null],
    ],
  )
})

test('each answer to a form of the suite counts once, and controls do not count', () => {
  const phases = told([
    ...CONNECTED,
    row('outside-sender', 'none'),
    row('outside-sender', 'none'),
    row('postmaster-control', 'none'),
    row('null-sender', 'none'),
  ])
  assert.deepEqual(
    phases.map(({ asked, planned }) => [asked, planned]),
    [0, 0, 0, 1, 2].map((asked) => [asked, 4]),
  )
  assert.match(phases.at(-1)?.says ?? '', /answered 2 of 4/)
})

test('a message that was taken is waited for, and the verdict is open already', () => {
  const phases = told([
    ...CONNECTED,
    row('outside-sender', 'recipient-accepted'),
    ...MESSAGE,
    line('server', '250 2.0.0 Ok'),
    row('outside-sender', 'message-accepted'),
    line('client', 'QUIT'),
  ])
  assert.deepEqual(
    phases.slice(3).map(({ name, limitMs, provisional }) => [name, limitMs, provisional]),
    [
      ['asking', null, null],
      ['sending', null, null],
      ['arriving', 10_000, null],
      ['arriving', 10_000, 'open'],
      ['asking', null, 'open'],
    ],
  )
})

test('a message that was refused, or whose arrival nobody waits for, is followed by the next question', () => {
  const names = (reply: string, plan = PLAN) =>
    told([...CONNECTED, ...MESSAGE, line('server', reply), line('client', 'RSET')], plan).map(({ name }) => name)
  assert.deepEqual(names('554 no').slice(3), ['sending', 'asking'])
  assert.deepEqual(names('250 ok', { ...PLAN, proof: 'message' }).slice(3), ['sending', 'asking'])
})

test('an ambiguous form that was accepted decides nothing before its message arrives', () => {
  const provisional = (evidence: Evidence) => told([...CONNECTED, row('percent-hack', evidence)]).at(-1)?.provisional
  assert.equal(provisional('message-accepted'), null)
  assert.equal(provisional('delivered'), 'open')
})

test('the examples of the document name their forms in the words of the table', () => {
  for (const { attempts } of Object.values(EXAMPLES).map(({ value }) => value)) {
    for (const { form, says } of attempts) assert.equal(says, formOf(form).says)
  }
})
