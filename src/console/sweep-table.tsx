/** The table of a report: sorted by a click on a heading, a part of the results at a time. */
import type { SweepResult } from '../contract/sweeps.ts'
import { endpointText } from './endpoint.ts'
import { Icon, Time, type Tone, Wrapped } from './parts.tsx'
import { type ComponentChildren, h } from './preact.js'
import { COLUMNS, type Column, counted, numberText, verdictWord, whyOf } from './report.ts'
import { type ShownSweep, sweepLink } from './state.ts'
import { loadMore, ROWS, showFrom, sortBy } from './sweeps.ts'
import { CHANGES } from './words.ts'

const SHOWN = Object.keys(COLUMNS).filter((name): name is Column => name in COLUMNS)

function Heading({ of: { order }, column }: { of: ShownSweep; column: Column }) {
  const direction = order?.isDown ? 'descending' : 'ascending'
  return (
    <th scope="col" aria-sort={order?.by === column ? direction : 'none'}>
      <button type="button" onClick={() => sortBy(column)}>
        {COLUMNS[column].label}
      </button>
    </th>
  )
}

const toneOf = ({ verdict, state }: SweepResult): Tone => verdict ?? (state === 'skipped' ? 'skipped' : 'running')

/** The text of each column for a result. */
function cellsOf(report: ShownSweep, result: SweepResult): Readonly<Record<Column, ComponentChildren>> {
  const { testId, customerId, domain, reference, change, openSince } = result
  const server = (
    <span class="where">
      <Wrapped of={endpointText(result)} />
    </span>
  )
  return {
    verdict: (
      <span class={toneOf(result)}>
        <Icon of={toneOf(result)} /> <b>{verdictWord(result)}</b>
      </span>
    ),
    server: testId === null ? server : <a href={`#/${testId}`}>{server}</a>,
    customer: <a href={sweepLink(report.sweep.id, report.filter, customerId)}>{customerId}</a>,
    domain: [domain, reference].filter(Boolean).join(' · '),
    change: change && CHANGES[change],
    since: openSince && <Time at={openSince} />,
    why: whyOf(result),
  }
}

function Row({ of, result }: { of: ShownSweep; result: SweepResult }) {
  const cells = cellsOf(of, result)
  return (
    <tr>
      {SHOWN.map((column) => (
        <td key={column} class={column} data-label={COLUMNS[column].label}>
          {cells[column]}
        </td>
      ))}
    </tr>
  )
}

/** Returns how many results are shown, in words. */
function shownOf({ listed, results, from, cursor, isLoading, text }: ShownSweep): string {
  if (isLoading && results.length === 0) return 'Loading...'
  const all = counted(listed.length, 'result', 'results')
  const last = numberText(Math.min(from + ROWS, listed.length))
  const part = listed.length > ROWS ? `${numberText(from + 1)} to ${last} of ${all}` : all
  const found = text.trim() === '' ? '' : ` with "${text.trim()}"`
  return `${part}${found}${cursor === null ? '' : ', as far as they are loaded'}.`
}

/** Shows the results from a position on, and moves the focus to the top of the table. */
function turnTo(from: number): void {
  showFrom(from)
  document.getElementById('shown')?.focus()
}

/** The table, and how to see more of it. */
export function SweepTable({ of }: { of: ShownSweep }) {
  const { listed, from, cursor, isLoading } = of
  const next = from + ROWS
  return (
    <section class="card results" aria-label="Results">
      <p id="shown" class="hint" role="status" tabIndex={-1}>
        {shownOf(of)}
      </p>
      {listed.length > 0 && (
        <table id="sweep-results">
          <thead>
            <tr>
              {SHOWN.map((column) => (
                <Heading key={column} of={of} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {listed.slice(from, next).map((result) => (
              <Row key={`${result.customerId} ${endpointText(result)}`} of={of} result={result} />
            ))}
          </tbody>
        </table>
      )}
      <p class="actions">
        {from > 0 && (
          <button type="button" onClick={() => turnTo(from - ROWS)}>
            Show the {ROWS} before
          </button>
        )}
        {next < listed.length && (
          <button type="button" onClick={() => turnTo(next)}>
            Show {Math.min(ROWS, listed.length - next)} more
          </button>
        )}
        {cursor !== null && (
          <button type="button" disabled={isLoading} onClick={() => void loadMore()}>
            Load more results
          </button>
        )}
      </p>
    </section>
  )
}
