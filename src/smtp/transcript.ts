/** Records what a test and a server said to each other, without the secrets of its messages. */
import { Withheld } from './withheld.ts'

/** One line of the transcript. `ms` counts from the start of the test, and `connection` from 1. */
export interface TranscriptEntry {
  readonly ms: number
  readonly connection: number
  readonly from: 'client' | 'server' | 'event'
  readonly line: string
  /** The index of the client line that this server line answers, or null. */
  readonly answers: number | null
}

/** The transcript so far of a test that goes on later. `ms` is how long ago the test started. */
export interface SessionSoFar {
  readonly entries: readonly TranscriptEntry[]
  readonly truncated: boolean
  readonly ms: number
}

const NOTHING_YET: SessionSoFar = { entries: [], truncated: false, ms: 0 }

/** The most characters and lines of one visit. A visit that follows the rules of the probe stays below. */
const LIMIT = 64 * 1024
const LINES = 1_000

/** The transcript of one test, over all its connections, limited in size. */
export class Transcript {
  readonly entries: TranscriptEntry[]
  #size = 0
  #truncated = false
  readonly #before: SessionSoFar
  readonly #startedAt: number
  readonly #added: (entry: TranscriptEntry) => void
  /** The secrets that no line shows. */
  readonly withheld: Withheld

  /**
   * @param added called with every line that is added
   * @param before the transcript so far, if this one continues it
   */
  constructor(added: (entry: TranscriptEntry) => void = () => {}, withheld = new Withheld(), before = NOTHING_YET) {
    this.#added = added
    this.withheld = withheld
    this.entries = [...before.entries]
    this.#before = before
    this.#startedAt = performance.now() - before.ms
  }

  /** Whether lines are missing because the limit was reached. */
  get truncated(): boolean {
    return this.#truncated || this.#before.truncated
  }

  /** Adds a line without its secrets, and returns its index, or null if the transcript is full. */
  add(from: TranscriptEntry['from'], connection: number, text: string, answers: number | null = null): number | null {
    const line = this.withheld.mask(text)
    if (
      this.#truncated ||
      this.#size + line.length > LIMIT ||
      this.entries.length >= this.#before.entries.length + LINES
    ) {
      this.#truncated = true
      return null
    }
    this.#size += line.length
    const ms = Math.round(performance.now() - this.#startedAt)
    const entry = { ms, connection, from, line, answers }
    const index = this.entries.push(entry) - 1
    this.#added(entry)
    return index
  }
}
