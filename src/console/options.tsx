/** The fields of the form behind "More options", and how a field looks. */
import type { CustomerList } from '../contract/scope.ts'
import type { VantageList } from '../contract/vantages.ts'
import { getJson } from './api.ts'
import { type ComponentChildren, h } from './preact.js'
import { showError } from './problem.ts'
import { change, type Field, type State, type Trouble } from './state.ts'

/** Fills the lists of customers and vantages when the options are opened for the first time. */
async function fillLists({ vantages }: State): Promise<void> {
  if (vantages.length > 0) return
  try {
    const [customers, places] = await Promise.all([
      getJson<CustomerList>('/customers'),
      getJson<VantageList>('/vantages'),
    ])
    change({ customers: customers.customers, vantages: places.vantages })
  } catch (error) {
    showError(error)
  }
}

/** A field with its label, its hint and its problem. */
export function Labelled({ field, label, hint, problem, children }: LabelledProps) {
  return (
    <div class="field">
      <label for={field}>{label}</label>
      {children}
      {hint && (
        <p id={`${field}-hint`} class="hint">
          {hint}
        </p>
      )}
      <p id={`${field}-problem`} class="problem" role="alert">
        {problem ?? ''}
      </p>
    </div>
  )
}

interface LabelledProps {
  readonly field: Field
  readonly label: string
  readonly hint?: string
  readonly problem: string | undefined
  readonly children: ComponentChildren
}

/** Returns the attributes of a field: its names, and its problem if it has one. */
export const fieldAttributes = (field: Field, trouble: Trouble) => ({
  id: field,
  name: field,
  'aria-describedby': `${field}-hint ${field}-problem`,
  'aria-invalid': trouble.fields[field] !== undefined,
})

/** The attributes of a field for names and addresses. */
export const TEXT = { autocomplete: 'off', autocapitalize: 'none', spellcheck: false } as const

/** The folded fields. They open by themselves for a problem of one of them. */
export function MoreOptions({ of }: { of: State }) {
  const { limits, trouble, customers, vantages } = of
  const shown = (field: Field) => fieldAttributes(field, trouble)
  const hasProblem = Object.keys(trouble.fields).some((field) => field !== 'target')
  return (
    <details id="options" open={hasProblem} onToggle={() => void fillLists(of)}>
      <summary>More options</summary>
      <div class="fields">
        <Labelled
          field="knownMailbox"
          label="Known mailbox"
          hint="A mail address that works at this server. With it, the test understands refusals in any words."
          problem={trouble.fields.knownMailbox}
        >
          <input {...shown('knownMailbox')} {...TEXT} inputMode="email" />
        </Labelled>
        <Labelled field="domain" label="Mail domain it serves" problem={trouble.fields.domain}>
          <input {...shown('domain')} {...TEXT} />
        </Labelled>
        <Labelled field="reference" label="Your ticket number" problem={trouble.fields.reference}>
          <input {...shown('reference')} {...TEXT} />
        </Labelled>
        <Labelled field="port" label="Port" problem={trouble.fields.port}>
          <select {...shown('port')}>
            {limits?.ports.map((port) => (
              <option key={port}>{port}</option>
            ))}
          </select>
        </Labelled>
        <Labelled field="suite" label="How much to ask" problem={trouble.fields.suite}>
          <select {...shown('suite')}>
            <option value="standard">standard: four forms</option>
            <option value="full">full: all forms, asks the server much more</option>
          </select>
        </Labelled>
        <Labelled field="proof" label="How far to go" problem={trouble.fields.proof}>
          <select {...shown('proof')}>
            <option value="">as far as this service can</option>
            <option value="recipient">send no message</option>
            <option value="message">send a message, and see if it is accepted</option>
            <option value="delivery">send a message, and wait until it arrives</option>
          </select>
        </Labelled>
        <Labelled field="customerId" label="Customer" problem={trouble.fields.customerId}>
          <input {...shown('customerId')} {...TEXT} list="customers" placeholder="the owner of the address" />
          <datalist id="customers">
            {customers.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </datalist>
        </Labelled>
        <Labelled field="vantage" label="Test from" problem={trouble.fields.vantage}>
          <select {...shown('vantage')}>
            <option value="">the first place that fits</option>
            {vantages.map(({ name, publicIps, state }) => (
              <option key={name} value={name}>
                {[name, ...publicIps].join(', ')}
                {state === 'down' && ' (down)'}
              </option>
            ))}
          </select>
        </Labelled>
      </div>
    </details>
  )
}
