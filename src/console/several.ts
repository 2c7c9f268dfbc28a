/** Tests several addresses in one go: those of a domain, or those that a link names. */
import { ApiError, createTest, followTest, quotasIn, testIdOf } from './api.ts'
import { untilVerdict } from './follow.ts'
import { beginning } from './live.ts'
import { showQuotasLeft } from './problem.ts'
import { change, type Seat, type StartableTest, state } from './state.ts'
import { nameInAddress } from './testing.ts'

/** The most tests at once from one page. The key may allow fewer. */
const AT_ONCE = 4

/** Tests all addresses, a few at a time. The address of the page then names all tests. */
export async function runAll(name: string, wanted: readonly StartableTest[], signal: AbortSignal): Promise<void> {
  const seatFor = ({ host, body }: StartableTest) => ({
    ...emptySeat(body.ip),
    host,
    open: () => createTest(body, signal),
  })
  await fill(name, wanted.map(seatFor), signal)
  const ids = seats().flatMap(({ id }) => id ?? [])
  if (ids.length > 0) nameInAddress(ids)
}

/** Shows several existing tests, finished or running. */
export const joinAll = (ids: readonly string[], signal: AbortSignal): Promise<void> =>
  fill(
    null,
    ids.map((id) => ({ ...emptySeat(''), id, open: () => followTest(id, signal) })),
    signal,
  )

/** A seat whose stream of events can be opened. */
type Opening = Seat & { open(): Promise<Response> }

const emptySeat = (ip: string): Seat => ({
  ip,
  host: null,
  id: null,
  live: beginning(`Testing ${ip}`, Date.now()),
  problem: null,
})

const seats = (): readonly Seat[] => {
  const { screen } = state()
  return screen.is === 'several' ? screen.seats : []
}

/** Opens the stream of each seat and shows its events. */
async function fill(name: string | null, opened: readonly Opening[], signal: AbortSignal): Promise<void> {
  const show = (at: number, parts: Partial<Seat>) => {
    const { screen } = state()
    if (screen.is !== 'several') return
    const next = screen.seats.map((seat, index) => (index === at ? { ...seat, ...parts } : seat))
    change({ screen: { ...screen, seats: next } })
  }
  change({
    screen: { is: 'several', name, seats: opened.map(({ open: _, ...seat }) => seat) },
    busy: { says: `Testing ${opened.length} addresses`, leave: 'Stop' },
  })
  const rest = [...opened.entries()]
  const work = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      const [at, { open, live }] = next
      try {
        const response = await open()
        const id = testIdOf(response)
        if (id !== null) show(at, { id })
        showQuotasLeft(quotasIn(response))
        const ended = await untilVerdict(response, live, signal, (now) => show(at, { live: now }))
        const problem = ended.test ? null : 'The connection was lost before the verdict.'
        show(at, { live: ended, problem, ...(ended.test && { ip: ended.test.ip }) })
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        show(at, { problem: error.message })
      }
    }
  }
  const atOnce = Math.min(AT_ONCE, state().limits?.concurrentTests ?? 1)
  await Promise.all(Array.from({ length: atOnce }, work))
  change({ busy: null })
}
