/** The exit codes of the command, and how it tells errors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ending, exitCodeOf, lineFor } from '../../src/cli/ending.ts'
import { RelayTestProblem } from '../../src/client/client.ts'

test('the exit code is that of the worst ending', () => {
  for (const [endings, code] of [
    [['closed'], 0],
    [['inconclusive', 'closed'], 2],
    [['closed', 'error', 'inconclusive'], 3],
    [['error', 'open', 'closed'], 1],
    [[], 3],
  ] as const) {
    assert.equal(exitCodeOf(endings), code, endings.join())
  }
})

test('the exit code is right for more endings than a call can take as arguments', () => {
  const endings: Ending[] = Array<Ending>(500_000).fill('closed')
  assert.equal(exitCodeOf([...endings, 'open']), 1)
})

test('an error names options and commands, not members and requests of the API', () => {
  for (const [slug, pointer, detail, line] of [
    ['invalid-request', '/knownMailbox', 'must be x', '--known-mailbox: must be x (invalid-request)'],
    ['invalid-request', '/customerId', 'must be x', '--customer: must be x (invalid-request)'],
    ['invalid-request', '/ip', 'must be x', 'the address: must be x (invalid-request)'],
    ['opted-out', '/ip', '192.0.2.6 is never tested', '192.0.2.6 is never tested (opted-out)'],
    [
      'invalid-request',
      '/domain',
      'must be x (write international names as xn--…)',
      '--domain: must be x (invalid-request)',
    ],
    [
      'vantage-unknown',
      '/vantage',
      'GET /vantages lists them',
      '--vantage: relay-test vantages lists them (vantage-unknown)',
    ],
    [
      'quota-exceeded',
      null,
      'GET /limits?ip=192.0.2.6&port=25 shows',
      'relay-test limits 192.0.2.6 shows (quota-exceeded)',
    ],
    [
      'quota-exceeded',
      null,
      'GET /limits?ip=::1&port=2525 shows',
      'relay-test limits ::1 --port 2525 shows (quota-exceeded)',
    ],
  ] as const) {
    const problem = new RelayTestProblem(
      {
        ...{ type: `urn:relay-tests:problem:${slug}`, title: 'Wrong', status: 400, detail, instance: 'x' },
        ...{ help: `/problems/${slug}`, errors: pointer === null ? [] : [{ pointer, detail }] },
      },
      { retryAfter: null, location: null },
    )
    assert.equal(lineFor(problem), line)
  }
})
