/** Matches replies to commands: the first reply answers the first command that has none. */
import type { Reply } from './reply.ts'

/** The answer to a command. `reply` is null if the connection failed first. `at` are indexes of transcript lines. */
export interface AwaitedReply {
  readonly reply: Reply | null
  readonly at: readonly number[]
  /** The time the server took, in milliseconds since the command or the answer before it. */
  readonly ms: number
}

export const UNANSWERED: AwaitedReply = { reply: null, at: [], ms: 0 }

interface Waiting {
  readonly command: number | null
  readonly at: number[]
  resolve(answer: AwaitedReply): void
}

/** The commands of one connection that have no answer yet, in order. */
export class AwaitedReplies {
  readonly #waiting: Waiting[] = []
  #since = 0

  get count(): number {
    return this.#waiting.length
  }

  /** The transcript index of the command that the next reply answers; null for the greeting, or if none is awaited. */
  get command(): number | null {
    return this.#waiting[0]?.command ?? null
  }

  /** Adds a command by its transcript index. Resolves with its answer. */
  add(command: number | null): Promise<AwaitedReply> {
    return new Promise((resolve) => {
      this.#waiting.push({ command, at: command === null ? [] : [command], resolve })
    })
  }

  /** Measures the time of the next answer from now. */
  restartClock(): void {
    this.#since = performance.now()
  }

  /** Adds a transcript line to the next answer. */
  addLine(at: number | null): void {
    if (at !== null) this.#waiting[0]?.at.push(at)
  }

  /** Gives a reply to the first command, and returns the answer; null if no reply is awaited. */
  answer(reply: Reply): AwaitedReply | null {
    const first = this.#waiting.shift()
    if (!first) return null
    const now = performance.now()
    const answer = { reply, at: first.at, ms: now - this.#since }
    this.#since = now
    first.resolve(answer)
    return answer
  }

  /** Resolves all answers without a reply. */
  release(): void {
    for (const { at, resolve } of this.#waiting.splice(0)) resolve({ reply: null, at, ms: 0 })
  }
}
