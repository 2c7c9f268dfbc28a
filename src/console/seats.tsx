/** Several addresses side by side: one row for each host, IPv4 on the left and IPv6 on the right. */
import type { Verdict } from '../contract/words.ts'
import { Icon, Wrapped } from './parts.tsx'
import { h } from './preact.js'
import { doing } from './running.tsx'
import type { Seat } from './state.ts'
import { VERDICTS } from './words.ts'

/** Returns the worst verdict so far; null while none is known. */
function worstOf(seats: readonly Seat[]): Verdict | null {
  const all = seats.flatMap(({ live }) => live.test?.verdict ?? [])
  const order: readonly Verdict[] = ['open', 'inconclusive', 'closed']
  return order.find((verdict) => all.includes(verdict)) ?? null
}

/** Returns what is known of all addresses, in one sentence. */
function sentenceFor(seats: readonly Seat[]): string {
  const count = (verdict: Verdict) => seats.filter(({ live }) => live.test?.verdict === verdict).length
  const parts = [
    [count('open'), 'open'],
    [count('inconclusive'), 'without a clear answer'],
    [count('closed'), 'closed'],
    [seats.filter(({ live, problem }) => !live.test && problem === null).length, 'still to come'],
    [seats.filter(({ problem }) => problem !== null).length, 'not tested'],
  ] as const
  return `${parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${number} ${words}`)
    .join(', ')}.`
}

/** The tests of several addresses. */
export function Seats({ name, seats }: { name: string | null; seats: readonly Seat[] }) {
  const hosts = [...new Set(seats.map(({ host }) => host))]
  const worst = worstOf(seats)
  const shown = worst === 'closed' && seats.some(({ live }) => !live.test) ? null : worst
  return (
    <article id="several" aria-labelledby="verdict">
      <section class={`band ${shown ?? 'running'}`}>
        <h2 id="verdict" tabIndex={-1}>
          <Icon of={shown ?? 'running'} /> {name ?? `${seats.length} addresses`}
        </h2>
        <p class="read">{sentenceFor(seats)}</p>
      </section>
      <table class="seats">
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">IPv4</th>
            <th scope="col">IPv6</th>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <tr key={host}>
              <th scope="row">
                <Wrapped of={host ?? name ?? 'Address'} />
              </th>
              {[false, true].map((isIPv6) => (
                <td key={String(isIPv6)}>
                  {seats
                    .filter((seat) => seat.host === host && seat.ip.includes(':') === isIPv6)
                    .map((seat) => (
                      <SeatView key={seat.id ?? seat.ip} seat={seat} />
                    ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  )
}

function SeatView({ seat: { ip, live, problem } }: { seat: Seat }) {
  const { test } = live
  if (problem !== null) {
    return (
      <div class="seat running">
        <b>{ip}</b>
        <p>{problem}</p>
      </div>
    )
  }
  if (!test?.verdict) {
    return (
      <div class="seat running">
        <Icon of="running" /> <b>{live.target ?? ip}</b>
        <p>{doing(live)}</p>
      </div>
    )
  }
  return (
    <a class={`seat ${test.verdict}`} href={`#/${test.id}`}>
      <Icon of={test.verdict} /> <b>{VERDICTS[test.verdict].word}</b>
      <span class="where">{ip}</span>
      <p>{test.summary}</p>
    </a>
  )
}
