/** The report of one sweep: a sentence, its figures as filters, who must be told, and the results. */
import type { Sweep } from '../contract/sweeps.ts'
import { copy, Facts, Fold, Icon, Time } from './parts.tsx'
import { Fragment, h, type JSX } from './preact.js'
import { counted, FILTERS, filtersOf, gapsOf, numberText, outcomeInWords, progressWords, toneOf } from './report.ts'
import { type ShownSweep, type State, sweepLink } from './state.ts'
import { SweepTable } from './sweep-table.tsx'
import { askToStop, find, save, stopSweep } from './sweeps.ts'
import { TroubleOf } from './trouble.tsx'

function Band({ of: { sweep, before } }: { of: ShownSweep }) {
  const { name, status, says, progress } = sweep
  const isRunning = status === 'running'
  const gaps = gapsOf(sweep)
  return (
    <section id="banner" class={`band ${toneOf(sweep)}`}>
      <h2 id="sweep-title" tabIndex={-1}>
        <Icon of={isRunning ? 'running' : toneOf(sweep)} /> {name}
      </h2>
      <p id="finding" class="read">
        {outcomeInWords(sweep, before)}
      </p>
      {gaps && <p id="gaps">{gaps}</p>}
      <p class="progress">
        <span id="done">
          {progressWords(sweep)}, began <Time at={sweep.createdAt} />
        </span>
        {isRunning && (
          <progress aria-label="Servers done" value={progress.tested + progress.skipped} max={progress.targets} />
        )}
      </p>
      {says && <p id="says">{says}</p>}
    </section>
  )
}

const Filters = ({ of: { sweep, filter, customer } }: { of: ShownSweep }) => (
  <nav aria-label="Which results">
    <ul id="filters" class="chips">
      {filtersOf(sweep).map((name) => (
        <li key={name}>
          <a href={sweepLink(sweep.id, name, customer)} aria-current={name === filter ? 'true' : undefined}>
            {FILTERS[name].label} <b>{numberText(FILTERS[name].count(sweep))}</b>
          </a>
        </li>
      ))}
    </ul>
  </nav>
)

/** Goes to the results of the customer in a field, or of all customers. */
const chooseCustomer =
  ({ sweep, filter }: ShownSweep) =>
  ({ currentTarget }: JSX.TargetedEvent<HTMLInputElement>): void => {
    location.hash = sweepLink(sweep.id, filter, currentTarget.value.trim() || null)
  }

const Finder = ({ of }: { of: ShownSweep }) => (
  <form class="fields" noValidate onSubmit={(event) => event.preventDefault()}>
    <div class="field">
      <label for="find">Find in these results</label>
      <input
        id="find"
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={of.text}
        onInput={({ currentTarget }) => find(currentTarget.value)}
      />
    </div>
    <div class="field">
      <label for="of-customer">Only the customer</label>
      <input
        id="of-customer"
        key={of.customer}
        type="search"
        autocomplete="off"
        spellcheck={false}
        placeholder="all"
        defaultValue={of.customer ?? ''}
        onChange={chooseCustomer(of)}
      />
    </div>
  </form>
)

/** How many customers are named before the others are counted. */
const NAMED = 10

/** The customers of the results: those who must be told. Needs all results. */
function Customers({ of: { sweep, filter, customers, cursor } }: { of: ShownSweep }) {
  if (customers.length === 0 || cursor !== null) return null
  return (
    <p id="whom">
      {counted(customers.length, 'customer', 'customers')}:{' '}
      {customers.slice(0, NAMED).map((customer, at) => (
        <Fragment key={customer}>
          {at > 0 && ', '}
          <a href={sweepLink(sweep.id, filter, customer)}>{customer}</a>
        </Fragment>
      ))}
      {customers.length > NAMED && ` and ${numberText(customers.length - NAMED)} more`}{' '}
      <button type="button" class="quiet" onClick={() => void copy(customers.join('\n'), 'Customers copied.')}>
        Copy the customers
      </button>
    </p>
  )
}

/** Stops the sweep. Its buttons vanish, so the focus goes to the title. */
function stopNow(): void {
  document.getElementById('sweep-title')?.focus()
  void stopSweep()
}

const StopButtons = ({ asks }: { asks: boolean }) => (
  <Fragment>
    <button type="button" onClick={() => askToStop(!asks)}>
      {asks ? 'Let it go on' : 'Stop the sweep'}
    </button>
    {asks && (
      <button type="button" onClick={stopNow}>
        Yes, stop this sweep
      </button>
    )}
  </Fragment>
)

const Actions = ({ of: { sweep, asksToStop } }: { of: ShownSweep }) => (
  <p class="actions">
    <button type="button" onClick={() => void save('csv')}>
      Save as CSV
    </button>
    <button type="button" onClick={() => void save('ndjson')}>
      Save as NDJSON
    </button>
    <button
      type="button"
      onClick={() => void copy(location.href, 'Link copied. It works for colleagues with a key of the same caller.')}
    >
      Copy link
    </button>
    {sweep.status === 'running' && <StopButtons asks={asksToStop} />}
  </p>
)

const customersText = ({ customers }: Sweep): string => {
  if (customers === null) return 'the servers of the request'
  return customers === 'all' ? 'all' : customers.join(', ')
}

const About = ({ of: { sweep, before } }: { of: ShownSweep }) => (
  <Facts
    of={[
      ['Customers', customersText(sweep)],
      ['Forms', sweep.suite],
      ['Proof', sweep.proof],
      ['Spread over', sweep.spread],
      ['Began by', sweep.scheduled ? 'its schedule' : 'a request'],
      ['Began', <Time at={sweep.createdAt} />],
      ['Ended', sweep.finishedAt && <Time at={sweep.finishedAt} />],
      [
        'Compared with',
        before && (
          <a href={sweepLink(before.id, 'open')}>
            <Time at={before.createdAt} />
          </a>
        ),
      ],
      ['Closed', sweep.verdicts.closed],
      ['Id', sweep.id],
    ]}
  />
)

/** The report. */
export const SweepReport = ({ report, of }: { report: ShownSweep; of: State }) => (
  <article id="report" aria-labelledby="sweep-title">
    <Band of={report} />
    <TroubleOf id="sweep" of={of} />
    <Filters of={report} />
    <div class="tools">
      <Finder of={report} />
      <Actions of={report} />
    </div>
    <Customers of={report} />
    <SweepTable of={report} />
    <div class="folds">
      <Fold id="about" title="About this sweep">
        <About of={report} />
      </Fold>
    </div>
  </article>
)
