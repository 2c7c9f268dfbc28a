/** The output formats of many tests: what each shows, and that no text can break out of its place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { View } from '../../src/render/formats/format.ts'
import { FORMAT_NAMES, FORMATS, type FormatName } from '../../src/render/formats.ts'
import { COLUMNS, rowOfLine } from '../../src/render/row.ts'
import { resultWith } from '../harness/result.ts'

const PLAIN: View = { coloured: false, width: null }

/** Writes lines of NDJSON in a format, as the command does. */
function written(name: FormatName, lines: readonly object[], view = PLAIN): string {
  const format = FORMATS[name]
  const rows = lines.map(rowOfLine)
  return `${format.head}${lines.map((line) => format.row(rowOfLine(line), line, view)).join('')}${format.foot(rows)}`
}

const CLOSED = { target: 'mail.example.com', ...resultWith({ reference: 'R1' }) }
const OPEN = {
  target: '203.0.113.26',
  ...resultWith({ ip: '203.0.113.26', verdict: 'open', cause: 'everyone', summary: 'It relays for anyone.' }),
  change: 'opened',
  before: 'closed',
}
const UNCLEAR = {
  target: '2001:db8::25',
  ...resultWith({ ip: '2001:db8::25', verdict: 'inconclusive', reason: 'greylisted', summary: 'Come back later.' }),
}
const REFUSED = {
  target: '192.0.2.9',
  ip: '192.0.2.9',
  reference: 'R9',
  error: { slug: 'not-allowed', status: 403, detail: 'This key may not test 192.0.2.9' },
}
const UNKNOWN = {
  target: 'nobody.example',
  error: { slug: null, status: null, detail: 'nobody.example has no address' },
}
const GONE = {
  target: '203.0.113.27',
  ip: '203.0.113.27',
  port: 25,
  verdict: 'not-tested',
  change: 'gone',
  before: 'open',
}
const ALL = [CLOSED, OPEN, UNCLEAR, REFUSED, UNKNOWN, GONE]

test('a table has one line for each test: verdict, change, place, name, and what to know', () => {
  assert.deepEqual(written('table', ALL).trimEnd().split('\n'), [
    'CLOSED        203.0.113.25:25        mail.example.com R1   The server refused to relay.',
    'OPEN          opened  203.0.113.26:25        example.com           was closed. It relays for anyone.',
    'INCONCLUSIVE  [2001:db8::25]:25      example.com           greylisted: Come back later.',
    'ERROR         192.0.2.9              R9                    not-allowed: This key may not test 192.0.2.9',
    'ERROR         nobody.example         nobody.example        nobody.example has no address',
    'NOT-TESTED    gone    203.0.113.27:25                              was open.',
  ])
})

