/** Shows on a terminal how many targets of a file are tested, in one line that is drawn again and again. */
import type { Ending } from './ending.ts'

const WIDTH = 24

/** Returns how many tests ended in which way, for example `1 open, 2 closed, 0 inconclusive, 0 error`. */
export const countsOf = (endings: readonly Ending[]): string =>
  (['open', 'closed', 'inconclusive', 'error'] as const)
    .map((ending) => `${endings.filter((one) => one === ending).length} ${ending}`)
    .join(', ')

/** The progress line. It is written only to a terminal. */
export class Progress {
  readonly endings: Ending[] = []
  readonly #stream: NodeJS.WriteStream
  readonly #total: number
  #waiting = 0

  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#stream = stream
    this.#total = total
    this.#draw()
  }

  ended(ending: Ending): void {
    this.endings.push(ending)
    this.#draw()
  }

  /** Sets the number of targets that may not be tested yet. */
  waiting(count: number): void {
    this.#waiting = count
    this.#draw()
  }

  /** Ends the line, so that the next output starts on a new one. */
  close(): void {
    if (this.#stream.isTTY) this.#stream.write('\n')
  }

  /** Draws the line over the previous one. */
  #draw(): void {
    if (!this.#stream.isTTY) return
    const { length } = this.endings
    const filled = Math.floor((length / this.#total) * WIDTH)
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
    const waiting = this.#waiting > 0 ? `; ${this.#waiting} waiting for a quota or another test` : ''
    const line = `[${bar}] ${length}/${this.#total}  ${countsOf(this.endings)}${waiting}`
    // A line that wraps cannot be drawn over, so it is cut. A terminal that does not know its width reports 0.
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns || Number.POSITIVE_INFINITY) - 1)}\x1b[K`)
  }
}
