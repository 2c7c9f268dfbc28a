import type { SessionLine } from '../contract/events.ts'

/**
 * Puts the lines of a session that goes on in the order in which they are read best: each reply under its command, also
 * where commands went out in a group. The command that is waited for is shown at once, those behind it when their turn comes.
 */
export class AsItHappens {
  /** By connection: commands that have no whole reply yet. The first has been shown, the others have not. */
  readonly #unanswered = new Map<number, SessionLine[]>()

  /** Takes the next line and returns what is to be shown now. */
  next(line: SessionLine): readonly SessionLine[] {
    const unanswered = this.#unanswered.get(line.connection) ?? []
    this.#unanswered.set(line.connection, unanswered)
    if (line.from === 'client') return unanswered.push(line) === 1 ? [line] : []
    // What happens to the connection ends the wait.
    if (line.from === 'event') return [...unanswered.splice(0).slice(1), line]
    const place = unanswered.findIndex(({ index }) => index === line.answers)
    if (place === -1) return [line]
    // Lines of a message have no reply of their own.
    const until = unanswered.slice(1, place + 1)
    const isWhole = line.line[3] !== '-'
    unanswered.splice(0, isWhole ? place + 1 : place)
    return [...until, line, ...(isWhole ? unanswered.slice(0, 1) : [])]
  }

  /** What has not been shown when the session is over. */
  rest(): readonly SessionLine[] {
    return [...this.#unanswered.values()].flatMap((unanswered) => unanswered.splice(0).slice(1))
  }
}
