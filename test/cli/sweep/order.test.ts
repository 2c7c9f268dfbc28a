/** The command line of `relay-test sweep`: what it means, and how mistakes are named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mistake } from '../../../src/cli/mistake.ts'
import { readOrder } from '../../../src/cli/options.ts'
import { SWEEP_ID } from '../../harness/scripted-sweep.ts'

const sweep = (line: string) => readOrder(['sweep', ...line.split(' ').filter(Boolean)])

test('each action has its options', () => {
  for (const [line, expected] of [
    [
      'start weekly --customers all --spread 6h --suite full --proof recipient --wait',
      {
        action: 'start',
        request: { name: 'weekly', customers: 'all', suite: 'full', proof: 'recipient', spread: '6h' },
        file: null,
        wait: true,
        json: false,
      },
    ],
    [
      'start weekly --customers acme,beta --json',
      {
        action: 'start',
        request: { name: 'weekly', customers: ['acme', 'beta'] },
        file: null,
        wait: false,
        json: true,
      },
    ],
    ['start w --file -', { action: 'start', request: { name: 'w' }, file: '-', wait: false, json: false }],
    ['list', { action: 'list', name: undefined, json: false }],
    ['list weekly', { action: 'list', name: 'weekly', json: false }],
    [`show ${SWEEP_ID} --wait`, { action: 'show', id: SWEEP_ID, wait: true, json: false }],
    [
      `results ${SWEEP_ID} --verdict open --change opened --state tested --customer acme`,
      {
        action: 'results',
        id: SWEEP_ID,
        filter: { verdict: 'open', change: 'opened', state: 'tested', customerId: 'acme' },
        format: null,
      },
    ],
    [`results ${SWEEP_ID} --json`, { action: 'results', id: SWEEP_ID, filter: {}, format: 'ndjson' }],
    [`stop ${SWEEP_ID}`, { action: 'stop', id: SWEEP_ID, json: false }],
  ] as const) {
    assert.deepEqual(sweep(line), { command: 'sweep', sweep: expected }, line)
  }
  assert.deepEqual(sweep('start --help'), { command: 'help', of: 'sweep' })
})

test('a mistake says what is wrong, and what to enter', () => {
  for (const [line, what] of [
    ['', /^sweep: enter what to do: start NAME, list, show ID, results ID or stop ID$/],
    ['begin weekly', /^sweep: enter what to do: .*, not "begin"$/],
    ['start', /^sweep start: enter a name for the sweep, for example weekly/],
    ['start weekly', /^sweep start: enter what to test: --customers all, --customers ID,ID or --file FILE$/],
    ['start weekly --customers all --file x', /^use --customers or --file, not both$/],
    ['start weekly --customers acme,,beta', /^--customers: enter all, or ids of customers with commas between them$/],
    ['start weekly monthly --customers all', /^monthly: sweep start takes only one name or id$/],
    ['start weekly --customers all --suite loud', /^--suite: choose one of standard, full$/],
    ['start weekly --customers all --port 25', /^--port does not go with sweep start$/],
    ['show', /^sweep show: enter the id of a sweep, which relay-test sweep list shows$/],
    ['show weekly', /^sweep show: enter the id of a sweep, .*; "weekly" is not one$/],
    [`results ${SWEEP_ID} --change shut`, /^--change: choose one of opened, closed, new, lost$/],
    [`results ${SWEEP_ID} --format html`, /^--format: choose one of table, ndjson, csv$/],
    [`stop ${SWEEP_ID} --wait`, /^--wait does not go with sweep stop$/],
  ] as const) {
    assert.throws(
      () => sweep(line),
      (error) => error instanceof Mistake && what.test(error.message),
      line,
    )
  }
  assert.throws(() => readOrder(['127.0.0.1', '--spread', '6h']), { message: '--spread does not go with a target' })
})
