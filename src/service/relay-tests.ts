import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller } from '../access/callers.ts'
import type { Customers } from '../access/customer.ts'
import type { Decision } from '../access/decide.ts'
import type { RelayTestEvent } from '../contract/events.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import { canonicalNetwork } from '../ip/address.ts'
import type { Stores } from '../store/stores.ts'
import { knownAddresses, type Vantage } from '../vantage/vantage.ts'
import { VERSION } from '../version.ts'
import { type Admission, admit, type QuotaSubject, refuseExceeded, type TestQuotas } from './admission.ts'
import { Archive } from './archive.ts'
import type { Audit } from './audit.ts'
import { auditIntent, auditRefusal } from './auditing.ts'
import type { Deliveries } from './deliveries.ts'
import { Errands } from './errands.ts'
import { followElsewhere, LiveTest, replay } from './follow.ts'
import { type IdempotentRequest, idempotent, stillRunning, testOf } from './idempotency.ts'
import { type Asking, CALLER_GONE, type Job, type Settings } from './job.ts'
import { perform } from './perform.ts'
import { permissionsOf, type Vantages } from './permissions.ts'
import { Refused } from './problem.ts'
import type { TestRequest } from './request.ts'
import { type Begun, runningResult } from './result.ts'
import { asRecorded, countedAs } from './sandbox.ts'
import { makeSlots, type Slots } from './slots.ts'
import type { Tally } from './tally.ts'

export type { Caller }

/** What the service is made of. `customers` and `vantages` are looked up anew for each test: their files reload. */
export interface ServiceParts {
  readonly customers: () => Customers
  readonly vantages: Vantages
  readonly audit: Audit
  readonly stores: Stores
  /** Null where the installation has no mailbox. */
  readonly deliveries: Deliveries | null
  readonly settings: Settings
  readonly tally: Tally
}

/** Who asks, and may leave before there is an answer. */
export interface Asker extends Asking {
  /** Calls back when the caller waits no more. */
  whenGone(left: () => void): void
}

/** How a caller wants its answer. */
export interface Wish {
  readonly idempotencyKey: string | null
  /** Not to wait for the end of the test. */
  readonly respondAsync: boolean
  /** To be told what happens as it happens, and to stay for it. */
  readonly live: boolean
}

/** A test, finished unless the caller would not wait for that. */
export interface Answer {
  readonly result: RelayTest
  /** Whether an earlier request with the same idempotency key made it. */
  readonly replayed: boolean
}

/** A test takes its address before its key: what it takes from the one to the other, between replicas. */
const LEASE_TO_CLAIM_MS = 100

type Allowed = Extract<Decision, { ok: true }>

/** Relay tests from admission to result. Refusals are thrown as Refused, in the order that docs give. */
export class RelayTests {
  readonly #parts: ServiceParts & { readonly errands: Errands }
  readonly #slots: Slots
  readonly #archive: Archive
  /** The tests that run, and what stops each. */
  readonly #running = new Map<Promise<unknown>, AbortController>()
  readonly #live = new Map<string, LiveTest>()

  constructor(parts: ServiceParts) {
    this.#parts = { ...parts, errands: new Errands(parts.settings.resultTtlMs) }
    this.#slots = makeSlots(parts.settings.maxConcurrent)
    this.#archive = new Archive(parts.stores.results, parts.stores.leases)
  }

  /** How many tests one caller may have running at once. */
  get concurrentPerCaller(): number {
    return this.#slots.perCaller
  }

  /** The results, as callers may read them. */
  get archive(): Pick<Archive, 'get' | 'list'> {
    return this.#archive
  }

