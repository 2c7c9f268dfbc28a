/** Why a sweep could not start: in the words of the command line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mistake } from '../../../src/cli/mistake.ts'
import { explain } from '../../../src/cli/sweep/refusal.ts'
import { RelayTestProblem } from '../../../src/client/client.ts'

const FILE = {
  name: 'targets.txt',
  targets: [{ ip: '203.0.113.25' }, { ip: '203.0.113.26' }],
  places: ['targets.txt:2', 'targets.txt:4'],
}

/** Returns a refusal that names these members. */
const refusal = (...errors: { pointer: string; detail: string }[]) =>
  new RelayTestProblem(
    {
      ...{ type: 'urn:relay-tests:problem:invalid-request', title: 'Wrong', status: 400, detail: 'wrong', errors },
      ...{ instance: 'x', help: '/problems/invalid-request' },
    },
    { retryAfter: null, location: null },
  )

/** Returns the lines that a refusal becomes. */
function linesOf(error: RelayTestProblem, file: typeof FILE | null): readonly string[] {
  const told = explain(error, file)
  assert.ok(told instanceof Mistake)
  return told.faults
}

test('a target that the service refuses is named by its line', () => {
  const error = refusal(
    { pointer: '/targets/0/ip', detail: 'this key may not test 203.0.113.25' },
    { pointer: '/targets/1/domain', detail: 'is no domain of acme' },
    { pointer: '/targets/1', detail: 'is odd' },
    { pointer: '/targets', detail: 'must be a list of 1 to 100000 targets' },
  )
  assert.deepEqual(linesOf(error, FILE), [
    'targets.txt:2: ip: this key may not test 203.0.113.25',
    'targets.txt:4: domain: is no domain of acme',
    'targets.txt:4: is odd',
    '--file: must be a list of 1 to 100000 targets',
  ])
})

test('any other member is named as the command line has it', () => {
  const error = refusal(
    { pointer: '/name', detail: 'must be a name' },
    { pointer: '/customers/1', detail: 'this key may not test for customer beta' },
    { pointer: '/spread', detail: 'must be a time' },
    { pointer: '', detail: 'give either customers or targets' },
  )
  assert.deepEqual(linesOf(error, null), [
    'the name of the sweep must be a name',
    '--customers: this key may not test for customer beta',
    '--spread: must be a time',
    'give either customers or targets',
  ])
})

test('an error that names no member stays as it is', () => {
  for (const error of [refusal(), new Error('no service')]) assert.equal(explain(error, FILE), error)
})
