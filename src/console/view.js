/** What is shown. What comes from outside becomes text nodes, and never markup. */

export const byId = (id) => document.getElementById(id)

/** An element with text or children. */
export function element(name, content = [], { className = '', ...attributes } = {}) {
  const made = document.createElement(name)
  made.append(...[content].flat())
  if (className) made.className = className
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  return made
}

/** Puts a problem beside each field that it points to, or beside the form where it points to none. */
export function showProblem(problem) {
  clearProblems()
  const fields = { ip: 'target', customerId: 'target' }
  let first = null
  for (const { pointer, detail } of problem.errors ?? []) {
    const member = pointer.slice(1)
    const field = byId(fields[member] ?? member)
    const place = byId(`${field?.id}-problem`)
    if (!field || !place) continue
    place.textContent = sentence(detail)
    field.setAttribute('aria-invalid', 'true')
    field.closest('details')?.setAttribute('open', '')
    first ??= field
  }
  if (first) first.focus()
  else tell(problem.detail)
}

/** Says what is wrong where the user is: at the form that is shown, or above all while none is. */
function tell(text) {
  const form = ['key-form', 'test-form'].find((id) => !byId(id).hidden)
  const place = byId({ 'key-form': 'key-problem', 'test-form': 'form-problem' }[form] ?? 'status')
  place.textContent = text
  place.scrollIntoView({ block: 'nearest' })
}

/** A detail as a sentence of its own; a name or an address at its beginning stays as it is. */
const sentence = (text) =>
  text.replace(/^[a-z]+(?= )/, ([first, ...rest]) => first.toUpperCase() + rest.join('')) +
  (/[.!?]$/.test(text) ? '' : '.')

