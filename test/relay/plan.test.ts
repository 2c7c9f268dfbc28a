import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FORMS, type Form, formOf, formsOf, type Names } from '../../src/relay/forms.ts'
import { plan } from '../../src/relay/plan.ts'

const NAMES: Names = { sender: 'probe@isp.example', recipient: 'token@isp.example', domain: 'example.com' }

const spell = (forms: readonly Form[]) =>
  plan(forms, () => NAMES).map((connection) =>
    connection.map((transaction) => [transaction[0]?.mailFrom, ...transaction.map(({ rcptTo }) => rcptTo)]),
  )

test('the standard suite is one connection of three transactions, grouped by sender', () => {
  assert.deepEqual(spell(formsOf('standard')), [
    [
      ['probe@isp.example', 'token@isp.example', 'token%isp.example@example.com'],
      ['sender@example.com', 'token@isp.example'],
      ['', 'token@isp.example'],
    ],
  ])
})

test('the null sender takes one recipient a transaction', () => {
  const bounce = formOf('null-sender')
  assert.deepEqual(spell([bounce, bounce]), [
    [
      ['', 'token@isp.example'],
      ['', 'token@isp.example'],
    ],
  ])
})

test('whatever is planned stays within the budget of a connection if all is refused, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...FORMS), { maxLength: 60 }), (forms) => {
      const connections = plan(forms, () => NAMES)
      assert.equal(connections.flat(2).length, forms.length)
      for (const connection of connections) {
        assert.ok(connection.length <= 10, 'RSETs')
        const refusals = connection.reduce((sum, transaction) => sum + 1 + transaction.length, 0)
        assert.ok(refusals <= 9, 'refusals')
        for (const transaction of connection) {
          assert.equal(new Set(transaction.map(({ mailFrom }) => mailFrom)).size, 1)
          assert.ok(transaction.length <= (transaction[0]?.mailFrom === '' ? 1 : 10))
        }
      }
    }),
  )
})

test('every form has an id of its own and says what it exploits and where it is from', () => {
  assert.equal(new Set(FORMS.map(({ id }) => id)).size, FORMS.length)
  for (const { exploits, source } of FORMS) assert.ok(exploits && source)
})

test('the longest mailbox domain leaves every local part within 64 octets', () => {
  const recipient = `${'t'.repeat(16)}@${'m'.repeat(47)}`
  for (const form of FORMS) {
    const { rcptTo } = { rcptTo: form.rcptTo({ ...NAMES, recipient }) }
    assert.ok(rcptTo.slice(0, rcptTo.lastIndexOf('@')).length <= 64, form.id)
  }
})
