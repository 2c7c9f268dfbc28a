/** The console, a page for support agents: reacts to the user. The other files call the API and show the answers. */
import { getJson, request, useKey } from './api.js'
import { askForKey, showError, showQuotasLeft } from './errors.js'
import { idInPage, page } from './state.js'
import { clear, join, lookUpAndTest, run, whileBusy } from './testing.js'
import { byId, clearProblems, element, showProgress } from './view.js'

/** Opens the form for tests. Asks for a key only if the service does: a proxy may have logged the user in. */
async function signIn() {
  try {
    const limits = await getJson('/limits')
    byId('key-form').hidden = true
    byId('test-form').hidden = false
    byId('caller').textContent = `You are ${limits.caller}.`
    byId('port').replaceChildren(...limits.ports.map((port) => element('option', String(port))))
    page.quotas = limits.quotas
    showQuotasLeft(new Map())
    await route()
  } catch (error) {
    showError(error)
  }
}

/** Shows the test in the address of the page, or an empty page. */
async function route() {
  const id = idInPage()
  const field = byId('target')
  clearProblems()
  if (id === undefined) {
    page.waiting.abort()
    showProgress('')
    clear()
    field.focus()
  } else if (id !== page.shown?.id) {
    const typed = field.value
    await whileBusy(async (signal) => {
      await join(id, signal)
      if (field.value === typed) field.value = page.shown.ip
    })
  }
}

/** Stops waiting. That also stops a test of this page at its next command, and its result is shown. */
function stop() {
  const id = page.ownTest
  if (id) return whileBusy((signal) => join(id, signal, 'Stopping the test'))
  location.hash = '#/'
  return route()
}

/** Copies the result as text for a ticket. */
async function copy() {
  const text = await (await request(`/relay-tests/${page.shown.id}`, { accept: 'text/plain' })).text()
  try {
    await navigator.clipboard.writeText(text)
    byId('status').textContent = 'Copied.'
  } catch {
    // A page without HTTPS cannot write to the clipboard: shows the text instead.
    byId('text').value = text
    byId('text').hidden = false
    byId('text').select()
  }
}

const onSubmit = (form, work) =>
  byId(form).addEventListener('submit', (event) => {
    event.preventDefault()
    work()
  })

onSubmit('key-form', () => {
  const key = byId('key').value.trim()
  useKey(key)
  if (key) signIn()
  else askForKey('Enter your API key.')
})
onSubmit('test-form', lookUpAndTest)
byId('again').addEventListener('click', () => {
  const { ip, port, suite, proof, reference, domain, domainSource, knownMailbox, knownMailboxSource } = page.shown
  const chosen = {
    ...(domainSource === 'request' ? { domain } : {}),
    ...(knownMailboxSource === 'request' ? { knownMailbox } : {}),
  }
  const body = { ip, port, suite, proof, ...chosen, ...(reference === null ? {} : { reference }) }
  whileBusy((signal) => run(body, signal))
})
byId('copy').addEventListener('click', () => copy().catch(showError))
byId('stop').addEventListener('click', stop)
// A link to the test that is already in the address of the page causes no hashchange.
byId('form-problem').addEventListener('click', ({ target }) => target.localName === 'a' && route())
addEventListener('hashchange', route)

signIn()
