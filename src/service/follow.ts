/** Follows a test: the lines of its session and its attempts as they come, then its verdict. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RelayTestEvent } from '../contract/events.ts'
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import { type PhasePlan, phasesOf, type TestProgress } from './phases.ts'
import { attemptView } from './views.ts'

/**
 * A test that runs in this replica. Each follower gets everything from the beginning, however late it comes. Events are
 * made only when a follower reads them, because few tests have one.
 */
export class LiveTest {
  readonly #happened: TestProgress[] = []
  readonly #waiting = new Set<() => void>()
  /** The second vantage, and the index of the first event that belongs to it. Null while there is only one vantage. */
  #moved: { readonly vantage: string; readonly from: number } | null = null
  #over = false
  #result: RelayTest | null = null
  readonly #plan: PhasePlan

  constructor(plan: PhasePlan) {
    this.#plan = plan
  }

  /** Adds what has happened. Does not wait for followers: a slow one reads later. */
  tell(progress: TestProgress): void {
    this.#happened.push(progress)
    this.#wake()
  }

  /** Notes that everything from now on belongs to a second vantage. */
  moveTo(vantage: string): void {
    this.#moved = { vantage, from: this.#happened.length }
  }

  /** Ends the test with its result, or with null if the service failed and there is none. */
  end(result: RelayTest | null): void {
    this.#result = result
    this.#over = true
    this.#wake()
  }

  /** Returns the lines and the newest state of each attempt so far, as a result shows them. */
  soFar(): Pick<RelayTest, 'attempts' | 'transcript'> {
    const transcript: RelayTest['transcript'] = []
    const attempts = new Map<string, AttemptView>()
    for (const [at, progress] of this.#happened.entries()) {
      const event = eventOf(progress, transcript.length, this.#vantageAt(at))
      if (event?.event === 'attempt') attempts.set(`${event.data.form} ${event.data.vantage}`, event.data)
      else if (event?.event === 'line') {
        const { index: _index, ...line } = event.data
        transcript.push(line)
      }
    }
    return { attempts: [...attempts.values()], transcript }
  }

  /** Yields all events until the test ends or `stop` is aborted. The same state of an attempt comes only once. */
  async *follow(stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
    const isNew = newEvents()
    const phaseAfter = phasesOf(this.#plan)
    let lines = 0
    for (let next = 0; ; ) {
      // More may come while these are read.
      for (; next < this.#happened.length; next += 1) {
        const progress = this.#happened[next]
        if (!progress) continue
        const event = eventOf(progress, lines, this.#vantageAt(next))
        if (event?.event === 'line') lines += 1
        if (event && isNew(event)) yield event
        const phase = phaseAfter(progress)
        if (phase) yield { event: 'phase', data: phase }
      }
      if (this.#over || stop.aborted) break
      await this.#more(stop)
    }
    if (this.#over && this.#result) for (const event of outcomeOf(this.#result)) if (isNew(event)) yield event
  }

  #vantageAt(index: number): string | null {
    return this.#moved !== null && index >= this.#moved.from ? this.#moved.vantage : null
  }

  #more(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        stop.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      stop.addEventListener('abort', wake)
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

function eventOf(progress: TestProgress, lines: number, vantage: string | null): RelayTestEvent | null {
  if (progress === 'connected') return null
  if ('attempt' in progress) return { event: 'attempt', data: attemptView(progress, vantage) }
  return { event: 'line', data: { ...progress, index: lines, key: false, vantage } }
}

/** Returns a function that tells whether an event says more than the events before it. */
function newEvents(): (event: RelayTestEvent) => boolean {
  const attempts = new Map<string, AttemptView>()
  return ({ event, data }) => {
    if (event !== 'attempt') return true
    const key = `${data.form} ${data.vantage}`
    const isNew = !isDeepStrictEqual(attempts.get(key), data)
    attempts.set(key, data)
    return isNew
  }
}

/** Yields the events of a finished test. Its lines already say which of them decided. */
export function* replay(result: RelayTest): Generator<RelayTestEvent> {
  for (const [index, line] of result.transcript.entries()) yield { event: 'line', data: { ...line, index } }
  yield* outcomeOf(result)
}

function* outcomeOf(result: RelayTest): Generator<RelayTestEvent> {
  for (const attempt of result.attempts) yield { event: 'attempt', data: attempt }
  yield { event: 'verdict', data: result }
}

/** How often a test that waits, or that another replica runs, is read from the store, in milliseconds. */
const LOOK_MS = 1_000

/** Finds a test that does not run in this replica yet. */
export interface Search {
  /** Returns the test if it runs in this replica. */
  live(): LiveTest | null
  look(): Promise<RelayTest | null>
}

/**
 * Yields the events of a test that waits, or that another replica runs. If another replica runs it, they all come at
 * its end: its lines are not in the store.
 */
export async function* followElsewhere({ live, look }: Search, stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
  let last: number | null = null
  while (!stop.aborted) {
    const here = live()
    if (here) return yield* here.follow(stop)
    const result = await look()
    if (!result) return
    if (result.status === 'finished') return yield* replay(result)
    const { position } = result
    if (position !== null && position !== last) yield { event: 'waiting', data: { position } }
    last = position
    await sleep(LOOK_MS, null, { signal: stop }).catch(() => {})
  }
}

/** Yields the result of a finished test each time that it changes, until no follow-up is left. */
export async function* amendedLater(
  look: () => Promise<RelayTest | null>,
  stop: AbortSignal,
): AsyncGenerator<RelayTestEvent> {
  for (let known = await look(); known?.followUpAt && !stop.aborted; ) {
    await sleep(LOOK_MS, null, { signal: stop }).catch(() => {})
    const now = await look()
    if (!now || isDeepStrictEqual(now, known)) continue
    yield { event: 'verdict', data: now }
    known = now
  }
}
