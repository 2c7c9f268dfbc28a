/** Shows how many targets of a file are tested, and which of them wait. */
import { countsOf } from '../render/row.ts'
import { placeInLine } from '../render/session.ts'
import type { Ending } from './ending.ts'
import { ProgressLine, type ProgressStream, type Share } from './progress-line.ts'

export class Progress {
  readonly endings: Ending[] = []
  readonly #line: ProgressLine
  #total: number
  #waiting = 0
  /** The positions of targets on the waiting list of the service. */
  readonly #places = new Map<number, number>()

  /** @param everyMs the time between two lines if the output is not a terminal, in milliseconds */
  constructor(stream: ProgressStream, total: number, everyMs?: number) {
    this.#total = total
    this.#line = new ProgressLine(stream, this.#share(), everyMs)
  }

  ended(ending: Ending): void {
    this.endings.push(ending)
    this.#show()
  }

  /** Counts each address of a name, where the name was counted before. */
  found(addresses: number): void {
    this.#total += addresses - 1
    this.#show()
  }

  /** Sets the number of targets that may not be tested yet. Says why, if there is a new reason. */
  waiting(count: number, reason: string | null): void {
    this.#waiting = count
    this.#show()
    if (reason !== null) this.note(`waiting: ${reason}`)
  }

  /** Sets the position of a target on the waiting list of the service; null when it no longer waits there. */
  inLine(target: number, position: number | null): void {
    if (position === null ? !this.#places.delete(target) : this.#places.get(target) === position) return
    if (position !== null) this.#places.set(target, position)
    this.#show()
  }

  /** Writes a line that stays. A line that says the same as the one before is not written. */
  note(text: string): void {
    this.#line.note(text)
  }

  /** Writes a result on the same terminal: above the line of progress. */
  above(write: () => unknown, isSameTerminal: boolean): void {
    this.#line.above(write, isSameTerminal)
  }

  /** Writes the last line at the end of the batch. */
  close(): void {
    this.#line.close()
  }

  /** Ends the line of progress, so that the next output starts on a new one. */
  leave(): void {
    this.#line.leave()
  }

  #show(): void {
    this.#line.show(this.#share())
  }

  #share(): Share {
    const waiting = this.#waiting > 0 ? `; ${this.#waiting} waiting for a quota or another test` : ''
    const first = Math.min(...this.#places.values())
    const inLine = this.#places.size > 0 ? `; waiting: ${placeInLine(first)}` : ''
    const says = `${countsOf(this.endings)}${waiting}${inLine}`
    return { done: this.endings.length, total: this.#total, says }
  }
}
