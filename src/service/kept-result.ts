/** Stores the result of one test, and retries while the store is down. Keeps no result that is stored. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { Results } from '../store/results.ts'
import type { Stores } from '../store/stores.ts'
import type { Background } from './background.ts'
import type { Job } from './job.ts'
import type { Logger } from './logger.ts'

/** The newest result of one test. */
export class KeptResult {
  /** Null if it is stored, because it is kept there. */
  latest: RelayTest | null = null
  #how: 'put' | 'amend' = 'put'
  readonly #id: string
  readonly #key: string | null
  readonly #log: Logger
  readonly #stores: Stores
  readonly #background: Background

  /** Keeps only what it needs of the job: late mail may amend the result for a day. */
  constructor(
    { test, key, context }: Job,
    { stores, background }: { readonly stores: Stores; readonly background: Background },
  ) {
    this.#id = test.id
    this.#key = key?.key ?? null
    this.#log = context.log
    this.#stores = stores
    this.#background = background
  }

  /** Stores the result of a run that has ended, and gives the lease of its place back. */
  async putAndRelease(result: RelayTest, place: string): Promise<void> {
    this.latest = result
    await this.#store(() => this.#stores.leases.release(place, this.#id))
  }

  /** Stores the result again, after late mail has changed it. */
  async amend(result: RelayTest): Promise<void> {
    this.latest = result
    await this.#store(async () => {})
    const { id, verdict, evidence, reason, cause } = result
    this.#log.info({ id, verdict, evidence, reason, cause }, 'relay test amended')
  }

  /** Stores the result, then calls `then`. The lease must end last: without it, a running test reads as interrupted. */
  async #store(then: () => Promise<void>): Promise<void> {
    const work = async () => {
      await this.#write(this.#stores.results)
      // After the result, so that the key outlives it: a key without a result must not open a second test.
      if (this.#key !== null) await this.#stores.claims.renew(this.#key, this.#id)
      await then()
    }
    await this.#background.tryNowThenLater({ what: 'storing a result', id: this.#id, log: this.#log, work })
  }

  /** Writes the newest result, unless an earlier call has done that. */
  async #write(results: Results): Promise<void> {
    const { latest } = this
    if (latest === null) return
    await results[this.#how](latest)
    this.#how = 'amend'
    if (this.latest === latest) this.latest = null
  }
}
