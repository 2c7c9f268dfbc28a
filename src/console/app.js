/** The console, a page for support agents: reacts to the user, calls the API, and shows the answers. */
import { ApiError, createTest, eventsOf, followTest, getJson, quotasIn, request, testIdOf, useKey } from './api.js'
import { showChoices } from './choices.js'
import { nameRunning, showBroken, showResult, showRunning } from './result.js'
import { Session, showAttempts } from './session.js'
import { byId, clearProblems, element, showEarlier, showProblem, showProgress, showQuotas } from './view.js'

/** The result on the page. */
let shown = null
/** The id of a running test that this page started. It stops if the page disconnects. */
let ownTest = null
/** Aborts the request that the page waits for. */
let waiting = new AbortController()

let quotas = []

/** Opens the form for tests. Asks for a key only if the service does: a proxy may have logged the user in. */
async function signIn() {
  try {
    const limits = await getJson('/limits')
    byId('key-form').hidden = true
    byId('test-form').hidden = false
    byId('caller').textContent = `You are ${limits.caller}.`
    byId('port').replaceChildren(...limits.ports.map((port) => element('option', String(port))))
    quotas = limits.quotas
    showRest(new Map())
    await route()
  } catch (error) {
    showError(error)
  }
}

/** Shows the quotas with their rest. The rest of an address quota is known only from an answer about that address. */
const showRest = (rest) =>
  showQuotas(
    quotas.map((quota) => ({ ...quota, ...rest.get(quota.name) })).filter(({ remaining }) => remaining !== null),
  )

function askForKey(detail) {
  byId('test-form').hidden = true
  byId('key-form').hidden = false
  byId('key-problem').textContent = detail
  byId('key').focus()
}

/** Shows an error at the field or form that it is about, and offers a result to read instead. */
function showError(error) {
  if (error.name === 'AbortError') return
  showProgress('')
  if (!(error instanceof ApiError)) throw error
  const { problem, testId, quotas: rest } = error
  const id = idInPage()
  if (rest.size > 0) showRest(rest)
  if (problem.status === 401) askForKey(byId('key').value ? 'This key is not valid.' : '')
  else showProblem(problem)
  if (problem.lastTest) offerTest(problem.lastTest.id, `Show its last result: ${problem.lastTest.verdict}`)
  else if (testId) offerTest(testId, 'Watch that test')
  else if (problem.status === 0 && id && !shown) offerTest(id, 'Look for its result')
}

/** Adds a link to a test below the form. */
const offerTest = (id, text) => byId('form-problem').append(' ', element('a', text, { href: `#/${id}` }))

/** Runs work that waits for the service, with the button disabled. Gives up any earlier work. */
async function whileBusy(work) {
  waiting.abort()
  const mine = new AbortController()
  waiting = mine
  ownTest = null
  byId('submit').disabled = true
  try {
    await work(mine.signal)
  } catch (error) {
    showError(error)
  } finally {
    if (waiting === mine) byId('submit').disabled = false
  }
}

/** Hides everything below the form. */
function clear() {
  clearProblems()
  shown = null
  for (const part of ['result', 'earlier', 'choices']) byId(part).hidden = true
  document.title = 'Relay Tests'
}

/** Returns the members of a request that come from the options. */
function options() {
  const { domain, reference, port, suite, proof } = byId('test-form').elements
  return {
    port: Number(port.value),
    suite: suite.value,
    ...(proof.value ? { proof: proof.value } : {}),
    ...(domain.value.trim() ? { domain: domain.value.trim() } : {}),
    ...(reference.value ? { reference: reference.value } : {}),
  }
}

/** Looks up the name in the field. Tests it if it leads to one address; otherwise shows the addresses. */
const lookUpAndTest = () =>
  whileBusy(async (signal) => {
    // Adds a history entry that the next test replaces, so that Back leads to the earlier result.
    if (idInPage()) history.pushState('between', '', '#/')
    clear()
    const name = byId('target').value.trim()
    showProgress(`Looking up ${name}…`)
    const found = await lookUp(name, signal)
    showProgress('')
    const testable = found.addresses.filter((address) => address.testable)
    const [only] = found.addresses
    if (only && only.host === null && !only.testable) {
      throw new ApiError({ detail: only.problem.detail, errors: [{ pointer: '/ip', detail: only.problem.detail }] })
    }
    if (testable.length === 1) await run(requestFor(testable[0]), signal)
    else showChoices(found, (address) => whileBusy((next) => run(requestFor(address), next)))
  })

