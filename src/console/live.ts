/** Keeps what is known of a test while it runs, event by event. */
import type { RelayTestEvent, TestPhase } from '../contract/events.ts'
import type { AttemptView, RelayTest, TranscriptLine } from '../contract/relay-test.ts'

/** A test that runs, as far as it is known. Times are milliseconds since 1970. */
export interface Live {
  readonly title: string
  /** The address under test; null until its first line names it. */
  readonly target: string | null
  /** The place of the test among those that wait; null if it does not wait. */
  readonly position: number | null
  readonly phase: TestPhase | null
  readonly phaseSince: number
  readonly began: number
  readonly lines: readonly TranscriptLine[]
  readonly attempts: readonly AttemptView[]
  /** The result, once there is one. */
  readonly test: RelayTest | null
}

/** Returns a test that has only just started. */
export const beginning = (title: string, now: number): Live => ({
  title,
  target: null,
  position: null,
  phase: null,
  phaseSince: now,
  began: now,
  lines: [],
  attempts: [],
  test: null,
})

/** Returns a test after its next event. */
export function after(live: Live, { event, data }: RelayTestEvent, now: number): Live {
  switch (event) {
    case 'waiting':
      return { ...live, position: data.position }
    case 'phase':
      return { ...live, phase: data, phaseSince: live.phase?.name === data.name ? live.phaseSince : now }
    case 'line': {
      const target = live.target ?? /^connecting to (.+):\d+/.exec(data.line)?.[1] ?? null
      return { ...live, target, position: null, lines: [...live.lines, data] }
    }
    case 'attempt': {
      const others = live.attempts.filter(({ form, vantage }) => form !== data.form || vantage !== data.vantage)
      return { ...live, position: null, attempts: [...others, data] }
    }
    case 'verdict':
      return { ...live, position: null, test: data }
  }
}
