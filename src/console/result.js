/** The banner, the facts and the steps of one test, while it runs and when it is finished. */
import { Session, showAttempts } from './session.js'
import { byId, duration, element, facts } from './view.js'

/** Sets the title of the banner and of the browser tab. */
function setTitle(text) {
  byId('verdict').textContent = text
  document.title = `${text} · Relay Tests`
}

/** Shows a test that has only just started. */
export function showRunning(title) {
  byId('result').hidden = false
  byId('banner').className = 'card'
  setTitle(title)
  byId('summary').textContent = ''
  facts(byId('facts'), [])
  byId('remedy').hidden = true
  for (const section of ['also', 'others']) byId(section).hidden = true
  byId('text').hidden = true
  for (const action of ['again', 'copy', 'permalink']) byId(action).hidden = true
  showAttempts([])
}

/** Takes the address for the title from the first line of the session. */
export function nameRunning(line) {
  const [, address] = /^connecting to (.+):\d+$/.exec(line) ?? []
  if (address) setTitle(`Testing ${address}`)
}

/** Shows that the stream ended before the verdict. */
export function showBroken() {
  setTitle('The connection was lost')
  byId('summary').textContent = 'The part of the session that arrived is below. It is not a verdict.'
}

/** Shows a finished test. */
export function showResult(test) {
  const literal = test.ip.includes(':') ? `[${test.ip}]` : test.ip
  const software = [test.server?.software?.name, test.server?.software?.version].filter(Boolean).join(' ')
  byId('result').hidden = false
  byId('banner').className = `card ${test.verdict}`
  setTitle(`${test.verdict.toUpperCase()}: ${literal}:${test.port}`)
  byId('summary').textContent = test.summary ?? ''
  facts(byId('facts'), [
    ['Customer', test.customerId],
    ['Mail domain', test.domain],
    ['Known mailbox', test.knownMailbox],
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
    ['The server sees us as', test.server?.seesUsAs],
    ['Duration', test.durationMs === null ? null : `${(test.durationMs / 1000).toFixed(2)} s`],
    ['Changed at', test.amendedAt],
  ])
  for (const action of ['again', 'copy', 'permalink']) byId(action).hidden = false
  byId('permalink').setAttribute('href', `#/${test.id}`)
  byId('text').hidden = true
  showRemedy(test.remedy)
  showAlso(test)
  showAttempts(test.attempts)
  const session = new Session(test.verdict)
  for (const line of test.transcript) session.add(line)
  if (test.truncated)
    session.add({ from: 'event', line: 'the rest of the session was left out', connection: Infinity, answers: null })
}

/** Shows the steps to fix the server, or to get an answer. */
function showRemedy(remedy) {
  byId('remedy').hidden = remedy === null
  if (!remedy) return
  byId('remedy-title').textContent = remedy.title
  byId('remedy-steps').replaceChildren(...items(remedy.steps))
  byId('remedy-references').replaceChildren(...items(remedy.references.map(linkTo)))
}

/** Shows what else was found, and the other addresses of the server. */
function showAlso({ findings, related }) {
  byId('also').hidden = findings.length === 0
  byId('findings').replaceChildren(
    ...findings.map(({ says, steps, references }) =>
      element('li', [element('p', says), element('ol', items(steps)), element('ul', items(references.map(linkTo)))]),
    ),
  )
  byId('others').hidden = related.length === 0
  byId('related').replaceChildren(...related.map(relatedAddress))
}

/** Returns an address with its last verdict, and a button that puts it into the form. */
function relatedAddress({ ip, port, lastVerdict, lastAt }) {
  const button = element('button', ip, { type: 'button', 'aria-label': `Fill in ${ip}` })
  button.addEventListener('click', () => {
    byId('target').value = ip
    byId('port').value = String(port)
    byId('target').focus()
  })
  const last = lastVerdict && lastAt ? `${lastVerdict} at ${lastAt.slice(0, 16).replace('T', ' ')} UTC` : 'not tested'
  return element('li', [button, ` ${last}`])
}

/** Returns the items of a list. */
const items = (contents) => contents.map((content) => element('li', content))

/** Returns a link for a web address. Other references stay text. */
function linkTo(reference) {
  if (!/^https?:\/\/\S+$/.test(reference)) return reference
  return element('a', reference, { href: reference, rel: 'noreferrer' })
}
