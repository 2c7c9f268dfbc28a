/** The addresses of a name, to test all of them or one. */
import type { AddressList } from '../contract/scope.ts'
import { h } from './preact.js'
import { sentence } from './problem.ts'
import { runAll } from './several.ts'
import type { StartableTest } from './state.ts'
import { run, whileBusy } from './testing.ts'

/** Returns the title of the list, and what to say above it. */
function wordsFor({ name, mx, addresses, unanswered, truncated }: AddressList): { title: string; note: string } {
  const some = addresses.length > 0
  const silent = unanswered.map((one) => `${one.name} (${one.type})`).join(', ')
  const takesNone = mx.some(({ host }) => host === '.')
  const hosts = mx.map(({ host }) => host).join(', ')
  const nothing = !some && !silent && !takesNone
  const titles: readonly (readonly [boolean, string])[] = [
    [addresses.some(({ testable }) => testable), 'Which address?'],
    [some, 'None of these addresses can be tested'],
    [silent !== '', 'No answer'],
    [takesNone, 'No mail server'],
  ]
  const notes = [
    takesNone && `${name} accepts no mail: its MX record says so.`,
    silent && `The name servers did not answer for ${silent}.`,
    silent && !some && 'Try again in a moment.',
    nothing && hosts && `Mail for ${name} goes to ${hosts}, which has no address.`,
    nothing && !hosts && `${name} does not exist, or has no address.`,
    truncated && 'Some addresses are not shown.',
    some && `${name} has these addresses:`,
  ]
  return { title: titles.find(([fits]) => fits)?.[1] ?? 'No address', note: notes.filter(Boolean).join(' ') }
}

/** The list. `requests` has the test of each address that can be tested. */
export function Choices({ found, requests }: { found: AddressList; requests: readonly StartableTest[] }) {
  const { title, note } = wordsFor(found)
  return (
    <section id="choices" class="card" aria-labelledby="choices-title">
      <h2 id="choices-title" tabIndex={-1}>
        {title}
      </h2>
      <p id="choices-note">{note}</p>
      {requests.length > 1 && (
        <p>
          <button
            type="button"
            id="all"
            class="main"
            onClick={() => void whileBusy((signal) => runAll(found.name, requests, signal))}
          >
            Test all {requests.length} addresses
          </button>
        </p>
      )}
      <ul id="choices-list" class="addresses">
        {found.addresses.map((address) => (
          <Choice key={`${address.host} ${address.ip}`} of={address} requests={requests} />
        ))}
      </ul>
    </section>
  )
}

function Choice({ of, requests }: { of: AddressList['addresses'][number]; requests: readonly StartableTest[] }) {
  const { ip, host, preference, customerId, problem } = of
  const where = [host, preference === null ? null : `MX ${preference}`, customerId].filter(Boolean).join(', ')
  const wanted = requests.find(({ body }) => body.ip === ip)
  if (!wanted) {
    return (
      <li>
        <strong>{ip}</strong> {where} {problem && `– ${sentence(problem.detail)}`}
      </li>
    )
  }
  return (
    <li>
      <button type="button" onClick={() => void whileBusy((signal) => run(wanted.body, signal))}>
        Test {ip}
      </button>{' '}
      {where}
    </li>
  )
}
