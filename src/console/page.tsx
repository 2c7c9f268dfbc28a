/** The whole page, drawn from its state. */
import { hasKey, useKey } from './api.ts'
import { Choices } from './choices.tsx'
import { changeSince } from './compare.ts'
import { hostText } from './endpoint.ts'
import { TestForm } from './form.tsx'
import { KeyForm } from './key.tsx'
import { Tests } from './lists.tsx'
import { Facts, Fold, Icon } from './parts.tsx'
import { h } from './preact.js'
import { Result } from './result.tsx'
import { Running } from './running.tsx'
import { Seats } from './seats.tsx'
import type { State } from './state.ts'
import { SweepReport } from './sweep.tsx'
import { SweepPage } from './sweep-list.tsx'
import { stop } from './testing.ts'
import { countdown } from './times.ts'
import { Band } from './verdict.tsx'
import { VERDICTS } from './words.ts'

/** Forgets the key and everything that the page shows. */
function signOut(): void {
  useKey(null)
  location.hash = '#/'
  location.reload()
}

/** Returns the title of the browser tab. */
export function titleOf({ screen }: State): string {
  if (screen.is === 'result' && screen.test.verdict) {
    return `${VERDICTS[screen.test.verdict].word}: ${hostText(screen.test.ip)} · Relay Tests`
  }
  if (screen.is === 'sweep') return `Sweep ${screen.sweep.name} · Relay Tests`
  if (screen.is === 'sweeps') return 'Sweeps · Relay Tests'
  return screen.is === 'running' ? `${screen.live.target ?? screen.live.title} · Relay Tests` : 'Relay Tests'
}

/** The parts of the page that stand above the form. */
function Above({ of }: { of: State }) {
  const { screen, now } = of
  if (screen.is === 'sweep') return <SweepReport report={screen} of={of} />
  if (screen.is === 'sweeps') return <SweepPage sweeps={screen.sweeps} of={of} />
  if (screen.is === 'result') {
    return <Band test={screen.test} changed={changeSince(screen.test, screen.earlier)} now={now} />
  }
  if (screen.is === 'running' || screen.is === 'broken') {
    return <Running live={screen.live} now={now} isBroken={screen.is === 'broken'} />
  }
  return screen.is === 'several' ? <Seats name={screen.name} seats={screen.seats} /> : null
}

/** The parts of the page that stand below the form. */
function Below({ of: { screen, recent } }: { of: State }) {
  if (screen.is === 'result') return <Result test={screen.test} earlier={screen.earlier} />
  if (screen.is === 'choices') return <Choices found={screen.found} requests={screen.requests} />
  if (screen.is !== 'start' || recent.length === 0) return null
  return (
    <section id="recent" class="card" aria-labelledby="recent-title">
      <h2 id="recent-title">Recent tests</h2>
      <Tests id="recent-list" of={recent} />
    </section>
  )
}

const Quotas = ({ of: { quotas, now } }: { of: State }) => (
  <Fold id="quotas" title="Quotas left">
    <Facts
      of={quotas.map(({ counts, remaining, limit, resetsAt }) => {
        const wait = countdown(resetsAt, now)
        return [counts, `${remaining} of ${limit}${wait && `, resets in ${wait}`}`] as const
      })}
    />
  </Fold>
)

/** Shows the present work of the page, and short messages. Screen readers read them out. */
function Bar({ of: { busy, said, screen } }: { of: State }) {
  const phase = screen.is === 'running' ? screen.live.phase : null
  const doing = phase && phase.name !== 'asking' ? phase.says : busy && `${busy.says}…`
  return (
    <div id="bar" class={busy || said ? 'shown' : ''}>
      <span id="status" role="status">
        {said || doing || ''}
      </span>
      {busy && (
        <button type="button" id="stop" onClick={() => void stop()}>
          {busy.leave}
        </button>
      )}
    </div>
  )
}

/** The whole page. `enter` gets a key. */
export const Page = ({ of, enter }: { of: State; enter: (key: string) => void }) => (
  <div class={`page ${of.screen.is}`}>
    <header>
      <h1>
        <a href="#/">
          <Icon of="closed" /> Relay Tests
        </a>
      </h1>
      {of.limits && (
        <p id="caller">
          {of.maySweep && <a href="#/sweeps">Sweeps</a>}
          <span>You are {of.limits.caller}.</span>
          {hasKey() && (
            <button type="button" id="sign-out" class="quiet" onClick={signOut}>
              Sign out
            </button>
          )}
        </p>
      )}
    </header>
    <main>
      {of.screen.is === 'start' && <p class="question">Can a stranger send mail through this server?</p>}
      {of.keyProblem !== null && <KeyForm problem={of.keyProblem} enter={enter} />}
      <Above of={of} />
      <TestForm of={of} small={of.screen.is !== 'start' && of.screen.is !== 'choices'} />
      {of.byHand !== null && (
        <textarea id="text" aria-label="The text to copy" readOnly value={of.byHand} ref={(field) => field?.select()} />
      )}
      <Below of={of} />
      {of.limits && of.quotas.length > 0 && <Quotas of={of} />}
    </main>
    <Bar of={of} />
  </div>
)
