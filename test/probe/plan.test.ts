/** Plans: every envelope is asked, and no connection is asked more than the pace allows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pace, paceFor } from '../../src/probe/pace.ts'
import { type ConnectionPlan, type PlanRules, plan, planFirst, planWithin } from '../../src/probe/plan.ts'
import { type Envelope, isEnvelope, type KnownNames, spell } from '../../src/relay/envelope.ts'
import { FORMS, type Form, formOf, formsOf } from '../../src/relay/forms.ts'
import fc from '../harness/fast-check.ts'

const NAMES: KnownNames = {
  sender: 'probe@isp.example',
  recipient: 'token@isp.example',
  domain: 'example.com',
  host: 'mail.example.com',
  literal: '[203.0.113.25]',
  mailbox: null,
}
const USUAL = paceFor(null)

const spellAll = (forms: readonly Form[], names = NAMES): Envelope[] =>
  forms.map((form) => spell(form, names)).filter(isEnvelope)

const REPEAT = spellAll([formOf('outside-sender-at-end')])[0] ?? assert.fail()

/** The rules of the standard suite: no repeat at the end of a connection. */
const plainly = (pace: Pace, taken: readonly string[] = []): PlanRules => ({
  pace,
  taken: new Set(taken),
  repeat: null,
})

const shown = (connections: readonly ConnectionPlan[]) =>
  connections.map((connection) =>
    connection.map((transaction) => [transaction[0]?.mailFrom, ...transaction.map(({ rcptTo }) => rcptTo)]),
  )

/** Returns how many refusals a connection has if the server refuses everything. */
const refusals = (connection: ConnectionPlan, taken: ReadonlySet<string>): number =>
  connection.reduce((sum, transaction) => {
    const [first] = transaction
    return sum + transaction.length + (first && taken.has(first.mailFrom) ? 0 : 1)
  }, 0)

const risky = ({ form }: Envelope) => form.sender.risky === true || form.recipient.risky === true

test('the standard suite is one connection of three transactions, grouped by sender', () => {
  assert.deepEqual(shown(plan(spellAll(formsOf('standard')), plainly(USUAL))), [
    [
      ['probe@isp.example', 'token@isp.example', 'token%isp.example@example.com'],
      ['sender@example.com', 'token@isp.example'],
      ['', 'token@isp.example'],
    ],
  ])
})

/** Returns the plans of the full suite, if the first connection showed that the outside sender is accepted. */
function fullSuite(name: string, standing: number): ConnectionPlan[] {
  const attempts = spellAll(formsOf('full'))
  const pace = paceFor({ name })
  const standard = attempts.filter(({ form }) => form.part === 'standard')
  const first = planFirst(standard, plainly(pace))
  const rest = attempts.filter((attempt) => !first.flat().includes(attempt))
  const rules = { pace, taken: new Set(['probe@isp.example']), repeat: REPEAT }
  const spares = Array.from({ length: standing }, () => [])
  const { onCurrent, plans, spared } = planWithin(rest, rules, 8, () => true, [first, ...spares])
  assert.deepEqual(spared, [])
  return [[...first, ...onCurrent], ...plans]
}

test('the full suite has at least 28 forms, the standard ones first, and fits six connections with their repeats', () => {
  const full = formsOf('full')
  assert.ok(full.length >= 28)
  assert.deepEqual(full.slice(0, 4), formsOf('standard'))
  const connections = fullSuite('Postfix', 2)
  const [first = []] = connections
  assert.deepEqual(shown([first]), [
    [
      ['probe@isp.example', 'token@isp.example', 'token%isp.example@example.com'],
      ['sender@example.com', 'token@isp.example'],
      ['', 'token@isp.example'],
      ['postmaster@example.com', 'token@isp.example'],
    ],
  ])
  assert.equal(connections.length, 6)
  for (const connection of connections.slice(1)) assert.equal(connection.at(-1)?.at(-1), REPEAT)
})

test('the full suite takes three connections if the software allows more than usual', () => {
  for (const name of ['OpenSMTPD', 'Sendmail']) {
    const connections = fullSuite(name, 2)
    assert.equal(connections.length, 3, name)
    assert.equal(connections.flat(2).length, formsOf('full').length + 3)
    for (const connection of connections) assert.equal(connection.at(-1)?.at(-1), REPEAT)
  }
})

test('the transactions that a connection had before count', () => {
  const taken = ['probe@isp.example', '']
  const look = [spellAll(formsOf('standard')).slice(0, 1)]
  const bounces = Array.from({ length: 30 }, () => spellAll([formOf('null-sender')])).flat()
  const [first] = plan(bounces, plainly({ ...USUAL, refusals: 20 }, taken), [look])
  assert.equal(first?.length, USUAL.transactions - 1)
})

test('a server that allows one refusal on a connection is asked one form on each connection', () => {
  const connections = plan(spellAll(formsOf('standard')), plainly(paceFor({ name: 'Courier' })))
  assert.deepEqual(
    connections.map((connection) => connection.flat().length),
    [1, 1, 1, 1],
  )
})

for (const name of ['Postfix', 'OpenSMTPD', 'Sendmail', 'Microsoft Exchange']) {
  test(`at the pace for ${name}, no form is lost and no connection is asked too much`, () => {
    const pace = paceFor({ name })
    const anyAttempts = fc.array(fc.constantFrom(...spellAll(FORMS)), { maxLength: 60 })
    const anyTaken = fc.subarray(['probe@isp.example', 'sender@example.com', ''])
    const anyStanding = fc.constantFrom([], [[], []], [[spellAll(formsOf('standard')).slice(0, 1)], [], []])
    fc.assert(
      fc.property(anyAttempts, anyTaken, anyStanding, fc.boolean(), (attempts, senders, standing, isFull) => {
        const taken = new Set(senders)
        const rules = { pace, taken, repeat: isFull ? REPEAT : null }
        const connections = plan(attempts, rules, standing)
        const asked = connections.flat(2)
        assert.deepEqual(new Set(asked.filter((attempt) => attempt !== REPEAT)), new Set(attempts))
        assert.equal(asked.filter((attempt) => attempt !== REPEAT).length, attempts.length)
        for (const [index, planned] of connections.entries()) {
          const connection = [...(standing[index] ?? []), ...planned]
          const isGuarded = isFull && name !== 'Microsoft Exchange' && planned.length > 0
          assert.equal(planned.at(-1)?.at(-1) === REPEAT, isGuarded)
          assert.ok(connection.length <= pace.transactions)
          assert.ok(refusals(connection, taken) <= pace.refusals)
          assert.ok(connection.flat().filter(risky).length <= pace.syntaxErrors)
          const kinds = (isGuarded ? connection.slice(0, -1) : connection).map((transaction) => transaction.some(risky))
          assert.deepEqual(kinds, kinds.toSorted(), 'risky envelopes, which may end the connection, come last')
          for (const transaction of connection) {
            assert.equal(new Set(transaction.map(({ mailFrom }) => mailFrom)).size, 1)
            assert.ok(transaction.length <= (transaction[0]?.mailFrom === '' ? 1 : pace.recipients))
            const risks = transaction.filter((attempt) => attempt !== REPEAT).map(risky)
            assert.deepEqual(risks, risks.toSorted(), 'and last in their transaction')
          }
        }
      }),
    )
  })
}

test('a form that needs an unknown name is not written', () => {
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
