/** Reads stored results for callers. */
import { type Caller, inScope } from '../access/callers.ts'
import type { LastTest } from '../contract/problems.ts'
import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'
import type { Leases } from '../store/leases.ts'
import type { Filter, Results } from '../store/results.ts'
import { brokenResult } from './result.ts'
import type { WorldOf } from './world.ts'

/** How many results a list has at most. */
const LIST_LIMIT = 20

/** Shows a caller its own results only. A test whose replica died while it ran reads as interrupted. */
export class Archive {
  readonly #results: Results
  readonly #leases: Leases
  readonly #worldOf: WorldOf

  constructor(results: Results, leases: Leases, worldOf: WorldOf) {
    this.#results = results
    this.#leases = leases
    this.#worldOf = worldOf
  }

  /** Returns a result, or null if there is none that this caller may see. */
  async get(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.#results.get(id)
    return result && inScope(caller, result.customerId) ? this.#withTrueStatus(result, caller) : null
  }

  /** Returns summaries of the newest results of an address, or with a reference, that this caller may see. */
  async list(by: Filter['by'], value: string, caller: Caller): Promise<RelayTestSummary[]> {
    const filter = { by, value, mayName: (customerId: string) => inScope(caller, customerId) }
    const found = await this.#results.list(filter, LIST_LIMIT)
    const checked = await Promise.all(
      found.map(async (summary) => {
        if (summary.status === 'finished') return summary
        const result = await this.get(summary.id, caller)
        return result && summaryOf(result)
      }),
    )
    return checked.filter((summary) => summary !== null)
  }

  /** Returns the newest verdict on an address that this caller may see, or null. */
  async lastTest(ip: string, caller: Caller): Promise<LastTest | null> {
    for (const { id, finishedAt, verdict } of await this.list('ip', ip, caller)) {
      if (finishedAt !== null && verdict !== null) return { id, finishedAt, verdict }
    }
    return null
  }

  /** Returns a result with the status that is true now. If a running test holds no lease, its replica has died. */
  async #withTrueStatus(result: RelayTest, caller: Caller): Promise<RelayTest> {
    if (result.status === 'finished') return result
    const holder = await this.#leases.holder(this.#worldOf(caller).placeOf(result))
    if (holder?.testId === result.id) return result
    // The test may have ended between the two reads.
    const now = await this.#results.get(result.id)
    return now?.status === 'finished' ? now : brokenResult(result, result.createdAt)
  }
}
