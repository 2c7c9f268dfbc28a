/** The form: one line for the mail server, and everything else behind "More options". */
import { fieldAttributes, Labelled, MoreOptions, TEXT } from './options.tsx'
import { h, type JSX } from './preact.js'
import type { State } from './state.ts'
import { lookUpAndTest, type Options } from './testing.ts'
import { TroubleOf } from './trouble.tsx'

/** Returns the options of the form. Empty fields are left out. */
function optionsOf(form: HTMLFormElement): Options {
  const data = new FormData(form)
  const text = (name: string) => String(data.get(name) ?? '').trim()
  const proof = text('proof')
  return {
    port: Number(text('port')),
    followUp: true,
    suite: text('suite') === 'full' ? 'full' : 'standard',
    ...(proof === 'recipient' || proof === 'message' || proof === 'delivery' ? { proof } : {}),
    ...(text('domain') && { domain: text('domain') }),
    ...(text('knownMailbox') && { knownMailbox: text('knownMailbox') }),
    ...(text('customerId') && { customerId: text('customerId') }),
    ...(text('vantage') && { vantage: text('vantage') }),
    ...(text('reference') && { reference: text('reference') }),
  }
}

function submit(event: JSX.TargetedEvent<HTMLFormElement>): void {
  event.preventDefault()
  const form = event.currentTarget
  void lookUpAndTest(String(new FormData(form).get('target')), optionsOf(form))
}

/** Puts an address into the form. */
export function fillIn(ip: string, port: number): void {
  const [target, ports] = [document.getElementById('target'), document.getElementById('port')]
  if (ports instanceof HTMLSelectElement) ports.value = String(port)
  if (!(target instanceof HTMLInputElement)) return
  target.value = ip
  target.focus()
}

/** The form. `small` makes it one line, below a result. */
export function TestForm({ of, small }: { of: State; small: boolean }) {
  const { limits, trouble, busy, screen } = of
  const isHidden = !limits || screen.is === 'sweep' || screen.is === 'sweeps'
  return (
    <form
      id="test-form"
      key="test-form"
      class={small && !isHidden ? 'card small' : 'card'}
      hidden={isHidden}
      noValidate
      onSubmit={submit}
    >
      <div class="ask">
        <Labelled
          field="target"
          label="Mail server"
          hint="Paste what you have: an address, a host name, a mail domain, a mail address or a link."
          problem={trouble.fields.target}
        >
          <input
            {...fieldAttributes('target', trouble)}
            {...TEXT}
            inputMode="url"
            onFocus={({ currentTarget }) => currentTarget.select()}
          />
        </Labelled>
        <button type="submit" id="submit" class="main" disabled={busy?.leave === 'Stop'}>
          Test
        </button>
      </div>
      <MoreOptions of={of} />
      <TroubleOf id="form" of={of} />
    </form>
  )
}
