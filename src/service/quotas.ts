/** Counts tests against the quotas of their caller, customer, target and network: in all of them, or in none. */
import type { Caller } from '../access/callers.ts'
import type { Customer } from '../access/customer.ts'
import { type Limits, QUOTAS, type Quota, type QuotaName } from '../contract/limits.ts'
import type { Counters } from '../store/counters.ts'

/** The quotas of an installation. A caller's and a customer's own replace `tests-caller` and `tests-customer`. */
export type QuotaSettings = Readonly<Record<QuotaName, Quota>>

/** How a quota stands for one request. */
export interface QuotaState {
  readonly quota: Quota
  readonly remaining: number
  /** Seconds until the window ends; 0 while none is open. */
  readonly resetSeconds: number
}

/** The counters of a target and its network. `usedUp` is a quota that the sandbox always shows as used up, or null. */
export interface TargetCounters {
  readonly target: string
  readonly network: string
  readonly usedUp: QuotaName | null
}

/** The caller, the customer and the target whose counters a test uses. */
export interface QuotaSubject extends TargetCounters {
  readonly caller: Caller
  readonly customer: Customer
  /** Whether the last verdict on the target was open: its owner may have closed it now, and wants to check. */
  readonly followsOpen: boolean
}

/** The quotas that are used up, and the seconds until they no longer are. */
export interface Exceeded {
  readonly policies: readonly QuotaName[]
  readonly retryAfter: number
}

type TestQuotaName = Exclude<QuotaName, 'requests' | 'sweeps-caller'>

/** Tests after an open verdict are counted apart. Their limit is this many times the usual one. */
const AFTER_OPEN = 2

/** For each quota of tests: the counter of a test, and its quota. `usual` is the quota of the installation. */
const TEST_QUOTAS: Readonly<
  Record<TestQuotaName, { key(subject: QuotaSubject): string; quota(subject: QuotaSubject, usual: Quota): Quota }>
> = {
  'tests-caller': { key: ({ caller }) => caller.id, quota: ({ caller }, usual) => caller.quota ?? usual },
  'tests-customer': { key: ({ customer }) => customer.id, quota: ({ customer }, usual) => customer.quota ?? usual },
  'tests-target': {
    key: ({ target, followsOpen }) => (followsOpen ? `after-open ${target}` : target),
    quota: ({ followsOpen }, usual) => (followsOpen ? { ...usual, max: AFTER_OPEN * usual.max } : usual),
  },
  // Each customer has its own count for a network, so that no customer sees or uses up what a neighbour has left.
  'tests-network': { key: ({ customer, network }) => `${customer.id} ${network}`, quota: (_subject, usual) => usual },
}
const TEST_QUOTA_NAMES: readonly TestQuotaName[] = ['tests-caller', 'tests-customer', 'tests-target', 'tests-network']

const SWEEPS = 'sweeps-caller' as const

/** One counter after it was read or incremented. `key` and `ttl` are needed to undo an increment. */
interface Count {
  readonly name: TestQuotaName
  readonly key: string
  readonly state: QuotaState
  readonly exceeded: boolean
  /** Milliseconds that the window had left. */
  readonly ttl: number
}

type States = Map<QuotaName, QuotaState>

/** The quotas of tests. Every method writes how each quota stands into `states`. */
export class TestQuotas {
  readonly #settings: QuotaSettings
  readonly #counters: Counters

  constructor(settings: QuotaSettings, counters: Counters) {
    this.#settings = settings
    this.#counters = counters
  }

