import { createTest, eventsOf, followTest, getJson, leftBy, Refusal, request, testIdOf, useKey } from './api.js'
import {
  byId,
  clearProblems,
  element,
  nameRunning,
  Session,
  showAttempts,
  showBroken,
  showChoices,
  showEarlier,
  showProblem,
  showProgress,
  showQuotas,
  showResult,
  showRunning,
} from './view.js'

/** The result that is shown, the test that runs for this page alone, and how to give up what is waited for. */
let shown = null
let own = null
let waiting = new AbortController()

let quotas = []

/** Lets the page in: a proxy may vouch for its user, so that a key is asked for only where the service asks for it. */
async function enter() {
  try {
    const limits = await getJson('/limits')
    byId('key-form').hidden = true
    byId('test-form').hidden = false
    byId('caller').textContent = `You are ${limits.caller}.`
    byId('port').replaceChildren(...limits.ports.map((port) => element('option', String(port))))
    quotas = limits.quotas
    showLeft(new Map())
    await route()
  } catch (error) {
    refuse(error)
  }
}

/** What is left of the quotas of the key; of those of an address only an answer about it can tell. */
const showLeft = (left) =>
  showQuotas(
    quotas.map((quota) => ({ ...quota, ...left.get(quota.name) })).filter(({ remaining }) => remaining !== null),
  )

function askForKey(detail) {
  byId('test-form').hidden = true
  byId('key-form').hidden = false
  byId('key-problem').textContent = detail
  byId('key').focus()
}

/** What a failure means for the page. */
function refuse(error) {
  if (error.name === 'AbortError') return
  showProgress('')
  if (!(error instanceof Refusal)) throw error
  const { problem, testId, left } = error
  const id = idInPage()
  if (left.size > 0) showLeft(left)
  if (problem.status === 401) askForKey(byId('key').value ? 'This key is not valid.' : '')
  else showProblem(problem)
  if (problem.lastTest) offer(problem.lastTest.id, `Its last test, ${problem.lastTest.verdict}`)
  else if (testId) offer(testId, 'Follow that test')
  else if (problem.status === 0 && id && !shown) offer(id, 'Look for its result')
}

/** A result to read instead. */
const offer = (id, text) => byId('form-problem').append(' ', element('a', text, { href: `#/${id}` }))

/** Runs work that waits for the service, with the button out of reach; whatever was waited for before is given up. */
async function busily(work) {
  waiting.abort()
  const mine = new AbortController()
  waiting = mine
  own = null
  byId('submit').disabled = true
  try {
    await work(mine.signal)
  } catch (error) {
    refuse(error)
  } finally {
    if (waiting === mine) byId('submit').disabled = false
  }
}

/** Takes away what is shown. */
function clear() {
  clearProblems()
  shown = null
  for (const part of ['result', 'earlier', 'choices']) byId(part).hidden = true
  document.title = 'Relay Tests'
}

/** The part of a request that the options give. */
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

/** Finds out what the field names, and tests it where that is one address. */
const look = () =>
  busily(async (signal) => {
    // What comes of it takes the place of this entry: Back leads to the result before.
    if (idInPage()) history.pushState('between', '', '#/')
    clear()
    const name = byId('target').value.trim()
    showProgress(`Looking up ${name}…`)
    const found = await lookUp(name, signal)
    showProgress('')
    const testable = found.addresses.filter((address) => address.testable)
    const [only] = found.addresses
    if (only && only.host === null && !only.testable) {
      throw new Refusal({ detail: only.problem.detail, errors: [{ pointer: '/ip', detail: only.problem.detail }] })
    }
    if (testable.length === 1) await run(requestFor(testable[0]), signal)
    else showChoices(found, (address) => busily((next) => run(requestFor(address), next)))
  })

async function lookUp(name, signal) {
  try {
    return await getJson(`/addresses?name=${encodeURIComponent(name)}`, { signal })
  } catch (error) {
    if (error.problem?.status !== 400) throw error
    const detail = error.problem.detail.replace(/^name: /, '')
    throw new Refusal({ ...error.problem, errors: [{ pointer: '/ip', detail }] })
  }
}

/** The domain that a name is about goes with it, unless the options say another. */
const requestFor = ({ ip, domain }) => ({ ip, ...(domain === null ? {} : { domain }), ...options() })

/** Makes a test and shows it as it goes. */
async function run(body, signal) {
  clearProblems()
  showProgress(`Testing ${body.ip}…`)
  const response = await createTest(body, signal)
  own = testIdOf(response)
  history[history.state === 'between' ? 'replaceState' : 'pushState'](null, '', `#/${own}`)
  await follow(response, `Testing ${body.ip}`, signal)
}

/** Shows a test that there is, as it went or goes. */
async function join(id, signal, doing = 'Following a test') {
  clear()
  showProgress(`${doing}…`, 'Stop following')
  await follow(await followTest(id, signal), doing, signal)
}

/** Shows the events of a test up to its result, and then what else there is to know. */
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
    own = null
    showProgress('')
    showResult(data)
    byId('verdict').focus()
    return showSurroundings(leftBy(response), signal)
  }
  showBroken()
  throw new Refusal({ status: 0, detail: 'The session broke off before its verdict.' })
}

/** Earlier tests of the address, and what is left of the quotas. */
async function showSurroundings(left, signal) {
  const { ip, id } = shown
  const [{ relayTests }, limits] = await Promise.all([
    getJson(`/relay-tests?ip=${encodeURIComponent(ip)}`, { signal }),
    request('/limits', { signal }),
  ])
  showEarlier(relayTests, ip, id)
  showLeft(new Map([...left, ...leftBy(limits)]))
}

/** The test that the address of the page names. */
const idInPage = () => /^#\/([\w-]+)$/.exec(location.hash)?.[1]

/** Shows what the address of the page names: a result, or nothing. */
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
    await busily(async (signal) => {
      await join(id, signal)
      if (field.value === typed) field.value = shown.ip
    })
  }
}

/** Leaves what is waited for. A test of our own is stopped by that at its next command, and its result is worth seeing. */
function stop() {
  const id = own
  if (id) return busily((signal) => join(id, signal, 'Stopping the test'))
  location.hash = '#/'
  return route()
}

async function copy() {
  const text = await (await request(`/relay-tests/${shown.id}`, { accept: 'text/plain' })).text()
  try {
    await navigator.clipboard.writeText(text)
    byId('status').textContent = 'Copied.'
  } catch {
    // Without HTTPS there is no clipboard to write to.
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
  if (key) enter()
  else askForKey('A key is needed.')
})
onSubmit('test-form', look)
byId('again').addEventListener('click', () => {
  const { ip, port, suite, proof, reference, domain, domainSource } = shown
  const chosen = domainSource === 'request' ? { domain } : {}
  const body = { ip, port, suite, proof, ...chosen, ...(reference === null ? {} : { reference }) }
  busily((signal) => run(body, signal))
})
byId('copy').addEventListener('click', () => copy().catch(refuse))
byId('stop').addEventListener('click', stop)
// A link to what the address of the page names already changes nothing by itself.
byId('form-problem').addEventListener('click', ({ target }) => target.localName === 'a' && route())
addEventListener('hashchange', route)

enter()