test('a table on a terminal colours the verdict, and cuts each line at the width', () => {
  const shown = written('table', ALL, { coloured: true, width: 50 }).trimEnd().split('\n')
  assert.deepEqual(
    shown.map((line) => /^\x1b\[([\d;]+)m\S+ *\x1b\[0m/.exec(line)?.[1]),
    ['1;32', '1;31', '1;33', '1;35', '1;35', '2'],
  )
  for (const line of shown) assert.ok(line.replaceAll(/\x1b\[[\d;]*m/g, '').length <= 50, line)
  assert.match(shown[0] ?? '', /…$/)
})

test('a table of earlier tests has time and id, and a narrow terminal never cuts them off', () => {
  const view = { coloured: false, width: 40, hasIds: true }
  assert.equal(
    written('table', [resultWith({ reference: 'R1' })], view),
    'CLOSED        2027-01-02 03:04  7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d  203.0.113.25:25…\n',
  )
})

test('ndjson has the whole result of each test', () => {
  const lines = written('ndjson', ALL).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    ALL,
  )
})

test('csv has a row of names, then one row for each test', () => {
  const [names, , open, ...more] = written('csv', ALL).split('\r\n')
  assert.equal(names, COLUMNS.map(([name]) => name).join(','))
  assert.match(open ?? '', /^"open","opened","closed","203\.0\.113\.26","203\.0\.113\.26","25","example\.com",/)
  assert.deepEqual([more.length, more.at(-1)], [5, ''])
})

test('junit counts an open server as a failure, and only a closed one as passed', () => {
  const lines = written('junit', ALL).split('\n')
  assert.equal(lines[1], '<testsuites tests="6" failures="1" errors="2" skipped="2">')
  assert.deepEqual(
    lines.flatMap((line) => (line.startsWith('<testcase') ? [/><(\w+) /.exec(line)?.[1] ?? 'passed'] : [])),
    ['passed', 'failure', 'skipped', 'error', 'error', 'skipped'],
  )
  assert.ok(
    lines.includes(
      '<testcase classname="relay-test" name="203.0.113.26:25 example.com" time="1.234"><failure type="everyone" message="open (opened): It relays for anyone."/></testcase>',
    ),
  )
})

test('html has counts and changes first, then the worst tests, and no script', () => {
  const page = written('html', ALL)
  assert.match(page, /^<!doctype html>\n<html lang="en">/)
  assert.match(page, /<p>1 open, 1 closed, 1 inconclusive, 2 error<\/p>\n<p>Since the last time: 1 opened, 0 closed, /)
  const order = [...page.matchAll(/<tr class="([\w-]+)">/g)].map(([, verdict]) => verdict)
  assert.deepEqual(order, ['open', 'error', 'error', 'inconclusive', 'not-tested', 'closed'])
  assert.doesNotMatch(page, /<script|onload|javascript:/i)
  assert.doesNotMatch(written('html', [CLOSED]), /Since the last time/)
})

test('every format writes a file that is whole also without any test', () => {
  for (const name of FORMAT_NAMES) {
    const text = written(name, [])
    if (name === 'junit') assert.match(text, /tests="0".*\n<\/testsuite>\n<\/testsuites>\n$/s)
    if (name === 'html') assert.match(text, /<tbody>\n<\/tbody>\n<\/table>\n<\/html>\n$/)
    if (name === 'csv') assert.equal(text.split('\r\n').length, 2)
    if (name === 'table' || name === 'ndjson') assert.equal(text, '')
  }
})

/** Texts that mean something to a terminal, a spreadsheet, XML or HTML, and any others. */
const hostile = fc.oneof(
  fc.constantFrom(
    '=1+1',
    ' =HYPERLINK("http://x")',
    '+1',
    '-1',
    '@SUM(1)',
    '\t=1',
    '\r\n=1',
    '\uff1d1',
    '"',
    '","x',
    "'",
    '<script>alert(1)</script>',
    '&amp;',
    '"/><x y="',
    ']]>',
    '\x1b[2J',
    '\u009b31m',
    '\u2028',
    '\ud800',
    '\uffff',
    '\0',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

const hostileLine = fc.record({
  target: hostile,
  ip: fc.constantFrom('203.0.113.25', null),
  verdict: fc.constantFrom('open', 'closed', 'inconclusive', undefined),
  domain: hostile,
  reference: hostile,
  cause: hostile,
  reason: hostile,
  summary: hostile,
  id: hostile,
})

const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/

test('no text breaks out of its line in a table', () => {
  fc.assert(
    fc.property(fc.array(hostileLine), (lines) => {
      const text = written('table', lines)
      assert.equal(text.split('\n').length, lines.length + 1)
      assert.doesNotMatch(text, CONTROL)
    }),
  )
})

test('no text breaks out of its line in ndjson', () => {
  fc.assert(
    fc.property(fc.array(hostileLine), (lines) => {
      assert.equal(written('ndjson', lines).split('\n').length, lines.length + 1)
    }),
  )
})

/** Reads CSV in which every cell is in quotes. */
const cellsOf = (row: string): string[] =>
  [...row.matchAll(/"((?:[^"]|"")*)"(,|$)/g)].map(([, cell = '']) => cell.replaceAll('""', '"'))

test('no text breaks out of its cell in csv, and none is a formula', () => {
  fc.assert(
    fc.property(fc.array(hostileLine), (lines) => {
      const text = written('csv', lines)
      assert.doesNotMatch(text.replaceAll('\r\n', ''), CONTROL)
      const rows = text.split('\r\n').slice(1, -1)
      assert.equal(rows.length, lines.length)
      for (const row of rows) {
        const cells = cellsOf(row)
        assert.equal(cells.length, COLUMNS.length)
        assert.equal(cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','), row)
        for (const cell of cells) assert.doesNotMatch(cell, /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/)
      }
    }),
  )
})

test('no text breaks out of its attribute in junit, and every character is one that XML allows', () => {
  fc.assert(
    fc.property(fc.array(hostileLine), (lines) => {
      const text = written('junit', lines)
      assert.doesNotMatch(text, CONTROL)
      assert.doesNotMatch(text, /\p{Surrogate}|[\ufffe\uffff]/u)
      const cases = text.split('\n').filter((line) => line.startsWith('<testcase'))
      assert.equal(cases.length, lines.length)
      const attributes = '(?: \\w+="(?:[^<>&"]|&(?:amp|lt|gt|quot|#39);)*")+'
      const whole = new RegExp(`^<testcase${attributes}(?:/>|><\\w+${attributes}/></testcase>)$`)
      for (const one of cases) assert.match(one, whole)
    }),
  )
})

test('no text breaks out of its cell in html', () => {
  fc.assert(
    fc.property(fc.array(hostileLine), (lines) => {
      const text = written('html', lines)
      assert.doesNotMatch(text, CONTROL)
      const rows = text.split('\n').filter((line) => line.startsWith('<tr class='))
      assert.equal(rows.length, lines.length)
      const cell = '<td>(?:[^<>&"\']|&(?:amp|lt|gt|quot|#39);)*</td>'
      for (const row of rows) assert.match(row, new RegExp(`^<tr class="[\\w-]+">(?:${cell})+</tr>$`))
    }),
  )
})
