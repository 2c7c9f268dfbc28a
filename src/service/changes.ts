/**
 * Counts servers that were found open, and those that are closed again, so that operators can be alerted. A server that
 * was open at its last test already is not counted twice. The sandbox has no servers.
 */
import { isSandbox } from '../access/sandbox-ids.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Verdict } from '../contract/words.ts'
import type { Results } from '../store/results.ts'
import type { Announcer } from './announcer.ts'
import { earlierThan, isConclusive, lastVerdict } from './last-verdict.ts'
import type { Logger } from './logger.ts'

/** A change of a server: it was found open, or it is closed and was open before. */
export type ServerChange = 'found-open' | 'closed-again'

/** The parts that are needed to compare a result with the one before. */
export interface ChangeParts {
  readonly results: Pick<Results, 'list'>
  readonly log: Logger
  count(change: ServerChange): void
}

/** Counts the changes that results show. */
export class Changes implements Announcer {
  readonly #parts: ChangeParts

  constructor(parts: ChangeParts) {
    this.#parts = parts
  }

  async finished(_callerId: string, result: RelayTest): Promise<void> {
    await this.#count(result, null)
  }

  async amended(_callerId: string, result: RelayTest, before: RelayTest): Promise<void> {
    await this.#count(result, isConclusive(before) ? before.verdict : null)
  }

  /** `known` is the verdict before, if it is known without the stores. A store that is down costs only the count. */
  async #count(result: RelayTest, known: Verdict | null): Promise<void> {
    if (!isConclusive(result) || isSandbox(result.customerId)) return
    try {
      const change = changeTo(result.verdict, known ?? (await this.#lastVerdict(result)))
      if (change) this.#parts.count(change)
    } catch (err) {
      this.#parts.log.error({ err, id: result.id }, 'the last verdict of a server cannot be read')
    }
  }

  async #lastVerdict(result: RelayTest): Promise<Verdict | null> {
    return lastVerdict(result, await earlierThan(result, this.#parts.results))?.verdict ?? null
  }
}

function changeTo(verdict: Verdict | null, last: Verdict | null): ServerChange | null {
  if (verdict === 'open') return last === 'open' ? null : 'found-open'
  return last === 'open' ? 'closed-again' : null
}
