/** The list of sweeps, and a small form that starts one. */
import type { NewSweep, Sweep } from '../contract/sweeps.ts'
import { fieldAttributes, Labelled, TEXT } from './options.tsx'
import { Fold, Icon, Time } from './parts.tsx'
import { h, type JSX } from './preact.js'
import { numberText, progressWords, toneOf } from './report.ts'
import { type State, sweepLink } from './state.ts'
import { startSweep } from './sweeps.ts'
import { TroubleOf } from './trouble.tsx'

/** Returns the sweep that the form asks for. */
function wantedBy(form: HTMLFormElement): NewSweep {
  const data = new FormData(form)
  const text = (name: string) => String(data.get(name) ?? '').trim()
  const customers = text('sweep-customers')
    .split(/[\s,;]+/)
    .filter(Boolean)
  const spread = text('sweep-spread')
  return {
    name: text('sweep-name'),
    customers: customers.join() === 'all' ? 'all' : customers,
    ...(spread && { spread }),
  }
}

function submit(event: JSX.TargetedEvent<HTMLFormElement>): void {
  event.preventDefault()
  void startSweep(wantedBy(event.currentTarget))
}

const StartForm = ({ of }: { of: State }) => (
  <form id="sweep-form" noValidate onSubmit={submit}>
    <p class="hint">A sweep tests the mail servers that your provider has on record for these customers.</p>
    <div class="fields">
      <Labelled
        field="sweep-name"
        label="Name"
        hint="It is compared with the last sweep of this name."
        problem={of.trouble.fields['sweep-name']}
      >
        <input {...fieldAttributes('sweep-name', of.trouble)} {...TEXT} placeholder="weekly" />
      </Labelled>
      <Labelled
        field="sweep-customers"
        label="Customers"
        hint="Enter all, or customer ids with commas between them."
        problem={of.trouble.fields['sweep-customers']}
      >
        <input {...fieldAttributes('sweep-customers', of.trouble)} {...TEXT} defaultValue="all" />
      </Labelled>
      <Labelled
        field="sweep-spread"
        label="Spread over"
        hint="For example 6h. Leave it empty to test as fast as possible."
        problem={of.trouble.fields['sweep-spread']}
      >
        <input {...fieldAttributes('sweep-spread', of.trouble)} {...TEXT} />
      </Labelled>
    </div>
    <TroubleOf id="sweep" of={of} />
    <button type="submit" class="main">
      Start the sweep
    </button>
  </form>
)

const Row = ({ of }: { of: Sweep }) => {
  const { id, name, verdicts, changes, createdAt } = of
  return (
    <li>
      <a href={sweepLink(id, 'open')} class={toneOf(of)}>
        <Icon of={of.status === 'running' ? 'running' : toneOf(of)} />
        <span class="what">
          <b>{name}</b> {numberText(verdicts.open)} open
          {changes.opened > 0 && `, ${numberText(changes.opened)} of them opened`}
        </span>
        <span class="more">
          {progressWords(of)} · <Time at={createdAt} />
        </span>
      </a>
    </li>
  )
}

/** The page. */
export const SweepPage = ({ sweeps, of }: { sweeps: readonly Sweep[]; of: State }) => (
  <div id="sweeps">
    <section class="card" aria-labelledby="sweep-title">
      <h2 id="sweep-title" tabIndex={-1}>
        Sweeps
      </h2>
      {sweeps.length === 0 ? (
        <p>There is no sweep yet.</p>
      ) : (
        <ul id="sweep-list" class="tests">
          {sweeps.map((sweep) => (
            <Row key={sweep.id} of={sweep} />
          ))}
        </ul>
      )}
    </section>
    <div class="folds">
      <Fold id="new-sweep" title="Start a sweep">
        <StartForm of={of} />
      </Fold>
    </div>
  </div>
)
