/** The format for build servers: JUnit's XML. An open server is a failure, an unclear one is skipped: never a pass. */
import { endpointOf, type Row, type RowEnding } from '../row.ts'
import type { Format } from './format.ts'
import { escaped } from './markup.ts'

/** The element inside the test case. A closed server has none: it passes. */
const ELEMENTS: Readonly<Record<RowEnding, 'failure' | 'error' | 'skipped' | null>> = {
  open: 'failure',
  closed: null,
  inconclusive: 'skipped',
  error: 'error',
  running: 'skipped',
  'not-tested': 'skipped',
}

export const junit: Format = { head: '', row: () => '', foot: suite }

function suite(rows: readonly Row[]): string {
  const count = (element: string) => rows.filter(({ verdict }) => ELEMENTS[verdict] === element).length
  const counts = `tests="${rows.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
<testsuite name="relay-test" ${counts}>
${rows.map((row) => `${testCase(row)}\n`).join('')}</testsuite>
</testsuites>
`
}

function testCase(row: Row): string {
  const name = [endpointOf(row), row.target === row.ip ? row.domain : row.target, row.reference]
    .filter(Boolean)
    .join(' ')
  const time = row.durationMs === null ? '' : ` time="${row.durationMs / 1000}"`
  const start = `<testcase classname="relay-test" name="${escaped(name)}"${time}`
  const element = ELEMENTS[row.verdict]
  if (element === null) return `${start}/>`
  const type = row.cause ?? row.reason ?? row.verdict
  const message = `${row.verdict}${row.change ? ` (${row.change})` : ''}: ${row.says}`
  return `${start}><${element} type="${escaped(type)}" message="${escaped(message)}"/></testcase>`
}