  /** Returns the quotas that are used up already, or null. Counts nothing. */
  async peek(subject: QuotaSubject, states: States): Promise<Exceeded | null> {
    const counts = await Promise.all(TEST_QUOTA_NAMES.map((name) => this.#read(name, subject)))
    for (const { name, state } of counts) states.set(name, state)
    return exceededIn(counts)
  }

  /**
   * Increments all quotas, then undoes them if any is exceeded, and returns those. A rejected test can briefly block
   * another one, but a quota is never exceeded. Rejects if a counter cannot be reached, and undoes the others.
   */
  async take(subject: QuotaSubject, states: States): Promise<Exceeded | null> {
    const settled = await Promise.allSettled(TEST_QUOTA_NAMES.map((name) => this.#increment(name, subject)))
    const counts = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    const [failure] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    for (const { name, state } of counts) states.set(name, state)
    const exceeded = exceededIn(counts)
    if (exceeded || failure) await Promise.allSettled(counts.map((count) => this.#undo(count, states)))
    if (failure) throw failure
    return exceeded
  }

  /** Counts a sweep. Returns the quota if it is used up; then nothing is counted. */
  takeSweep({ id }: Caller, states: States): Promise<Exceeded | null> {
    return this.#takeAlone(SWEEPS, id, states)
  }

  /**
   * Counts a test of a sweep: only for its target, so that no server is tested too often. Returns the quota if it is
   * used up; then nothing is counted.
   */
  takeTarget({ target }: TargetCounters): Promise<Exceeded | null> {
    return this.#takeAlone('tests-target', target, new Map())
  }

  async #takeAlone(name: 'sweeps-caller' | 'tests-target', of: string, states: States): Promise<Exceeded | null> {
    const quota = this.#settings[name]
    const key = `${name}:${of}`
    const { current, ttl } = await this.#counters.count(key, quota.windowMs)
    states.set(name, stateOf(quota, current, ttl))
    if (current <= quota.max) return null
    await this.#counters.giveBack(key, ttl)
    return { policies: [name], retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }
  }

  /** Gives back the counts of `take` for a test that found the waiting list full. */
  async giveBack(subject: QuotaSubject, states: States): Promise<void> {
    const counts = await Promise.all(TEST_QUOTA_NAMES.map((name) => this.#read(name, subject)))
    await Promise.all(counts.map((count) => this.#undo({ ...count, exceeded: false }, states)))
  }

  /**
   * Returns all quotas as `GET /limits` shows them. `remaining` is null if it depends on the address and `peek` has not
   * read it.
   */
  async overview(caller: Caller, states: States): Promise<Limits['quotas']> {
    const quota = caller.quota ?? this.#settings['tests-caller']
    const { current, ttl } = await this.#counters.read(`tests-caller:${caller.id}`)
    states.set('tests-caller', stateOf(quota, current, ttl))
    if (caller.sweeps) {
      const counted = await this.#counters.read(`${SWEEPS}:${caller.id}`)
      states.set(SWEEPS, stateOf(this.#settings[SWEEPS], counted.current, counted.ttl))
    }
    const ofSweeps = caller.sweeps ? [SWEEPS] : []
    return ['requests' as const, ...ofSweeps, ...TEST_QUOTA_NAMES].map((name) => {
      const state = states.get(name)
      const { max, windowMs } = state?.quota ?? this.#settings[name]
      return {
        name,
        counts: QUOTAS[name],
        limit: max,
        windowSeconds: windowMs / 1000,
        remaining: state?.remaining ?? null,
        resetSeconds: state?.resetSeconds ?? null,
        resetsAt: state?.resetSeconds ? new Date(Date.now() + state.resetSeconds * 1000).toISOString() : null,
      }
    })
  }

  async #read(name: TestQuotaName, subject: QuotaSubject): Promise<Count> {
    const { key, quota } = this.#counterOf(name, subject)
    const { current, ttl } = await this.#counters.read(key)
    const usedUp = subject.usedUp === name
    const state = usedUp ? stateOf(quota, quota.max, quota.windowMs) : stateOf(quota, current, ttl)
    return { name, key, state, exceeded: state.remaining === 0, ttl }
  }

  async #increment(name: TestQuotaName, subject: QuotaSubject): Promise<Count> {
    const { key, quota } = this.#counterOf(name, subject)
    const { current, ttl } = await this.#counters.count(key, quota.windowMs)
    return { name, key, state: stateOf(quota, current, ttl), exceeded: current > quota.max, ttl }
  }

  async #undo({ name, key, ttl, state, exceeded }: Count, states: States): Promise<void> {
    await this.#counters.giveBack(key, ttl)
    states.set(name, { ...state, remaining: exceeded ? 0 : state.remaining + 1 })
  }

  #counterOf(name: TestQuotaName, subject: QuotaSubject): { readonly key: string; readonly quota: Quota } {
    const row = TEST_QUOTAS[name]
    return { key: `${name}:${row.key(subject)}`, quota: row.quota(subject, this.#settings[name]) }
  }
}

/** Returns how a quota stands when its window holds `current` and ends in `ttl` milliseconds. */
const stateOf = (quota: Quota, current: number, ttl: number): QuotaState => ({
  quota,
  remaining: Math.max(0, quota.max - current),
  resetSeconds: Math.ceil(ttl / 1000),
})

function exceededIn(counts: readonly Count[]): Exceeded | null {
  const exceeded = counts.filter((count) => count.exceeded)
  if (exceeded.length === 0) return null
  const retryAfter = Math.max(1, ...exceeded.map(({ state }) => state.resetSeconds))
  return { policies: exceeded.map(({ name }) => name), retryAfter }
}
