import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RelayTestEvent } from '../contract/events.ts'
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'

/** A test that runs here, for any number of followers: each hears everything from the beginning, however late it comes. */
export class LiveTest {
  readonly #events: RelayTestEvent[] = []
  readonly #attempts = new Map<string, AttemptView>()
  readonly #waiting = new Set<() => void>()
  #over = false

  /** Tells those who follow, and nothing of an attempt twice. It waits for nobody: who reads slowly reads later. */
  tell(event: RelayTestEvent): void {
    if (event.event === 'attempt') {
      const { data } = event
      if (isDeepStrictEqual(this.#attempts.get(data.form), data)) return
      this.#attempts.set(data.form, data)
    }
    this.#events.push(event)
    this.#wake()
  }

  /** The result is there, or null where the test failed and there is none to tell. */
  end(result: RelayTest | null): void {
    if (result) for (const event of outcomeOf(result)) this.tell(event)
    this.#over = true
    this.#wake()
  }

  /** Everything that happens, until the end of the test or of `stop`. */
  async *follow(stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
    for (let next = 0; ; ) {
      // More may come while what has come is read.
      for (; next < this.#events.length; next += 1) {
        const event = this.#events[next]
        if (event) yield event
      }
      if (this.#over || stop.aborted) return
      await this.#more(stop)
    }
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

/** A finished test once more, as those heard it who followed it; with the deciding lines, which they learnt at the end. */
export function* replay(result: RelayTest): Generator<RelayTestEvent> {
  for (const [index, line] of result.transcript.entries()) yield { event: 'line', data: { ...line, index } }
  yield* outcomeOf(result)
}

function* outcomeOf(result: RelayTest): Generator<RelayTestEvent> {
  for (const attempt of result.attempts) yield { event: 'attempt', data: attempt }
  yield { event: 'verdict', data: result }
}

/** How often a test that another replica runs is looked at, in milliseconds. */
const LOOK_MS = 1_000

/** A test that another replica runs: its lines are not to be had here, so it is told when it is finished. */
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
