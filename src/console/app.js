import { createTest, eventsOf, followTest, getJson, leftBy, Refusal, request, useKey } from './api.js'
import {
  byId,
  clearProblems,
  element,
  Session,
  showAttempts,
  showChoices,
  showEarlier,
  showProblem,
  showQuotas,
  showResult,
  showRunning,
} from './view.js'

/** The result that is shown, and how to give up waiting for the next one. */
let shown = null
let waiting = new AbortController()

/** Lets the page in: a proxy may vouch for its user, so that a key is asked for only where the service asks for it. */
async function enter() {
  try {
    const limits = await getJson('/limits')
    byId('key-form').hidden = true
    byId('test-form').hidden = false
    byId('caller').textContent = `You are ${limits.caller}.`
    byId('port').replaceChildren(...limits.ports.map((port) => element('option', String(port))))
    showLimits(limits)
    await route()
  } catch (error) {
    refuse(error)
  }
}

/** The quotas of the key; those of an address only its own test can tell. */
const showLimits = ({ quotas }, left = new Map()) =>
  showQuotas(
    quotas
      .map((quota) => ({ ...left.get(quota.name), ...known(quota) }))
      .filter(({ remaining }) => remaining !== undefined),
  )

const known = ({ remaining, resetSeconds, ...rest }) =>
  remaining === null ? rest : { ...rest, remaining, resetSeconds }

function askForKey(detail) {
  byId('test-form').hidden = true
  byId('key-form').hidden = false
  byId('key-problem').textContent = detail
  byId('key').focus()
}

/** What a failure means for the page. */
function refuse(error) {
  if (error.name === 'AbortError') return
  byId('status').textContent = ''
  if (!(error instanceof Refusal)) throw error
  const { problem } = error
  if (problem.status === 401) askForKey(byId('key').value ? 'This key is not valid.' : '')
  else showProblem(problem)
  if (problem.lastTest) offer(problem.lastTest.id, `Its last test, ${problem.lastTest.verdict}`)
  else if (error.location) offer(error.location.split('/').at(-1), 'Follow that test')
}

/** A result to read instead. */
const offer = (id, text) => byId('form-problem').append(' ', element('a', text, { href: `#/${id}` }))

/** Runs work that waits for the service, with the button out of reach; whatever was waited for before is given up. */
async function busily(work) {
  waiting.abort()
  const mine = new AbortController()
  waiting = mine
  byId('submit').disabled = true
  try {
    await work(mine.signal)
  } catch (error) {
    refuse(error)
  } finally {
    if (waiting === mine) byId('submit').disabled = false
  }
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
    clearProblems()
    shown = null
    byId('result').hidden = true
    byId('earlier').hidden = true
    byId('choices').hidden = true
    const name = byId('target').value.trim()
    byId('status').textContent = `Looking up ${name}…`
    const found = await lookUp(name, signal)
    byId('status').textContent = ''
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
  const left = await follow(body.ip, () => createTest(body, signal))
  history.replaceState(null, '', `#/${shown.id}`)
  await showSurroundings(left)
}

/** Shows the events of a test up to its result; returns what is left of the quotas. */
async function follow(target, open) {
  clearProblems()
  byId('choices').hidden = true
  byId('status').textContent = `Testing ${target}…`
  const response = await open()
  showRunning(target)
  byId('earlier').hidden = true
  const session = new Session()
  const attempts = new Map()
  for await (const { event, data } of eventsOf(response)) {
    if (event === 'line') session.add(data)
    if (event === 'attempt') showAttempts([...attempts.set(data.form, data).values()])
    if (event !== 'verdict') continue
    shown = data
    byId('status').textContent = ''
    document.title = `${data.verdict}: ${data.ip} · Relay Tests`
    showResult(data)
    byId('verdict').focus()
    return leftBy(response)
  }
  throw new Refusal({ status: 0, detail: 'The session broke off: its result may be among the earlier tests.' })
}

/** What else there is to know: earlier tests of the address, and what is left of the quotas. */
async function showSurroundings(left) {
  const { ip, id } = shown
  const [{ relayTests }, limits] = await Promise.all([
    getJson(`/relay-tests?ip=${encodeURIComponent(ip)}`),
    getJson('/limits'),
  ])
  showEarlier(relayTests, ip, id)
  showLimits(limits, left)
}

/** Shows what the address of the page names: a result, or nothing. */
async function route() {
  const [, id] = /^#\/([\w-]+)$/.exec(location.hash) ?? []
  if (id === undefined) {
    shown = null
    byId('result').hidden = true
    byId('target').focus()
    return
  }
  if (id === shown?.id) return
  await busily(async (signal) => {
    const left = await follow('…', () => followTest(id, signal))
    byId('target').value = shown.ip
    await showSurroundings(left)
  })
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
  useKey(byId('key').value.trim())
  enter()
})
onSubmit('test-form', look)
byId('again').addEventListener('click', () => {
  const { ip, port, suite, proof, reference, domain, domainSource } = shown
  const chosen = domainSource === 'request' ? { domain } : {}
  const body = { ip, port, suite, proof, ...chosen, ...(reference === null ? {} : { reference }) }
  busily((signal) => run(body, signal))
})
byId('copy').addEventListener('click', () => copy().catch(refuse))
addEventListener('hashchange', route)

enter()
