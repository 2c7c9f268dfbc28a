/** Comparing the results of two times, and keeping results of a batch that may be interrupted. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { changeOf, keyOf, LastTime } from '../../src/cli/changes.ts'
import { Mistake } from '../../src/cli/mistake.ts'
import { KeptResults, readResults } from '../../src/cli/results.ts'
import { folderOf } from '../harness/files.ts'
import { resultWith } from '../harness/result.ts'

const lineFor = (ip: string, verdict: 'open' | 'closed' | 'inconclusive', target = ip) => ({
  target,
  ...resultWith({ ip, verdict }),
})

test('a change is named by what the user must know', () => {
  for (const [before, now, change] of [
    [undefined, 'closed', 'new'],
    [undefined, 'open', 'new'],
    ['closed', 'closed', null],
    ['closed', 'open', 'opened'],
    ['inconclusive', 'open', 'opened'],
    ['open', 'open', null],
    ['open', 'closed', 'closed'],
    ['inconclusive', 'closed', null],
    ['open', 'inconclusive', 'lost'],
    ['closed', 'inconclusive', 'lost'],
    ['closed', 'error', 'lost'],
    ['inconclusive', 'inconclusive', null],
    ['inconclusive', 'error', null],
  ] as const) {
    assert.equal(changeOf(before && { verdict: before }, { verdict: now }), change, `${before} → ${now}`)
  }
})

test('a request and its result have the same key, whatever the service filled in', () => {
  for (const [request, result] of [
    [{ target: '203.0.113.25', ip: '203.0.113.25' }, {}],
    [{ ip: '203.0.113.25', port: 587 }, { port: 587 }],
    [
      { ip: '203.0.113.25', domain: 'Example.net' },
      { domain: 'example.net', domainSource: 'request' },
    ],
    [
      { ip: '203.0.113.25', knownMailbox: 'a@example.net' },
      { domain: 'example.net', domainSource: 'request' },
    ],
    [{ ip: '203.0.113.25' }, { knownMailbox: 'a@example.com', knownMailboxSource: 'customer' }],
  ] as const) {
    assert.equal(keyOf(request), keyOf(resultWith(result)))
  }
  assert.notEqual(keyOf({ ip: '203.0.113.25', domain: 'example.net' }), keyOf(resultWith()))
  assert.notEqual(keyOf({ ip: '203.0.113.25', port: 587 }), keyOf(resultWith()))
})

test('the last time says what became of each server, and which are gone', () => {
  const last = new LastTime([
    lineFor('203.0.113.1', 'closed'),
    lineFor('203.0.113.2', 'open'),
    { target: '203.0.113.3', ip: '203.0.113.3', error: { detail: 'x' } },
    lineFor('203.0.113.4', 'open', 'mail.example.com'),
    lineFor('203.0.113.1', 'inconclusive'),
  ])
  assert.deepEqual(last.compare(lineFor('203.0.113.1', 'open')), { change: 'opened', before: 'inconclusive' })
  assert.deepEqual(last.compare(lineFor('203.0.113.2', 'open')), { change: null, before: 'open' })
  assert.deepEqual(last.compare(lineFor('203.0.113.3', 'open')), { change: 'new', before: null })
  assert.deepEqual(
    last.gone().map((line) => JSON.parse(JSON.stringify(line))),
    [
      {
        target: 'mail.example.com',
        ip: '203.0.113.4',
        port: 25,
        domain: 'example.com',
        reference: null,
        verdict: 'not-tested',
        change: 'gone',
        before: 'open',
        summary: 'It was not among the targets this time.',
      },
    ],
  )
})

test('kept results are found once each, and failed tests are made again', (t) => {
  const path = join(folderOf(t), 'kept.ndjson')
  const fresh = new KeptResults(path)
  assert.equal(fresh.take({ ip: '203.0.113.1' }), null)
  const closed = lineFor('203.0.113.1', 'closed')
  fresh.keep(closed)
  fresh.keep({ target: '203.0.113.2', ip: '203.0.113.2', error: { detail: 'x' } })
  assert.equal(fresh.take({ ip: '203.0.113.1' }), null, 'only results of an earlier run count')
  const again = new KeptResults(path)
  assert.equal(again.take({ ip: '203.0.113.2' }), null)
  assert.deepEqual(again.take({ ip: '203.0.113.1' }), closed)
  assert.equal(again.take({ ip: '203.0.113.1' }), null)
})

test('a last line that was cut off is removed, and the next one begins on its own line', (t) => {
  const path = join(folderOf(t), 'kept.ndjson')
  const [first, second] = [lineFor('203.0.113.1', 'closed'), lineFor('203.0.113.2', 'open')]
  new KeptResults(path).keep(first)
  appendFileSync(path, JSON.stringify(second).slice(0, 40))
  const kept = new KeptResults(path)
  assert.equal(kept.take({ ip: '203.0.113.2' }), null)
  kept.keep(second)
  assert.deepEqual(readResults(path), [first, second])
})

test('a file of another kind is refused, and stays as it is', (t) => {
  const folder = folderOf(t, { 'list.txt': '203.0.113.1', 'notes.txt': 'a\nb\n', 'array.json': '[]\n' })
  for (const name of ['list.txt', 'notes.txt', 'array.json']) {
    const path = join(folder, name)
    const before = readFileSync(path, 'utf8')
    assert.throws(() => new KeptResults(path), Mistake, name)
    assert.throws(() => readResults(path), { message: new RegExp(`${name}:1: this is no line of JSON`) })
    assert.equal(readFileSync(path, 'utf8'), before)
  }
  assert.throws(() => readResults(join(folder, 'none')), Mistake)
  assert.throws(() => new KeptResults(join(folder, 'none/kept')), /cannot be written/)
})
