/** The format for a report that a person opens or gets by mail: one page of HTML without scripts. */
import { COLUMNS, changesIn, countsOf, type Row, type RowEnding } from '../row.ts'
import type { Format } from './format.ts'
import { escaped } from './markup.ts'

/** The worst first, so that a reader need not search. */
const ORDER: readonly RowEnding[] = ['open', 'error', 'inconclusive', 'running', 'not-tested', 'closed']

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }
body { margin: 2rem }
table { border-collapse: collapse }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: top }
td:first-child { font-weight: bold }
.open td:first-child { color: light-dark(#b00020, #ff8a80) }
.closed td:first-child { color: light-dark(#1b6e2d, #81c784) }
`

export const html: Format = { head: '', row: () => '', foot: page }

function page(rows: readonly Row[]): string {
  const sorted = rows.toSorted((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict))
  const shown = COLUMNS.filter(([, textOf]) => rows.some((row) => textOf(row) !== ''))
  const isCompared = rows.some(({ change, before }) => change !== null || before !== null)
  const counts = countsOf(rows.map(({ verdict }) => verdict))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Relay tests: ${counts}</title>
<style>${STYLE}</style>
<h1>Relay tests</h1>
<p>${counts}</p>
${isCompared ? `<p>Since the last time: ${changesIn(rows)}</p>\n` : ''}<table>
<thead><tr>${shown.map(([name]) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead>
<tbody>
${sorted.map((row) => `<tr class="${row.verdict}">${shown.map(([, textOf]) => `<td>${escaped(textOf(row))}</td>`).join('')}</tr>\n`).join('')}</tbody>
</table>
</html>
`
}
