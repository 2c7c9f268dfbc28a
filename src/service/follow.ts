import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RelayTestEvent } from '../contract/events.ts'
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import type { Assessed } from '../relay/assess.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'
import { viewOf } from './result.ts'

/** Something that happens in a test: a line of its session, or an attempt as it stands from now on. */
type Happening = TranscriptEntry | Assessed

/**
 * A test that runs here, for any number of followers: each hears everything from the beginning, however late it comes. What
 * happens is only noted; who follows makes events of it, since hardly any test is followed.
 */
export class LiveTest {
  readonly #happened: Happening[] = []
  readonly #waiting = new Set<() => void>()
  #over = false
  #result: RelayTest | null = null

  /** Waits for nobody: who reads slowly reads later. */
  tell(happening: Happening): void {
    this.#happened.push(happening)
    this.#wake()
  }

  /** The result is there, or null where the test failed and there is none to tell. */
  end(result: RelayTest | null): void {
    this.#result = result
    this.#over = true
    this.#wake()
  }

  /** Everything that happens, and nothing of an attempt twice, until the end of the test or of `stop`. */
  async *follow(stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
    const isNews = newsAlone()
    let lines = 0
    for (let next = 0; ; ) {
      // More may come while what has come is read.
      for (; next < this.#happened.length; next += 1) {
        const happening = this.#happened[next]
        if (!happening) continue
        const event = eventOf(happening, lines)
        if (event.event === 'line') lines += 1
        if (isNews(event)) yield event
      }
      if (this.#over || stop.aborted) break
      await this.#more(stop)
    }
    if (this.#over && this.#result) for (const event of outcomeOf(this.#result)) if (isNews(event)) yield event
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

/** Tells whether an event says more than those before it did. */
function newsAlone(): (event: RelayTestEvent) => boolean {
  const attempts = new Map<string, AttemptView>()
  return ({ event, data }) => {
    if (event !== 'attempt') return true
    const isNews = !isDeepStrictEqual(attempts.get(data.form), data)
    attempts.set(data.form, data)
    return isNews
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
