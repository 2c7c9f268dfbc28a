import { type Caller, inScope } from '../access/callers.ts'
import type { LastTest } from '../contract/problems.ts'
import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'
import type { Leases } from '../store/leases.ts'
import type { Filter, Results } from '../store/results.ts'
import { placeOf } from './places.ts'
import { brokenResult } from './result.ts'

/** How many results a list has at most. */
export const LIST_LIMIT = 20

/** Results as callers may see them. A test whose replica died in the middle reads as interrupted. */
export class Archive {
  readonly #results: Results
  readonly #leases: Leases

  constructor(results: Results, leases: Leases) {
    this.#results = results
    this.#leases = leases
  }

  /** A result, or null where there is none that this caller may see. */
  async get(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.#results.get(id)
    return result && inScope(caller, result.customerId) ? this.#asItStands(result) : null
  }

  /** What lists show of the newest results of an address, or with a reference, that this caller may see. */
  async list(by: Filter['by'], value: string, caller: Caller): Promise<RelayTestSummary[]> {
    const filter = { by, value, mayName: (customerId: string) => inScope(caller, customerId) }
    const found = await this.#results.list(filter, LIST_LIMIT)
    const standing = await Promise.all(
      found.map(async (summary) => {
        if (summary.status === 'finished') return summary
        const result = await this.get(summary.id, caller)
        return result && summaryOf(result)
      }),
    )
    return standing.filter((summary) => summary !== null)
  }

  /** The newest verdict on an address that this caller may see, or null. */
  async lastTest(ip: string, caller: Caller): Promise<LastTest | null> {
    for (const { id, finishedAt, verdict } of await this.list('ip', ip, caller)) {
      if (finishedAt !== null && verdict !== null) return { id, finishedAt, verdict }
    }
    return null
  }

  /** Whoever runs a test holds the lease of its address; it runs out soon after the deadline of a test that nobody runs. */
  async #asItStands(result: RelayTest): Promise<RelayTest> {
    if (result.status === 'finished') return result
    const holder = await this.#leases.holder(placeOf(result))
    if (holder?.testId === result.id) return result
    // It may have ended in between.
    const now = await this.#results.get(result.id)
    return now?.status === 'finished' ? now : brokenResult(result, result.createdAt)
  }
}
