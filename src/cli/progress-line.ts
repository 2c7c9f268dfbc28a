/** Shows how far long work is: on a terminal in one line that changes, elsewhere in a new line each minute. */
import { oneLine } from '../render/one-line.ts'

const WIDTH = 24
const MINUTE_MS = 60_000

/** Where the progress is written: standard error. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>

/** How far the work is. */
export interface Share {
  readonly done: number
  readonly total: number
  /** The rest of the line. */
  readonly says: string
}

export class ProgressLine {
  readonly #stream: ProgressStream
  readonly #timer: NodeJS.Timeout
  #share: Share
  #noted: string | null = null

  /** @param everyMs the time between two lines if the output is not a terminal, in milliseconds */
  constructor(stream: ProgressStream, share: Share, everyMs = MINUTE_MS) {
    this.#stream = stream
    this.#share = share
    this.#timer = setInterval(() => this.#tell(), everyMs).unref()
    this.#draw()
  }

  show(share: Share): void {
    this.#share = share
    this.#draw()
  }

  /** Writes a line that stays. A line that says the same as the one before is not written. */
  note(text: string): void {
    if (text !== this.#noted) this.#print(() => this.#stream.write(`relay-test: ${oneLine(text)}\n`))
    this.#noted = text
  }

  /** Writes a result on the same terminal: above the line of progress. */
  above(write: () => unknown, isSameTerminal: boolean): void {
    if (isSameTerminal) this.#print(write)
    else write()
  }

  /** Writes the last line at the end of the work. */
  close(): void {
    this.#tell()
    this.leave()
  }

  /** Ends the line of progress, so that the next output starts on a new one. */
  leave(): void {
    clearInterval(this.#timer)
    if (this.#stream.isTTY) this.#stream.write('\n')
  }

  #print(write: () => unknown): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
    write()
    this.#draw()
  }

  #tell(): void {
    if (!this.#stream.isTTY) this.#stream.write(`relay-test: ${this.#text()}\n`)
  }

  #text(): string {
    const { done, total, says } = this.#share
    return `${done}/${total}  ${says}`
  }

  /** Draws the line over the previous one. */
  #draw(): void {
    if (!this.#stream.isTTY) return
    const filled = Math.floor((this.#share.done / Math.max(this.#share.total, 1)) * WIDTH)
    const line = `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${this.#text()}`
    // A line that wraps cannot be drawn over, so it is cut. A terminal that does not know its width reports 0.
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns || Number.POSITIVE_INFINITY) - 1)}\x1b[K`)
  }
}
