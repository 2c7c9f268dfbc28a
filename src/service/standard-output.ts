/**
 * Writes lines to standard output and never waits for the program that reads it. The log and the audit log share it.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How many bytes of lines wait for a slow reader. Lines beyond that are dropped and counted. */
export const MOST_WAITING = 1024 * 1024
/** The pause between two tries to write what waits, in milliseconds. */
const PAUSE_MS = 20
const STANDARD_OUTPUT = 1

/**
 * Standard output, without waiting. Lines of the log are kept while the reader is behind, up to a limit. A line of the
 * audit log is written at once or not at all. No line is ever broken by another one.
 */
export class StandardOutput {
  /** Called when everything is written again, with the number of lines that were dropped in between. */
  onDropped: (lines: number) => void = () => {}
  readonly #fd: number
  readonly #format: (line: string) => string
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** Whether the first buffer that waits is the rest of a line. */
  #torn = false
  #untold = 0
  #dropped = 0
  /** Whether the last write succeeded. */
  #works = true
  #timer: NodeJS.Timeout | undefined

  /** @param format changes each line before it is written */
  constructor(fd = STANDARD_OUTPUT, format: (line: string) => string = (line) => line) {
    this.#fd = fd
    this.#format = format
    // Node.js makes a pipe or a socket non-blocking when this is read first. A write to a full pipe fails after that.
    if (fd === STANDARD_OUTPUT) void process.stdout
  }

  /** How many lines were dropped since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Writes a line of the log, with its line end. Keeps it if the reader is behind, and drops it if too much waits. */
  write(text: string): void {
    const line = Buffer.from(this.#format(text))
    this.#flush()
    if (this.#waiting.length > 0 && this.#waitingBytes + line.length > MOST_WAITING) {
      this.#drop()
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#flush()
  }

  /**
   * Writes a line of the audit log, with its line end. It goes before lines of the log that wait. Throws EAGAIN if the
   * reader is behind, or the error of the system; then the line is not written.
   */
  append(text: string): void {
    if (this.#torn && !this.#writeFirst()) throw Object.assign(new Error('the reader is behind'), { code: 'EAGAIN' })
    const line = Buffer.from(this.#format(text))
    const written = writeSync(this.#fd, line)
    if (written === line.length) return
    // A line is far shorter than PIPE_BUF, so a pipe takes all of it or nothing. Other outputs may not.
    this.#waiting.unshift(Buffer.from('\n'))
    this.#waitingBytes += 1
    this.#torn = true
    throw new Error('standard output took only a part of a line')
  }

  /** Waits until everything is written, at most `ms` milliseconds. */
  async finish(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (this.#waiting.length > 0 && performance.now() < until) {
      await sleep(PAUSE_MS)
      this.#flush()
    }
  }

  #drop(): void {
    this.#dropped += 1
    this.#untold += 1
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      if (!this.#writeFirst()) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined
          this.#flush()
        }, PAUSE_MS).unref()
        return
      }
    }
    if (this.#untold === 0 || !this.#works) return
    const lines = this.#untold
    this.#untold = 0
    this.onDropped(lines)
  }

  /** Writes the first buffer that waits. Returns false if the reader is behind. */
  #writeFirst(): boolean {
    const [first] = this.#waiting
    if (!first) return true
    const written = this.#tryToWrite(first)
    if (written === null) return false
    this.#waitingBytes -= written
    this.#torn = written < first.length
    if (this.#torn) this.#waiting[0] = first.subarray(written)
    else this.#waiting.shift()
    return !this.#torn
  }

  /** Returns how many bytes were written, or null if the reader is behind. A line that cannot be written is dropped. */
  #tryToWrite(bytes: Buffer): number | null {
    try {
      const written = writeSync(this.#fd, bytes)
      this.#works = true
      return written
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null
      this.#works = false
      this.#drop()
      return bytes.length
    }
  }
}