  /** Stops every running test at its next command: testing was switched off. */
  stopAll(): void {
    for (const stop of this.#running.values()) stop.abort()
  }

  /** Resolves when no test runs any more, those whose callers have left included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys())
  }

  /** Runs one test, or finds the one that the same idempotency key has opened before. */
  async start(request: TestRequest, asking: Asker, quotas: TestQuotas, wish: Wish): Promise<Answer> {
    const { caller } = asking
    const { idempotencyKey, respondAsync, live } = wish
    const waits = !respondAsync && !live
    // What can be asked for again, or read later, is not for its first caller alone.
    const mayLeave = idempotencyKey !== null || respondAsync
    const { job, subject } = this.#prepare(request, asking)
    if (!mayLeave) asking.whenGone(() => job.stop.abort(CALLER_GONE))
    const key = idempotencyKey === null ? null : idempotent(caller.id, idempotencyKey, request)
    const known = key && (await this.#known(key, caller, waits))
    if (known) return known
    const admitted = this.#admit(job, key, subject, quotas)
    const finished = admitted.then((admission) => this.#performLive(job, key, admission))
    this.#track(finished, job.stop)
    try {
      await admitted
    } catch (error) {
      const other = key && error instanceof Refused ? await this.#knownByNow(error, key, caller, waits) : null
      if (other) return other
      throw error
    }
    if (waits) return { result: await finished, replayed: false }
    finished.catch((error) => asking.log.error({ err: error, id: job.begun.id }, 'the test failed'))
    return { result: runningResult(job.begun), replayed: false }
  }

  /**
   * What happens in a test that a caller has been shown, from its beginning to its verdict. Lines come as they happen where
   * the test runs in this replica; from another one they come when it is finished.
   */
  follow(test: RelayTest, caller: Caller, stop: AbortSignal): AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent> {
    if (test.status === 'finished') return replay(test)
    const live = this.#live.get(test.id)
    return live ? live.follow(stop) : followElsewhere(() => this.#archive.get(test.id, caller), stop)
  }

  /** Whom the test is for, and from where. Throws Refused where it may not be made. */
  #prepare(request: TestRequest, asking: Asking): { job: Job; subject: QuotaSubject } {
    const { address, proof } = request
    const allowed = this.#decide(request, asking.caller)
    const vantage = this.#vantageOf(allowed)
    if (proof === 'delivery' && !this.#parts.deliveries) {
      const detail = 'This installation has no mailbox: ask for proof "message", or leave it out.'
      throw new Refused('proof-unavailable', detail, { errors: [{ detail, pointer: '/proof' }] })
    }
    const { caller } = asking
    const { customer } = allowed
    const seen = caller.sandbox ? asRecorded(request) : request
    const begun = begin(seen, allowed, vantage)
    const counted = caller.sandbox
      ? countedAs(address.text, begun.id)
      : { target: address.text, network: canonicalNetwork(address), usedUp: null }
    const stop = new AbortController()
    return { job: { request: seen, asking, vantage, begun, stop }, subject: { caller, customer, ...counted } }
  }

  #decide({ address, customerId, domain, vantage }: TestRequest, caller: Caller): Allowed {
    const permit = permissionsOf(caller, this.#parts)
    const wish = { address, customerId: customerId ?? null, domain: domain ?? null, vantage: vantage ?? null }
    const decision = permit(wish)
    if (decision.ok) return decision
    const { problem, detail, pointer } = decision
    throw new Refused(problem, `${detail}.`, { errors: [{ detail, pointer }] })
  }

  /** The first of those allowed that is not down; where all are, admission refuses the first. */
  #vantageOf({ vantages: names }: Allowed): Vantage {
    const { vantages } = this.#parts
    const fitting = vantages.all.filter(({ name }) => names.includes(name))
    const [vantage] = [...fitting.filter((one) => !vantages.isDown(one)), ...fitting]
    if (!vantage) throw new Error('a test was allowed from nowhere')
    return vantage
  }

  /** What a retry is told: the test of its key as it is today; null where there is none yet. */
  async #known(key: IdempotentRequest, caller: Caller, waits: boolean): Promise<Answer | null> {
    const id = await testOf(key, this.#parts.stores.claims)
    if (id === null) return null
    const result = await this.#archive.get(id, caller)
    if (!result) throw new Refused('not-found', 'The result of this idempotency key has run out: take a new key.')
    if (result.status === 'running' && waits) throw stillRunning(id)
    return { result, replayed: result.status === 'finished' }
  }

  /**
   * Requests of one key that come at once find no test of it, and all but one are refused, as a rule for the address that
   * the one has: they are answered by its test.
   */
  async #knownByNow(refusal: Refused, key: IdempotentRequest, caller: Caller, waits: boolean) {
    const known = await this.#known(key, caller, waits)
    if (known || refusal.slug !== 'target-busy') return known
    await sleep(LEASE_TO_CLAIM_MS)
    return this.#known(key, caller, waits)
  }

  /** The intent is logged before the quotas are taken: a log that fails must cost nobody a test. */
  async #admit(job: Job, key: IdempotentRequest | null, subject: QuotaSubject, quotas: TestQuotas): Promise<Admission> {
    const { customers, audit, vantages } = this.#parts
    if (!customers().testing) {
      throw new Refused('testing-off', 'Testing is switched off for now: try again later.', { retryAfter: 60 })
    }
    if (!job.asking.caller.sandbox && vantages.isDown(job.vantage)) {
      const detail = `Nothing can be tested from ${job.vantage.name} for now: try again later.`
      throw new Refused('vantage-down', detail, { retryAfter: vantages.secondsToNextLook })
    }
    const lastTest = () => this.#archive.lastTest(job.begun.ip, job.asking.caller)
    await refuseExceeded(await quotas.peek(subject), lastTest)
    return admit(job, key, this.#slots, this.#parts, async () => {
      auditIntent(audit, job)
      try {
        await refuseExceeded(await quotas.take(subject), lastTest)
      } catch (error) {
        auditRefusal(audit, job, error)
        throw error
      }
    })
  }

  /** Performs a test, and tells those who follow it. */
  async #performLive(job: Job, key: IdempotentRequest | null, admission: Admission): Promise<RelayTest> {
    const { id } = job.begun
    const live = new LiveTest()
    this.#live.set(id, live)
    let result: RelayTest | null = null
    try {
      result = await perform(job, key, admission, live, this.#parts)
      return result
    } finally {
      this.#live.delete(id)
      live.end(result)
      if (result?.reason === 'vantage-failed') this.#parts.vantages.suspect(job.vantage)
    }
  }

  #track(test: Promise<unknown>, stop: AbortController): void {
    this.#running.set(test, stop)
    // Whoever waits for the test hears of its fault.
    test.catch(() => {}).finally(() => this.#running.delete(test))
  }
}

function begin(request: TestRequest, { customer, domain }: Allowed, vantage: Vantage): Begun {
  const { address, port, suite, proof, reference } = request
  const publicIp = knownAddresses(vantage).find(({ family }) => family === address.family)
  return {
    id: randomUUID(),
    customerId: customer.id,
    reference: reference ?? null,
    ip: address.text,
    port,
    domain: domain?.name ?? null,
    domainSource: domain?.source ?? null,
    suite,
    proof,
    createdAt: new Date().toISOString(),
    testerVersion: VERSION,
    vantage: { name: vantage.name, ip: publicIp?.text ?? null, ehlo: vantage.ehlo },
  }
}
