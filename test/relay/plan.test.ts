import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FORMS, type Form, formOf, formsOf } from '../../src/relay/forms.ts'
import { paceFor } from '../../src/relay/pace.ts'
import {
  type ConnectionPlan,
  type KnownNames,
  type PlannedAttempt,
  plan,
  planFirst,
  planWithin,
  spell,
} from '../../src/relay/plan.ts'

const NAMES: KnownNames = {
  sender: 'probe@isp.example',
  recipient: 'token@isp.example',
  domain: 'example.com',
  host: 'mail.example.com',
  literal: '[203.0.113.25]',
}
const USUAL = paceFor(null)

const spellAll = (forms: readonly Form[], names = NAMES): PlannedAttempt[] =>
  forms.map((form) => spell(form, names)).filter((spelled) => 'rcptTo' in spelled)

const shown = (connections: readonly ConnectionPlan[]) =>
  connections.map((connection) =>
    connection.map((transaction) => [transaction[0]?.mailFrom, ...transaction.map(({ rcptTo }) => rcptTo)]),
  )

/** What a connection costs a server that refuses everything. */
const refusals = (connection: ConnectionPlan, taken: ReadonlySet<string>): number =>
  connection.reduce((sum, transaction) => {
    const [first] = transaction
    return sum + transaction.length + (first && taken.has(first.mailFrom) ? 0 : 1)
  }, 0)

const risky = ({ form }: PlannedAttempt) => form.sender.risky === true || form.recipient.risky === true

test('the standard suite is one connection of three transactions, grouped by sender', () => {
  assert.deepEqual(shown(plan(spellAll(formsOf('standard')), USUAL)), [
    [
      ['probe@isp.example', 'token@isp.example', 'token%isp.example@example.com'],
      ['sender@example.com', 'token@isp.example'],
      ['', 'token@isp.example'],
    ],
  ])
})

test('the full suite has at least 28 forms, the standard ones first, and fits six connections with their sentinels', () => {
  const full = formsOf('full')
  assert.ok(full.length >= 28)
  assert.deepEqual(full.slice(0, 4), formsOf('standard'))
  const attempts = spellAll(full)
  const sentinel = spellAll([formOf('outside-sender-again')])[0] ?? assert.fail()
  const first = planFirst(attempts, { pace: USUAL, taken: new Set(), sentinel }).flat()
  assert.ok(formsOf('standard').every((form) => first.some((attempt) => attempt.form === form)))
  const rest = attempts.filter((attempt) => !first.includes(attempt))
  const manner = { pace: USUAL, taken: new Set(['probe@isp.example']), sentinel }
  const { plans, spared } = planWithin(rest, manner, 7, () => true)
  console.log(
    first.map((a) => a.form.id),
    plans.map((p) => p.flat().map((a) => a.form.id)),
  )
  assert.deepEqual([plans.length, spared], [5, []])
  for (const connection of [...plans, [first]]) assert.equal(connection.at(-1)?.at(-1), sentinel)
})

test('a server that bears one refusal a connection is asked one thing a connection', () => {
  const connections = plan(spellAll(formsOf('standard')), paceFor({ name: 'Courier' }))
  assert.deepEqual(
    connections.map((connection) => connection.flat().length),
    [1, 1, 1, 1],
  )
})

for (const pace of [USUAL, paceFor({ name: 'Sendmail' }), paceFor({ name: 'Microsoft Exchange' })]) {
  test(`at a pace of ${JSON.stringify(pace)} nothing is lost and no connection is asked too much`, () => {
    const anyAttempts = fc.array(fc.constantFrom(...spellAll(FORMS)), { maxLength: 60 })
    const anyTaken = fc.subarray(['probe@isp.example', 'sender@example.com', ''])
    fc.assert(
      fc.property(anyAttempts, anyTaken, (attempts, senders) => {
        const taken = new Set(senders)
        const connections = plan(attempts, pace, taken)
        assert.equal(connections.flat(2).length, attempts.length)
        for (const connection of connections) {
          assert.ok(connection.length <= pace.transactions)
          assert.ok(refusals(connection, taken) <= pace.refusals)
          assert.ok(connection.flat().filter(risky).length <= pace.syntaxErrors)
          const kinds = connection.map((transaction) => transaction.some(risky))
          assert.deepEqual(kinds, kinds.toSorted(), 'what may end the connection comes last')
          for (const transaction of connection) {
            assert.equal(new Set(transaction.map(({ mailFrom }) => mailFrom)).size, 1)
            assert.ok(transaction.length <= (transaction[0]?.mailFrom === '' ? 1 : pace.recipients))
          }
        }
      }),
    )
  })
}

test('a form that needs a name nobody knows is not spelled', () => {
  const why = (id: string, names: KnownNames) => {
    const form = FORMS.find((candidate) => candidate.id === id)
    assert.ok(form)
    const spelled = spell(form, names)
    return 'why' in spelled ? spelled.why : spelled.rcptTo
  }
  assert.equal(why('percent-hack', { ...NAMES, domain: null }), 'domain-unknown')
  assert.equal(why('percent-hack-host', { ...NAMES, host: null }), 'host-unknown')
  assert.equal(why('comma-list', { ...NAMES, recipient: `token@${'m'.repeat(40)}.example` }), 'local-part-too-long')
  assert.equal(why('source-route-host', { ...NAMES, host: `${'h'.repeat(60)}.example` }).startsWith('@h'), true)
})
