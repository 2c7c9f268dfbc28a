/** The verdict: a large band with one sentence to read out, what to do first, and what has changed. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { VerdictChange } from './compare.ts'
import { endpointText } from './endpoint.ts'
import { isDeciding } from './order.ts'
import { Icon, Time } from './parts.tsx'
import { h } from './preact.js'
import { StepText } from './remedy.tsx'
import { countdown } from './times.ts'
import { reasonInWords, VERDICTS } from './words.ts'

/** The band of a finished test. */
export function Band({ test, changed, now }: { test: RelayTest; changed: VerdictChange | null; now: number }) {
  const { verdict, ip, port, domain, customerId, summary, remedy } = test
  const shown = verdict ?? 'inconclusive'
  const { word, say } = VERDICTS[shown]
  const [first] = remedy?.steps ?? []
  return (
    <section id="banner" class={`band ${shown}`}>
      <h2 id="verdict" tabIndex={-1} aria-label={`${word}: ${endpointText({ ip, port })}`}>
        <Icon of={shown} /> {word}
      </h2>
      <p class="whose">
        <b>{endpointText({ ip, port })}</b>
        {[domain, customerId].flatMap((name) => (name === null ? [] : ` · ${name}`))}
      </p>
      <p class="read">
        <span class="unseen">Read out to the customer: </span>“{say}”
      </p>
      <p id="summary">{summary}</p>
      <Doubt test={test} />
      {changed && (
        <p id="changed" class="changed">
          {changed.says}, <Time at={changed.before.createdAt} />.
        </p>
      )}
      <Waits test={test} now={now} />
      {first && (
        <div id="first" class="first">
          <b>{shown === 'open' ? 'Do this first' : 'What to do'}</b>
          <StepText step={first} />
        </div>
      )}
    </section>
  )
}

/** Why there is no clear answer: the reply that decided, and what it means. */
function Doubt({ test: { verdict, attempts, transcript } }: { test: RelayTest }) {
  const decisive = attempts.find((attempt) => attempt.reply && isDeciding(attempt, transcript))
  const means = decisive && reasonInWords(decisive)
  if (verdict !== 'inconclusive' || !decisive?.reply || !means) return null
  return (
    <p id="doubt">
      What it said means: {means}. <samp>{`${decisive.reply.code} ${decisive.reply.lines[0] ?? ''}`}</samp>
    </p>
  )
}

/** When another test makes sense, and whether the service makes it by itself. */
function Waits({
  test: { followUpAt, followUps, retryAfter, finishedAt, amendedAt },
  now,
}: {
  test: RelayTest
  now: number
}) {
  const last = followUps.at(-1)
  const retryAt =
    retryAfter === null || finishedAt === null ? null : Date.parse(amendedAt ?? finishedAt) + retryAfter * 1000
  const left = countdown(followUpAt === null ? (retryAt ?? 0) : Date.parse(followUpAt), now)
  return (
    <div id="waits">
      {last && (
        <p>
          Asked again <Time at={last.at} />: {last.says}
        </p>
      )}
      {followUpAt !== null && (
        <p>
          We ask again by ourselves <Time at={followUpAt} />
          {left && (
            <span>
              , in <b class="count">{left}</b>
            </span>
          )}
          . This page then shows the answer.
        </p>
      )}
      {followUpAt === null && retryAt !== null && (
        <p>
          {left ? (
            <span>
              Test again in <b class="count">{left}</b>.
            </span>
          ) : (
            'You can test again now.'
          )}
        </p>
      )}
    </div>
  )
}
