/** The addresses of a name, from which the user chooses one to test. */
import { byId, element, sentence } from './view.js'

/** Lists the addresses of a name, each with a button or with the reason why it cannot be tested. */
export function showChoices({ name, mx, addresses, unanswered, truncated }, choose) {
  const some = addresses.length > 0
  const silent = unanswered.map((one) => `${one.name} (${one.type})`).join(', ')
  const takesNone = mx.some(({ host }) => host === '.')
  const hosts = mx.map(({ host }) => host).join(', ')
  const nothing = !some && !silent && !takesNone
  const titles = [
    [addresses.some(({ testable }) => testable), 'Which address?'],
    [some, 'None of these addresses can be tested'],
    [silent, 'No answer'],
    [takesNone, 'No mail server'],
    [true, 'No address'],
  ]
  const notes = [
    takesNone && `${name} accepts no mail: its MX record says so.`,
    silent && `The name servers did not answer for ${silent}.`,
    silent && !some && 'Try again in a moment.',
    nothing &&
      (hosts
        ? `Mail for ${name} goes to ${hosts}, which has no address.`
        : `${name} does not exist, or has no address.`),
    truncated && 'Some addresses are not shown.',
    some && `${name} has these addresses:`,
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
