/**
 * The real half of the model test: replicas of the service on shared stores, with mail servers that wait for a word.
 */
import assert from 'node:assert/strict'
import type { RelayTest } from '../../../src/contract/relay-test.ts'
import { idempotent } from '../../../src/service/idempotency.ts'
import type { Caller } from '../../../src/service/job.ts'
import { problemOf } from '../../../src/service/problem.ts'
import { readRequest } from '../../../src/service/request.ts'
import type { Setup } from '../../../src/setup.ts'
import type { Stores } from '../../../src/store/stores.ts'
import { type InProcess, inProcess } from '../../harness/relay-tests.ts'
import type { Ending } from '../../harness/service.ts'
import { until } from '../../harness/waiting.ts'

export const REPLICAS = 3
/** How many tests of one address the quota allows. */
export const QUOTA = 4
const RULES = { allowedPorts: [25], defaultProof: 'message' } as const
/** The settings of each replica. */
export const ENVIRONMENT = { QUOTA_TARGET: `${QUOTA}/1h`, MAX_CONCURRENT_TESTS: '1000' }

/** The result of a request: the test that the service started or found, or the slug of its refusal. */
export type Outcome =
  | { readonly kind: 'started'; readonly id: string }
  | { readonly kind: 'found'; readonly id: string }
  | { readonly kind: 'refused'; readonly slug: string }

/** A dial: a test that asks its mail server now. `end` lets it finish. */
interface Dial {
  readonly ip: string
  readonly replica: number
  end(): void
}

/** A key of the stores: its kind, the rest of its name, and the test that it belongs to. */
export interface Stored {
  readonly kind: string
  readonly name: string
  readonly testId: string
}

/** The tests whose results and idempotency keys are in the stores. */
export interface Kept {
  readonly results: ReadonlySet<string>
  readonly claims: ReadonlySet<string>
}

/** The stores of one sequence, and what happens to them. */
export interface Shared {
  /** Opens the stores of one replica. */
  open(): Promise<Stores>
  /** Loses everything. */
  lose(): Promise<void>
  /** Returns the keys that exist, sorted. */
  keys(): Promise<string[]>
  evict(key: string): Promise<void>
  /** Reads what a key is about. */
  read(key: string): Promise<Stored>
  /** Returns what the stores have now. */
  kept(): Promise<Kept>
  /** Lets the longest lease pass: ends the leases that are left, and the wait after a loss. */
  pass(): Promise<void>
}

export class System {
  readonly shared: Shared
  readonly dials = new Map<string, Dial>()
  readonly #t: Ending
  readonly #setup: Setup
  readonly #replicas: { service: InProcess; stores: Stores }[] = []
  readonly #dialled: (ip: string) => void
  readonly #seen = new Set<string>()

  private constructor(t: Ending, setup: Setup, shared: Shared, dialled: (ip: string) => void) {
    this.#t = t
    this.#setup = setup
    this.shared = shared
    this.#dialled = dialled
  }

  /** Starts all replicas. `dialled` is called with each test that asks its mail server. */
  static async start(t: Ending, setup: Setup, shared: Shared, dialled: (ip: string) => void): Promise<System> {
    const system = new System(t, setup, shared, dialled)
    for (let replica = 0; replica < REPLICAS; replica += 1) await system.#open(replica)
    return system
  }

  /** Asks a replica for a test and does not wait for its end. */
  async ask(replica: number, ip: string, key: string | null): Promise<Outcome> {
    const { service, stores } = this.#at(replica)
    const request = readRequest({ ip, port: 25 }, RULES)
    const options = { idempotencyKey: key, respondAsync: true, live: false }
    try {
      const { result } = await service.relayTests.start(request, service.asking('desk'), options)
      const isNew = this.dials.get(result.id)?.replica === replica && !this.#seen.has(result.id)
      if (isNew) this.#seen.add(result.id)
      return { kind: isNew ? 'started' : 'found', id: result.id }
    } catch (error) {
      const slug = problemOf(error)?.slug
      if (slug === undefined || slug === 'limits-unavailable') throw error
      return { kind: 'refused', slug }
    } finally {
      // One connection answers in order, so what a refused test had taken has been given back then.
      await stores.server?.look()
    }
  }

  /** Lets a test finish, and waits until its result is stored and its lease is gone. */
  async finish(id: string): Promise<void> {
    const dial = this.dials.get(id) ?? assert.fail('no such test')
    const { stores } = this.#at(dial.replica)
    dial.end()
    this.dials.delete(id)
    for (let tries = 0; ; tries += 1) {
      assert.ok(tries < 1_000, 'the test does not end')
      const [result, holder] = await Promise.all([stores.results.get(id), stores.leases.holder(dial.ip)])
      if (result?.status === 'finished' && holder?.testId !== id) break
      await new Promise(setImmediate)
    }
    await stores.server?.look()
  }

  read(replica: number, id: string): Promise<RelayTest | null> {
    const { service } = this.#at(replica)
    return service.relayTests.archive.get(id, this.#caller(service))
  }

  async list(replica: number, ip: string): Promise<string[]> {
    const { service } = this.#at(replica)
    const { relayTests } = await service.relayTests.archive.list({ ip }, this.#caller(service))
    return relayTests.map(({ id }) => id)
  }

  /** Kills a replica: its tests dial no more, and all that it remembers is gone. Another takes its place. */
  async crash(replica: number): Promise<void> {
    for (const [id, dial] of this.dials) if (dial.replica === replica) this.dials.delete(id)
    await this.#at(replica).stores.close()
    await this.#open(replica)
  }

  /** Waits until every replica can use its stores. */
  async up(): Promise<void> {
    for (const { stores } of this.#replicas) {
      await until('the stores', async () => stores.server === null || (await stores.server.look()).isUp)
    }
  }

  /** Waits until an idempotency key is in the stores again. */
  async restored(ip: string, key: string): Promise<void> {
    const { service, stores } = this.#at(0)
    const { caller } = service.asking('desk')
    const { key: digest } = idempotent(caller.id, key, readRequest({ ip, port: 25 }, RULES))
    for (let tries = 0; (await stores.claims.find(digest)) === null; tries += 1) {
      assert.ok(tries < 1_000, 'the idempotency key is not restored')
    }
  }

  /** Each replica looks how its stores are, as it does every second. */
  async beat(): Promise<void> {
    for (const { stores } of this.#replicas) await stores.server?.look()
  }

  async close(): Promise<void> {
    for (const { stores } of this.#replicas) await stores.close()
  }

  async #open(replica: number): Promise<void> {
    const stores = await this.shared.open()
    const service = await inProcess(this.#t, stores, {
      setup: this.#setup,
      run: ({ test: { id, ip } }) =>
        new Promise((_resolve, reject) => {
          this.dials.set(id, { ip, replica, end: () => reject(new Error('the test ends')) })
          this.#dialled(ip)
        }),
    })
    this.#replicas[replica] = { service, stores }
  }

  #at(replica: number) {
    return this.#replicas[replica] ?? assert.fail('no such replica')
  }

  #caller(service: InProcess): Caller {
    return service.asking('desk').caller
  }
}
