/** Follows a test: the lines of its session and its attempts as they come, then its verdict. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RelayTestEvent } from '../contract/events.ts'
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import type { Assessed } from '../relay/assess.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'
import { viewOf } from './views.ts'

/** Something that happens in a test: a line of its session, or the newest state of an attempt. */
type Happening = TranscriptEntry | Assessed

/**
 * A test that runs in this replica. Each follower gets everything from the beginning, however late it comes. Events are
 * made only when a follower reads them, because few tests have one.
 */
export class LiveTest {
  readonly #happened: Happening[] = []
  readonly #waiting = new Set<() => void>()
  #over = false
  #result: RelayTest | null = null

  /** Adds what has happened. Does not wait for followers: a slow one reads later. */
  tell(happening: Happening): void {
    this.#happened.push(happening)
    this.#wake()
  }

  /** Ends the test with its result, or with null if the service failed and there is none. */
  end(result: RelayTest | null): void {
    this.#result = result
    this.#over = true
    this.#wake()
  }

  /** Yields all events until the test ends or `stop` is aborted. The same state of an attempt comes only once. */
  async *follow(stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
    const isNew = newEvents()
    let lines = 0
    for (let next = 0; ; ) {
      // More may come while these are read.
      for (; next < this.#happened.length; next += 1) {
        const happening = this.#happened[next]
        if (!happening) continue
        const event = eventOf(happening, lines)
        if (event.event === 'line') lines += 1
        if (isNew(event)) yield event
      }
      if (this.#over || stop.aborted) break
      await this.#more(stop)
    }
    if (this.#over && this.#result) for (const event of outcomeOf(this.#result)) if (isNew(event)) yield event
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

function eventOf(happening: Happening, lines: number): RelayTestEvent {
  if ('attempt' in happening) return { event: 'attempt', data: viewOf(happening) }
  return { event: 'line', data: { ...happening, index: lines, key: false } }
}

/** Returns a function that tells whether an event says more than the events before it. */
function newEvents(): (event: RelayTestEvent) => boolean {
  const attempts = new Map<string, AttemptView>()
  return ({ event, data }) => {
    if (event !== 'attempt') return true
    const isNew = !isDeepStrictEqual(attempts.get(data.form), data)
    attempts.set(data.form, data)
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

/** How often a test that another replica runs is read from the store, in milliseconds. */
const LOOK_MS = 1_000

/** Yields the events of a test that another replica runs. They all come at its end: its lines are not in the store. */
export async function* followElsewhere(
  look: () => Promise<RelayTest | null>,
  stop: AbortSignal,
): AsyncGenerator<RelayTestEvent> {
  while (!stop.aborted) {
    const result = await look()
    if (!result) return
    if (result.status === 'finished') return yield* replay(result)
    await sleep(LOOK_MS, null, { signal: stop }).catch(() => {})
  }
}
