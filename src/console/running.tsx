/** A test while it runs: what it does now, how long that may take, and what is known so far. */
import { Attempts } from './attempts.tsx'
import type { Live } from './live.ts'
import { Fold, Icon } from './parts.tsx'
import { h } from './preact.js'
import { SessionLines } from './session.tsx'

/** Returns what a running test does, in words. */
export function doing({ position, phase, title }: Live): string {
  if (position === null) return phase?.says ?? `${title}.`
  if (position === 1) return 'This is the next test.'
  return position === 2 ? '1 test is before this one.' : `${position - 1} tests are before this one.`
}

/** Returns the seconds of the present part, and its limit if it has one. */
function elapsed({ phase, phaseSince, began, position }: Live, now: number): string {
  const seconds = Math.max(0, Math.floor((now - (phase ? phaseSince : began)) / 1000))
  const limit = position === null ? phase?.limitMs : null
  return limit ? `${seconds} s of at most ${Math.round(limit / 1000)} s` : `${seconds} s`
}

/** The test. `isBroken` says that its stream ended before the verdict. */
export function Running({ live, now, isBroken }: { live: Live; now: number; isBroken: boolean }) {
  const { phase, target, title, lines, attempts } = live
  const heading = live.position === null ? (target ? `Testing ${target}` : title) : 'Waiting for a free slot'
  const isOpen = phase?.provisional === 'open'
  return (
    <article id="result" aria-labelledby="verdict">
      <section class={isOpen ? 'band open' : 'band running'}>
        <h2 id="verdict" tabIndex={-1}>
          <Icon of={isOpen ? 'open' : 'running'} /> {isBroken ? 'The connection was lost' : heading}
        </h2>
        {isBroken ? (
          <p class="read">The part of the session that arrived is below. It is not a verdict.</p>
        ) : (
          <p class="read">
            {isOpen && <b>It is an open relay. </b>}
            {doing(live)}
          </p>
        )}
        {!isBroken && (
          <p class="progress">
            <span id="elapsed">{elapsed(live, now)}</span>
            {phase && <progress aria-label="Questions answered" value={phase.asked} max={phase.planned} />}
          </p>
        )}
      </section>
      <div class="folds">
        {attempts.length > 0 && (
          <Fold id="tried" title={`What we tried so far (${attempts.length})`}>
            <Attempts of={attempts} lines={[]} />
          </Fold>
        )}
        <Fold id="talk" title="The session" open>
          <SessionLines lines={lines} verdict={null} />
        </Fold>
      </div>
    </article>
  )
}
