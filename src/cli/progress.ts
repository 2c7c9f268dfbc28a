import type { Ending } from './ending.ts'

const WIDTH = 24

/** How many tests ended how, in words. */
export const countsOf = (endings: readonly Ending[]): string =>
  (['open', 'closed', 'inconclusive', 'error'] as const)
    .map((ending) => `${endings.filter((one) => one === ending).length} ${ending}`)
    .join(', ')

/** How far many tests have come, in one line: for somebody who looks on, so on a terminal; anywhere else nothing. */
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

  /** How many targets may not be tested yet. */
  waiting(count: number): void {
    this.#waiting = count
    this.#draw()
  }

  /** Ends the line, so that what follows does not stand in it. */
  close(): void {
    if (this.#stream.isTTY) this.#stream.write('\n')
  }

  /** Draws the line over the one before. */
  #draw(): void {
    if (!this.#stream.isTTY) return
    const { length } = this.endings
    const filled = Math.floor((length / this.#total) * WIDTH)
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
    const waiting = this.#waiting > 0 ? `; waiting for a quota or their turn: ${this.#waiting}` : ''
    const line = `[${bar}] ${length}/${this.#total}  ${countsOf(this.endings)}${waiting}`
    // A line that wraps cannot be drawn over; a terminal that does not know its width has 0.
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns || Number.POSITIVE_INFINITY) - 1)}\x1b[K`)
  }
}
