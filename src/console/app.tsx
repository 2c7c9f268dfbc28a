/** The console, a page for support agents: starts it, and reacts to its address, its keyboard focus and its clock. */
import type { Limits } from '../contract/limits.ts'
import { getJson, useKey } from './api.ts'
import { Page, titleOf } from './page.tsx'
import { h, render } from './preact.js'
import { showError, showQuotasLeft } from './problem.ts'
import { joinAll } from './several.ts'
import { change, drawWith, idsInPage, type State, state, sweepInPage } from './state.ts'
import { lookForSweeps, showSweeps } from './sweeps.ts'
import { goToStart, join, whileBusy } from './testing.ts'

/** Opens the form for tests. Asks for a key only if the service does: a proxy may have logged the user in. */
async function signIn(): Promise<void> {
  try {
    const limits = await getJson<Limits>('/limits')
    change({ limits, keyProblem: null })
    showQuotasLeft(new Map())
    await Promise.all([route(), lookForSweeps()])
  } catch (error) {
    showError(error)
  }
}

/** Keeps a key, and signs in with it. */
function enter(key: string): void {
  useKey(key)
  void signIn()
}

/** Shows the tests or the sweeps in the address of the page, or the start. */
async function route(): Promise<void> {
  const ids = idsInPage()
  const [id] = ids
  const { screen } = state()
  const sweeps = sweepInPage()
  if (sweeps) {
    await showSweeps(sweeps)
  } else if (id === undefined) {
    await goToStart()
  } else if (ids.length > 1) {
    await whileBusy((signal) => joinAll(ids, signal))
  } else if (screen.is !== 'result' || screen.test.id !== id) {
    await whileBusy((signal) => join(id, signal))
  } else {
    // The page already shows this test. This only clears the message beside it.
    await whileBusy(async () => {})
  }
}

const place = document.getElementById('page')
let before: State | null = null
if (place) {
  drawWith((next) => {
    document.title = titleOf(next)
    render(<Page of={next} enter={enter} />, place)
    focusAfter(next)
  })
}

/** Moves the focus to what is new: a result, a list of addresses, or the first field with a problem. */
function focusAfter(next: State): void {
  const { screen, trouble, keyProblem, limits } = next
  const isNew = before?.screen.is !== screen.is || (screen.is === 'result' && testOf(before) !== testOf(next))
  const [field] = Object.keys(trouble.fields)
  if (field !== undefined && before?.trouble !== trouble) focusOn(field)
  else if (keyProblem !== null && before?.keyProblem !== keyProblem) focusOn('key')
  else if (isNew && screen.is === 'result') focusOn('verdict')
  else if (isNew && screen.is === 'choices') focusOn('choices-title')
  else if (isNew && (screen.is === 'sweep' || screen.is === 'sweeps')) focusOn('sweep-title')
  else if (limits && screen.is === 'start' && (isNew || !before?.limits)) focusOn('target')
  before = next
}

const testOf = ({ screen }: State) => (screen.is === 'result' ? screen.test : null)

const focusOn = (id: string): void => document.getElementById(id)?.focus()

addEventListener('hashchange', () => void route())
// Folded parts are printed too.
const folds = () => document.querySelectorAll<HTMLDetailsElement>('details.fold')
addEventListener('beforeprint', () => {
  for (const fold of folds()) fold.open = true
})
// Draws the page each second, for countdowns and for the seconds of a test.
setInterval(() => state().limits && change({}), 1_000)

void signIn()
