/** The form for the key. A proxy may have logged the user in: then the service asks for none. */
import { h, type JSX } from './preact.js'
import { change } from './state.ts'

/** The form. `enter` gets the key. */
export function KeyForm({ problem, enter }: { problem: string; enter: (key: string) => void }) {
  const submit = (event: JSX.TargetedEvent<HTMLFormElement>) => {
    event.preventDefault()
    const key = String(new FormData(event.currentTarget).get('password')).trim()
    // A key is written in visible ASCII. Anything else cannot even be sent.
    if (key === '') change({ keyProblem: 'Enter your API key.' })
    else if (/^[\x21-\x7e]+$/.test(key)) enter(key)
    else change({ keyProblem: 'This key is not valid.' })
  }
  return (
    <form id="key-form" class="card" noValidate onSubmit={submit}>
      <h2>Sign in</h2>
      <p class="hint">This tab keeps the key until you close it or sign out.</p>
      <div class="field narrow">
        <label for="username">Name</label>
        <input id="username" name="username" autocomplete="username" value="relay-tests" spellcheck={false} />
        <p class="hint">For your password manager.</p>
      </div>
      <div class="field">
        <label for="key">API key</label>
        <input
          id="key"
          name="password"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          aria-describedby="key-problem"
        />
        <p id="key-problem" class="problem" role="alert">
          {problem}
        </p>
      </div>
      <button type="submit" class="main">
        Continue
      </button>
    </form>
  )
}
