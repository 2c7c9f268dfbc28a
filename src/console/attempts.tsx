/** Shows the attempts in everyday words. Those that decided come first. */
import type { AttemptView, TranscriptLine } from '../contract/relay-test.ts'
import { decidingFirst } from './order.ts'
import { Wrapped } from './parts.tsx'
import { h } from './preact.js'
import { EVIDENCE_WORDS, OUTCOMES, reasonInWords } from './words.ts'

/** The attempts of a test. */
export const Attempts = ({ of, lines }: { of: readonly AttemptView[]; lines: readonly TranscriptLine[] }) => (
  <ol id="attempts" class="attempts">
    {decidingFirst(of, lines).map((attempt) => (
      <Attempt key={`${attempt.form} ${attempt.vantage}`} of={attempt} decides={attempt.decides} />
    ))}
  </ol>
)

function Attempt({ of, decides }: { of: AttemptView; decides: boolean }) {
  const { form, says, control, vantage, mailFrom, rcptTo, reply, outcome } = of
  return (
    <li class={`${toneOf(of)}${decides ? ' decides' : ''}`}>
      <h3>
        {says || form}
        {decides && <span class="mark">decides</span>}
      </h3>
      <p class="outcome">
        {outcomeInWords(of)}
        {control && ' (a question that only helps to read the other answers)'}
      </p>
      {mailFrom !== null && rcptTo !== null && (
        <p class="envelope">
          <code>
            <Wrapped of={mailFrom === '' ? '<>' : mailFrom} />
          </code>{' '}
          →{' '}
          <code>
            <Wrapped of={rcptTo} />
          </code>
        </p>
      )}
      {reply && (
        <p class="envelope">
          ←{' '}
          <samp>
            <Wrapped of={`${reply.code} ${reply.lines.join(' ')}`} />
          </samp>
        </p>
      )}
      <p class="hint">
        {form}
        {vantage && `, from ${vantage}`}
        {outcome !== 'not-run' && `, ${of.refusal ?? of.evidence}`}
      </p>
    </li>
  )
}

/** Returns how an attempt ended, in words. */
function outcomeInWords(attempt: AttemptView): string {
  const { outcome, evidence } = attempt
  if (outcome === 'accepted' && evidence !== 'none') return EVIDENCE_WORDS[evidence]
  return [OUTCOMES[outcome], reasonInWords(attempt)].filter(Boolean).join(': ')
}

/** Returns the colour of an attempt: an accepted form is bad, an accepted control is not. */
function toneOf({ outcome, control }: AttemptView): 'bad' | 'good' | 'unclear' {
  if (outcome === 'accepted') return control ? 'good' : 'bad'
  return outcome === 'refused' ? 'good' : 'unclear'
}