async function lookUp(name, signal) {
  try {
    return await getJson(`/addresses?name=${encodeURIComponent(name)}`, { signal })
  } catch (error) {
    if (error.problem?.status !== 400) throw error
    const detail = error.problem.detail.replace(/^name: /, '')
    throw new ApiError({ ...error.problem, errors: [{ pointer: '/ip', detail }] })
  }
}

/** Returns a request for an address of the name, with its mail domain. A domain in the options wins. */
const requestFor = ({ ip, domain }) => ({ ip, ...(domain === null ? {} : { domain }), ...options() })

/** Starts a test and shows it while it runs. */
async function run(body, signal) {
  clearProblems()
  showProgress(`Testing ${body.ip}…`)
  const response = await createTest(body, signal)
  ownTest = testIdOf(response)
  history[history.state === 'between' ? 'replaceState' : 'pushState'](null, '', `#/${ownTest}`)
  await follow(response, `Testing ${body.ip}`, signal)
}

/** Shows an existing test, finished or running. */
async function join(id, signal, title = 'Watching a test') {
  clear()
  showProgress(`${title}…`, 'Stop watching')
  await follow(await followTest(id, signal), title, signal)
}

/** Shows the events of a test until its result, then earlier tests and quotas. */
async function follow(response, title, signal) {
  clear()
  showRunning(title)
  const session = new Session()
  const attempts = new Map()
  for await (const { event, data } of eventsOf(response)) {
    if (event === 'line') session.add(data)
    if (event === 'line' && data.from === 'event') nameRunning(data.line)
    if (event === 'attempt') showAttempts([...attempts.set(data.form, data).values()])
    if (event !== 'verdict') continue
    shown = data
    ownTest = null
    showProgress('')
    showResult(data)
    byId('verdict').focus()
    return showRelated(quotasIn(response), signal)
  }
  showBroken()
  throw new ApiError({ status: 0, detail: 'The connection was lost before the verdict.' })
}

/** Shows earlier tests of the address, and the rest of the quotas. */
async function showRelated(rest, signal) {
  const { ip, id } = shown
  const [{ relayTests }, limits] = await Promise.all([
    getJson(`/relay-tests?ip=${encodeURIComponent(ip)}`, { signal }),
    request('/limits', { signal }),
  ])
  showEarlier(relayTests, ip, id)
  showRest(new Map([...rest, ...quotasIn(limits)]))
}

/** Returns the id of the test in the address of the page (`#/ID`). */
const idInPage = () => /^#\/([\w-]+)$/.exec(location.hash)?.[1]

/** Shows the test in the address of the page, or an empty page. */
async function route() {
  const id = idInPage()
  const field = byId('target')
  clearProblems()
  if (id === undefined) {
    waiting.abort()
    showProgress('')
    clear()
    field.focus()
  } else if (id !== shown?.id) {
    const typed = field.value
    await whileBusy(async (signal) => {
      await join(id, signal)
      if (field.value === typed) field.value = shown.ip
    })
  }
}

/** Stops waiting. That also stops a test of this page at its next command, and its result is shown. */
function stop() {
  const id = ownTest
  if (id) return whileBusy((signal) => join(id, signal, 'Stopping the test'))
  location.hash = '#/'
  return route()
}

async function copy() {
  const text = await (await request(`/relay-tests/${shown.id}`, { accept: 'text/plain' })).text()
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
  const { ip, port, suite, proof, reference, domain, domainSource } = shown
  const chosen = domainSource === 'request' ? { domain } : {}
  const body = { ip, port, suite, proof, ...chosen, ...(reference === null ? {} : { reference }) }
  whileBusy((signal) => run(body, signal))
})
byId('copy').addEventListener('click', () => copy().catch(showError))
byId('stop').addEventListener('click', stop)
// A link to the test that is already in the address of the page causes no hashchange.
byId('form-problem').addEventListener('click', ({ target }) => target.localName === 'a' && route())
addEventListener('hashchange', route)

signIn()
