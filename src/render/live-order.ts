/** Orders the lines of a session while it runs, for the command line. */
import type { SessionLine } from '../contract/events.ts'

/**
 * Orders the lines of a running session for a reader: each reply comes under its command, even if several commands were
 * sent at once. The first command without a reply is shown immediately, the others when their replies come.
 */
export class LiveOrder {
  /** The commands of each connection that have no whole reply yet. Only the first of them has been shown. */
  readonly #unanswered = new Map<number, SessionLine[]>()

  /** Takes the next line, and returns the lines to show now. */
  next(line: SessionLine): readonly SessionLine[] {
    const unanswered = this.#unanswered.get(line.connection) ?? []
    this.#unanswered.set(line.connection, unanswered)
    if (line.from === 'client') return unanswered.push(line) === 1 ? [line] : []
    // An event of the connection ends the wait for replies.
    if (line.from === 'event') return [...unanswered.splice(0).slice(1), line]
    const place = unanswered.findIndex(({ index }) => index === line.answers)
    if (place === -1) return [line]
    // Lines of a message have no reply of their own, so they are shown before this one.
    const until = unanswered.slice(1, place + 1)
    const isWhole = line.line[3] !== '-'
    unanswered.splice(0, isWhole ? place + 1 : place)
    return [...until, line, ...(isWhole ? unanswered.slice(0, 1) : [])]
  }

  /** Returns the lines that have not been shown when the session is over. */
  rest(): readonly SessionLine[] {
    return [...this.#unanswered.values()].flatMap((unanswered) => unanswered.splice(0).slice(1))
  }
}
