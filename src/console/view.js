/** The parts of the page around a result. Text from outside becomes text nodes, so that no script gets in. */

export const byId = (id) => document.getElementById(id)

/** Makes an element with text or children. */
export function element(name, content = [], { className = '', ...attributes } = {}) {
  const made = document.createElement(name)
  made.append(...[content].flat())
  if (className) made.className = className
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  return made
}

/** Shows names and values in a list. Leaves out empty values. */
export const facts = (list, pairs) =>
  list.replaceChildren(
    ...pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => element('div', [element('dt', name), element('dd', String(value))])),
  )

/** Returns a detail as a sentence. A name or an address at its start keeps its case. */
export const sentence = (text) =>
  text.replace(/^[a-z]+(?= )/, ([first, ...rest]) => first.toUpperCase() + rest.join('')) +
  (/[.!?]$/.test(text) ? '' : '.')

/** Returns a time in seconds as text, for example `5 min`. */
export function duration(seconds) {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** Shows a problem beside each field that it points to, or at the form if it points to none. */
export function showProblem(problem) {
  clearProblems()
  const fields = { ip: 'target', customerId: 'target', knownMailbox: 'known-mailbox' }
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
  else showMessage(problem.detail)
}

/** Shows a message at the visible form, or above everything if no form is visible. */
function showMessage(text) {
  const form = ['key-form', 'test-form'].find((id) => !byId(id).hidden)
  const place = byId({ 'key-form': 'key-problem', 'test-form': 'form-problem' }[form] ?? 'status')
  place.textContent = text
  place.scrollIntoView({ block: 'nearest' })
}

/** Removes all messages about problems. */
export function clearProblems() {
  for (const place of document.querySelectorAll('.problem')) place.textContent = ''
  for (const field of document.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
}

let clock

/** Shows what the page waits for, a button to stop, and the seconds (not for screen readers). '' hides it. */
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

/** Lists earlier tests of an address, without the one on the page. */
export function showEarlier(tests, ip, shownId) {
  const others = tests.filter(({ id }) => id !== shownId)
  byId('earlier').hidden = others.length === 0
  byId('earlier-title').textContent = `Earlier tests of ${ip}`
  byId('earlier-list').replaceChildren(
    ...others.map(({ id, createdAt, port, verdict, summary, reference }) => {
      const when = `${createdAt.slice(0, 16).replace('T', ' ')} UTC`
      const what = [verdict ?? 'running', `port ${port}`, reference, summary].filter(Boolean).join(' · ')
      return element('li', [element('a', when, { href: `#/${id}` }), ` ${what}`])
    }),
  )
}

/** Shows what is left of each quota. */
export function showQuotas(quotas) {
  byId('quotas').hidden = quotas.length === 0
  facts(
    byId('quotas-list'),
    quotas.map(({ counts, remaining, limit, resetSeconds }) => {
      const reset = resetSeconds ? `, resets in ${duration(resetSeconds)}` : ''
      return [counts, `${remaining} of ${limit}${reset}`]
    }),
  )
}
