/** One line of the session. `ms` counts from the start of the test, `connection` from 1. */
export interface TranscriptEntry {
  readonly ms: number
  readonly connection: number
  readonly from: 'client' | 'server' | 'event'
  readonly line: string
  /** Index of the client line that this server line answers. */
  readonly answers: number | null
}

/**
 * How many characters and lines of dialogue a transcript holds; a session within the rules of the probe stays below.
 */
const LIMIT = 64 * 1024
const LINES = 1_000

/** The session as it happens, over all connections of one test, bounded in size. */
export class Transcript {
  readonly entries: TranscriptEntry[] = []
  #size = 0
  #truncated = false
  readonly #startedAt = performance.now()
  readonly #added: (entry: TranscriptEntry) => void

  /** @param added told of every line as it is added */
  constructor(added: (entry: TranscriptEntry) => void = () => {}) {
    this.#added = added
  }

  /** Whether lines were left out because the limit was reached. */
  get truncated(): boolean {
    return this.#truncated
  }

  /** Adds a line and returns its index, or null where the transcript is full. */
  add(from: TranscriptEntry['from'], connection: number, line: string, answers: number | null = null): number | null {
    if (this.#truncated || this.#size + line.length > LIMIT || this.entries.length >= LINES) {
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