export function clearProblems() {
  for (const place of document.querySelectorAll('.problem')) place.textContent = ''
  for (const field of document.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
}

/** The session, line by line as it comes: each reply under its command, one connection after the other. */
export class Session {
  #list = byId('session')
  #items = []
  /** The first line of each connection, and the last answer to each line so far. */
  #first = new Map()
  #answer = new Map()

  constructor(verdict = null) {
    this.#list.replaceChildren()
    this.#list.className = `session ${verdict ?? ''}`
  }

  add({ from, line, connection, answers, key }) {
    const name = { client: 'kbd', server: 'samp' }[from]
    const item = element('li', name ? element(name, line) : `-- ${line}`, { className: from })
    if (key) {
      item.classList.add('key')
      item.append(element('span', ' (decides the verdict)', { className: 'unseen' }))
    }
    const above = answers === null ? null : (this.#answer.get(answers) ?? this.#items[answers])
    this.#list.insertBefore(item, above ? above.nextSibling : this.#startAfter(connection))
    this.#items.push(item)
    if (above) this.#answer.set(answers, item)
    if (!this.#first.has(connection)) this.#first.set(connection, item)
  }

  /** Where the connections after this one begin; null where there are none. */
  #startAfter(connection) {
    const later = [...this.#first.keys()].filter((other) => other > connection)
    return later.length === 0 ? null : this.#first.get(Math.min(...later))
  }
}

/** The attempts, the last word on each form. */
export function showAttempts(attempts) {
  const rows = attempts.map((attempt) => {
    const { form, control, mailFrom, rcptTo, outcome, refusal, evidence, why, reply } = attempt
    const reason = refusal ?? why ?? (outcome === 'accepted' && evidence !== 'none' ? evidence : null)
    const cell = (label, text) => element('td', text, { 'data-label': label })
    return element('tr', [
      element('th', control ? `${form} (control)` : form, { scope: 'row' }),
      cell('Outcome', reason ? `${outcome}: ${reason}` : outcome),
      cell('From', mailFrom === '' ? '<>' : (mailFrom ?? '')),
      cell('To', rcptTo ?? ''),
      cell('Reply', reply ? `${reply.code} ${reply.lines.join(' ')}` : ''),
    ])
  })
  byId('attempts').replaceChildren(...rows)
  byId('tried').hidden = rows.length === 0
}

const facts = (list, pairs) =>
  list.replaceChildren(
    ...pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => element('div', [element('dt', name), element('dd', String(value))])),
  )

let clock

/** Says what is waited for, with a button to leave it and the seconds, which no screen reader reads out; '' ends it. */
export function showProgress(text, leave = 'Stop') {
  clearInterval(clock)
  byId('status').textContent = text
  byId('elapsed').textContent = ''
  byId('stop').textContent = leave
  byId('stop').hidden = text === ''
  if (text === '') return
  const began = performance.now()
  clock = setInterval(() => {
    byId('elapsed').textContent = ` ${Math.floor((performance.now() - began) / 1000)} s`
  }, 1000)
}

/** What the banner and the tab of the browser say. */
function entitle(text) {
  byId('verdict').textContent = text
  document.title = `${text} · Relay Tests`
}

/** A test of which nothing is known but what it is called. */
export function showRunning(title) {
  byId('result').hidden = false
  byId('banner').className = 'card'
  entitle(title)
  byId('summary').textContent = ''
  facts(byId('facts'), [])
  byId('remedy').hidden = true
  byId('text').hidden = true
  for (const action of ['again', 'copy', 'permalink']) byId(action).hidden = true
  showAttempts([])
}

/** The session begins with the address. */
export function nameRunning(line) {
  const [, address] = /^connecting to (.+):\d+$/.exec(line) ?? []
  if (address) entitle(`Testing ${address}`)
}

export function showBroken() {
  entitle('The session broke off')
  byId('summary').textContent = 'What was heard until then stands below. It is no verdict.'
}

/** A whole result. */
export function showResult(test) {
  const literal = test.ip.includes(':') ? `[${test.ip}]` : test.ip
  const software = [test.server?.software?.name, test.server?.software?.version].filter(Boolean).join(' ')
  byId('result').hidden = false
  byId('banner').className = `card ${test.verdict}`
  entitle(`${test.verdict.toUpperCase()}: ${literal}:${test.port}`)
  byId('summary').textContent = test.summary ?? ''
  facts(byId('facts'), [
    ['Customer', test.customerId],
    ['Mail domain', test.domain],
    ['Reference', test.reference],
    ['Evidence', test.verdict === 'closed' ? null : test.evidence],
    ['Reason', test.reason],
    ['What it trusts', test.cause],
    ['Keep in mind', test.caveats.join(', ')],
    ['Test again in', test.retryAfter === null ? null : duration(test.retryAfter)],
    ['Server', software || test.server?.greeting],
    ['Suite', test.suite],
    ['Proof', test.proof],
    ['Tested from', [test.vantage.name, test.vantage.ip].filter(Boolean).join(', ')],
    ['Tested at', `${test.createdAt.slice(0, 19).replace('T', ' ')} UTC`],
    ['It took', test.durationMs === null ? null : `${(test.durationMs / 1000).toFixed(2)} s`],
    ['Changed later, at', test.amendedAt],
  ])
  for (const action of ['again', 'copy', 'permalink']) byId(action).hidden = false
  byId('permalink').setAttribute('href', `#/${test.id}`)
  byId('text').hidden = true
  showRemedy(test.remedy)
  showAttempts(test.attempts)
  const session = new Session(test.verdict)
  for (const line of test.transcript) session.add(line)
  if (test.truncated)
    session.add({ from: 'event', line: 'the rest of the session was left out', connection: Infinity, answers: null })
}

function showRemedy(remedy) {
  byId('remedy').hidden = remedy === null
  if (!remedy) return
  byId('remedy-title').textContent = remedy.title
  byId('remedy-steps').replaceChildren(...remedy.steps.map((step) => element('li', step)))
  byId('remedy-references').replaceChildren(...remedy.references.map((reference) => element('li', linkTo(reference))))
}

/** A reference is a link only where it is one to the web. */
function linkTo(reference) {
  if (!/^https?:\/\/\S+$/.test(reference)) return reference
  return element('a', reference, { href: reference, rel: 'noreferrer' })
}

/** Earlier tests of an address, the one that is shown left out. */
export function showEarlier(tests, ip, shownId) {
  const others = tests.filter(({ id }) => id !== shownId)
  byId('earlier').hidden = others.length === 0
  byId('earlier-title').textContent = `Earlier tests of ${ip}`
  byId('earlier-list').replaceChildren(
    ...others.map(({ id, createdAt, verdict, summary, reference }) => {
      const when = `${createdAt.slice(0, 16).replace('T', ' ')} UTC`
      const what = [verdict ?? 'running', reference, summary].filter(Boolean).join(' · ')
      return element('li', [element('a', when, { href: `#/${id}` }), ` ${what}`])
    }),
  )
}

/** What is left of the quotas. */
export function showQuotas(quotas) {
  byId('quotas').hidden = quotas.length === 0
  facts(
    byId('quotas-list'),
    quotas.map(({ counts, remaining, limit, resetSeconds }) => {
      const renewed = resetSeconds ? `, anew in ${duration(resetSeconds)}` : ''
      return [counts, `${remaining} of ${limit}${renewed}`]
    }),
  )
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** The addresses that a name leads to, each with a button or with the reason why there is none. */
export function showChoices({ name, mx, addresses, unanswered, truncated }, choose) {
  const some = addresses.length > 0
  const silent = unanswered.map((one) => `${one.name} (${one.type})`).join(', ')
  const takesNone = mx.some(({ host }) => host === '.')
  const hosts = mx.map(({ host }) => host).join(', ')
  const nothing = !some && !silent && !takesNone
  const titles = [
    [addresses.some(({ testable }) => testable), 'Which of these?'],
    [some, 'None of these can be tested'],
    [silent, 'No answer'],
    [takesNone, 'No mail server'],
    [true, 'No address'],
  ]
  const notes = [
    takesNone && `${name} takes no mail: its MX record says so.`,
    silent && `The name servers did not answer about ${silent}.`,
    silent && !some && 'Try again in a moment.',
    nothing &&
      (hosts ? `Mail for ${name} goes to ${hosts}: no address there.` : `${name} does not exist, or has no address.`),
    truncated && 'There is more than is shown.',
    some && `${name} leads to:`,
  ]
  byId('choices').hidden = false
  byId('choices-title').textContent = titles.find(([fits]) => fits)[1]
  byId('choices-note').textContent = notes.filter(Boolean).join(' ')
  byId('choices-list').replaceChildren(
    ...addresses.map((address) => {
      const { ip, host, preference, testable, customerId, problem } = address
      const where = [host, preference === null ? null : `MX ${preference}`, customerId].filter(Boolean).join(', ')
      if (!testable)
        return element('li', [element('strong', ip), where && ` ${where}`, ` – ${sentence(problem.detail)}`])
      const button = element('button', `Test ${ip}`, { type: 'button' })
      button.addEventListener('click', () => choose(address))
      return element('li', [button, where])
    }),
  )
  byId('choices-title').focus()
}
