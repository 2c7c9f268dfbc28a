/** Steps to fix a server or to get an answer, with commands that can be copied, and what else was found. */
import type { RelayTest } from '../contract/relay-test.ts'
import { copy, References } from './parts.tsx'
import { h } from './preact.js'
import { readStep } from './steps.ts'

/** One step. A command at its end can be copied. */
export function StepText({ step }: { step: string }) {
  const { text, command } = readStep(step)
  if (command === null) return <span class="step">{text}</span>
  return (
    <span class="step">
      {text}:
      <span class="command">
        <code>{command}</code>
        <button
          type="button"
          class="quiet"
          aria-label={`Copy ${command}`}
          onClick={() => void copy(command, 'Copied.')}
        >
          Copy
        </button>
      </span>
    </span>
  )
}

const Steps = ({ of }: { of: readonly string[] }) => (
  <ol class="steps">
    {of.map((step) => (
      <li key={step}>
        <StepText step={step} />
      </li>
    ))}
  </ol>
)

/** Shows the steps that close a server, or lead to an answer. */
export const Remedy = ({ of }: { of: NonNullable<RelayTest['remedy']> }) => (
  <div>
    <Steps of={of.steps} />
    <References of={of.references} />
  </div>
)

/** Shows the findings apart from relaying. */
export const Findings = ({ of }: { of: RelayTest['findings'] }) => (
  <ul id="findings">
    {of.map(({ code, says, steps, references }) => (
      <li key={code}>
        <p>{says}</p>
        <Steps of={steps} />
        <References of={references} />
      </li>
    ))}
  </ul>
)
