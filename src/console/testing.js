/** Looks up names, starts tests and follows them: everything that waits for the service. */
import { ApiError, createTest, eventsOf, followTest, getJson, quotasIn, request, testIdOf } from './api.js'
import { showChoices } from './choices.js'
import { showError, showQuotasLeft } from './errors.js'
import { nameRunning, showBroken, showResult, showRunning } from './result.js'
import { Session, showAttempts } from './session.js'
import { idInPage, page } from './state.js'
import { byId, clearProblems, showEarlier, showProgress } from './view.js'

/** Runs work that waits for the service, with the button disabled. Aborts any earlier work. */
export async function whileBusy(work) {
  page.waiting.abort()
  const mine = new AbortController()
  page.waiting = mine
  page.ownTest = null
  byId('submit').disabled = true
  try {
    await work(mine.signal)
  } catch (error) {
    showError(error)
  } finally {
    if (page.waiting === mine) byId('submit').disabled = false
  }
}

/** Hides everything below the form. */
export function clear() {
  clearProblems()
  page.shown = null
  for (const part of ['result', 'earlier', 'choices']) byId(part).hidden = true
  document.title = 'Relay Tests'
}

/** Returns the members of a request that come from the options. */
function options() {
  const { domain, knownMailbox, reference, port, suite, proof } = byId('test-form').elements
  return {
    port: Number(port.value),
    suite: suite.value,
    ...(proof.value ? { proof: proof.value } : {}),
    ...(domain.value.trim() ? { domain: domain.value.trim() } : {}),
    ...(knownMailbox.value.trim() ? { knownMailbox: knownMailbox.value.trim() } : {}),
    ...(reference.value ? { reference: reference.value } : {}),
  }
}

/** Looks up the name in the field. Tests it if it leads to one address; otherwise shows the addresses. */
export const lookUpAndTest = () =>
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

/** Returns a request for an address of the name, with its mail domain. A domain or mailbox in the options wins. */
function requestFor({ ip, domain }) {
  const chosen = options()
  return { ip, ...(domain === null || chosen.knownMailbox ? {} : { domain }), ...chosen }
}

/** Starts a test and shows it while it runs. */
export async function run(body, signal) {
  clearProblems()
  showProgress(`Testing ${body.ip}…`)
  const response = await createTest(body, signal)
  page.ownTest = testIdOf(response)
  history[history.state === 'between' ? 'replaceState' : 'pushState'](null, '', `#/${page.ownTest}`)
  await follow(response, `Testing ${body.ip}`, signal)
}

/** Shows an existing test, finished or running. */
export async function join(id, signal, title = 'Watching a test') {
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
    page.shown = data
    page.ownTest = null
    showProgress('')
    showResult(data)
    byId('verdict').focus()
    return showRelated(quotasIn(response), signal)
  }
  showBroken()
  throw new ApiError({ status: 0, detail: 'The connection was lost before the verdict.' })
}

/** Shows earlier tests of the address, and what is left of the quotas. */
async function showRelated(left, signal) {
  const { ip, id } = page.shown
  const [{ relayTests }, limits] = await Promise.all([
    getJson(`/relay-tests?ip=${encodeURIComponent(ip)}`, { signal }),
    request('/limits', { signal }),
  ])
  showEarlier(relayTests, ip, id)
  showQuotasLeft(new Map([...left, ...quotasIn(limits)]))
}
