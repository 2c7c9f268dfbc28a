/** Follows tests: their events until the verdict, and the later visits. */
import type { RelayTest, RelayTestList } from '../contract/relay-test.ts'
import { ApiError, eventsOf, followTest, getJson, quotasIn, request } from './api.ts'
import { after, beginning, type Live } from './live.ts'
import { showQuotasLeft } from './problem.ts'
import { change } from './state.ts'

/** Shows the events of a test until its result, then earlier tests, quotas and follow-ups. */
export async function follow(response: Response, title: string, signal: AbortSignal): Promise<void> {
  const live = await untilVerdict(response, beginning(title, Date.now()), signal, (now) =>
    change({ screen: { is: 'running', live: now } }),
  )
  if (!live.test) {
    change({ screen: { is: 'broken', live } })
    throw new ApiError({ status: 0, detail: 'The connection was lost before the verdict.' })
  }
  await showResult(live.test, signal)
  const limits = await request('/limits', { signal })
  showQuotasLeft(new Map([...quotasIn(response), ...quotasIn(limits)]))
  await showFollowUps(live.test, signal)
}

/** Reads the events of a test. `show` gets the test after each. Returns it as it is at the end of the stream. */
export async function untilVerdict(
  response: Response,
  begun: Live,
  signal: AbortSignal,
  show: (live: Live) => void,
): Promise<Live> {
  let live = begun
  show(live)
  for await (const event of eventsOf(response)) {
    // Several events may have arrived together before the user did something else.
    signal.throwIfAborted()
    live = after(live, event, Date.now())
    if (live.test) break
    show(live)
  }
  return live
}

/** Shows a result, with the earlier tests of its address. */
async function showResult(test: RelayTest, signal: AbortSignal): Promise<void> {
  change({ busy: null, screen: { is: 'result', test, earlier: [] } })
  const { relayTests } = await getJson<RelayTestList>(`/relay-tests?ip=${encodeURIComponent(test.ip)}`, signal)
  change({ screen: { is: 'result', test, earlier: relayTests.filter(({ id }) => id !== test.id) } })
}

/** The pause before the page follows a test again after a broken stream, in milliseconds. */
const AGAIN_MS = 5_000

/** Shows each later result, until no follow-up is left. */
async function showFollowUps(test: RelayTest, signal: AbortSignal): Promise<void> {
  for (let known = test; known.followUpAt !== null; await pause(AGAIN_MS)) {
    for await (const { event, data } of eventsOf(await followTest(test.id, signal, true))) {
      signal.throwIfAborted()
      if (event !== 'verdict' || JSON.stringify(data) === JSON.stringify(known)) continue
      known = data
      await showResult(data, signal)
      change({ said: `The service has asked again: ${data.verdict}.` })
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
