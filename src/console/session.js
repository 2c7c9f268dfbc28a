/** The SMTP session and the table of attempts, as the page shows them. */
import { byId, element } from './view.js'

/** The session, line by line as it arrives: each reply under its command, one connection after the other. */
export class Session {
  #list = byId('session')
  #items = []
  /** The first line of each connection, and the last reply to each line so far. */
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

  /** Returns the first line of the next connection, or null if there is none. */
  #startAfter(connection) {
    const later = [...this.#first.keys()].filter((other) => other > connection)
    return later.length === 0 ? null : this.#first.get(Math.min(...later))
  }
}

/** Shows the attempts, the latest state of each form. */
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
