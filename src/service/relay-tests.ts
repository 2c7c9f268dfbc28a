import { randomUUID } from 'node:crypto'
import type { Caller } from '../access/callers.ts'
import type { Customer, Customers } from '../access/customers.ts'
import { type Decision, decide } from '../access/decide.ts'
import { QUOTAS, type QuotaName } from '../contract/limits.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import { type Address, canonicalNetwork } from '../ip/address.ts'
import type { RunResult } from '../relay/run.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { Leases } from '../store/leases.ts'
import type { Results } from '../store/results.ts'
import { originOf, type Vantage } from '../vantage/vantages.ts'
import { VERSION } from '../version.ts'
import type { Audit } from './audit.ts'
import { DELIVERY_TTL_MS, type Deliveries } from './deliveries.ts'
import { type Asking, expectArrivals, hasSent, type Job, runJob, type Settings, withSeen } from './job.ts'
import { Refused } from './problem.ts'
import { Refusals } from './refusals.ts'
import type { TestRequest } from './request.ts'
import { type Begun, brokenResult, finishedResult, runningResult } from './result.ts'
import { makeSlots, type Slots } from './slots.ts'

export type { Caller }

/** Whom a test counts for. */
export interface QuotaSubject {
  readonly caller: Caller
  readonly customer: Customer
  readonly target: string
  readonly network: string
}

/** The tests quotas of one request. Both return what is exceeded, with the seconds until it is not; `peek` takes nothing. */
export interface TestQuotas {
  peek(subject: QuotaSubject): Promise<Exceeded | null>
  take(subject: QuotaSubject): Promise<Exceeded | null>
}
export interface Exceeded {
  readonly policies: readonly QuotaName[]
  readonly retryAfter: number
}

/** What the service is made of. `customers` and `vantage` are looked up anew for each test: their files reload. */
export interface ServiceParts {
  readonly customers: () => Customers
  readonly vantage: () => Vantage
  readonly audit: Audit
  readonly leases: Leases
  readonly results: Results
  /** Null where the installation has no mailbox. */
  readonly deliveries: Deliveries | null
  readonly settings: Settings
}

const LEASE_GRACE_MS = 10_000
const RETRY_SOON_SECONDS = 5

type Admitted = Extract<Decision, { ok: true }>

/** Relay tests from admission to result. Refusals are thrown as Refused, in the order that docs give. */
export class RelayTests {
  readonly #parts: ServiceParts
  readonly #slots: Slots
  readonly #refusals = new Refusals()
  readonly #running = new Set<Promise<RelayTest>>()
  #stop = new AbortController()

  constructor(parts: ServiceParts) {
    this.#parts = parts
    this.#slots = makeSlots(parts.settings.maxConcurrent)
  }

  /** How many tests one caller may have running at once. */
  get concurrentPerCaller(): number {
    return this.#slots.perCaller
  }

  /** Stops every running test at its next command: testing was switched off. */
  stopAll(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
  }

  /** Resolves when no test runs any more, those whose callers have left included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  /** Runs one test and returns its result. */
  async start(request: TestRequest, asking: Asking, quotas: TestQuotas): Promise<RelayTest> {
    const test = this.#start(request, { ...asking, gone: AbortSignal.any([asking.gone, this.#stop.signal]) }, quotas)
    this.#running.add(test)
    return test.finally(() => this.#running.delete(test))
  }

  async #start(request: TestRequest, asking: Asking, quotas: TestQuotas): Promise<RelayTest> {
    const { caller } = asking
    const customers = this.#parts.customers()
    const vantage = this.#parts.vantage()
    const admitted = admit(request, caller, customers, vantage)
    if (request.proof === 'delivery' && !this.#parts.deliveries) {
      const detail = 'This installation has no mailbox: ask for proof "message", or leave it out.'
      throw new Refused('proof-unavailable', detail, { errors: [{ detail, pointer: '/proof' }] })
    }
    if (!customers.testing)
      throw new Refused('testing-off', 'Testing is switched off for now: try again later.', { retryAfter: 60 })
    const subject = subjectOf(request.address, caller, admitted)
    refuseExceeded(await quotas.peek(subject))
    const leave = this.#slots.take(caller.id)
    if (!leave) {
      throw new Refused('at-capacity', 'All test slots, or all of this key, are taken.', {
        retryAfter: RETRY_SOON_SECONDS,
      })
    }
    try {
      const job = { request, asking, vantage, begun: begin(request, admitted, vantage) }
      return await this.#withLease(job, async () => refuseExceeded(await quotas.take(subject)))
    } finally {
      leave()
    }
  }

  /** A result, or null where there is none that this caller may see. */
  async get(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.#parts.results.get(id)
    return result && mayName(caller, result.customerId) ? result : null
  }

  async #withLease(job: Job, takeQuotas: () => Promise<void>): Promise<RelayTest> {
    const { leases, settings } = this.#parts
    const { begun } = job
    const holder = { testId: begun.id, customerId: begun.customerId }
    const busy = await leases.acquire(begun.ip, holder, settings.deadlineMs + LEASE_GRACE_MS)
    if (busy) {
      const location = mayName(job.asking.caller, busy.customerId) ? { location: `/relay-tests/${busy.testId}` } : {}
      throw new Refused(
        'target-busy',
        `${begun.ip} is being tested right now: read that result, or try again in some seconds.`,
        {
          retryAfter: RETRY_SOON_SECONDS,
          ...location,
        },
      )
    }
    try {
      return await this.#perform(job, takeQuotas)
    } finally {
      await leases.release(begun.ip, begun.id)
    }
  }

  /** The intent is logged before the quotas are taken: a log that fails must cost nobody a test. */
  async #perform(job: Job, takeQuotas: () => Promise<void>): Promise<RelayTest> {
    const { begun, asking } = job
    const { id, customerId, reference, ip, port } = begun
    const who = { id, caller: asking.caller.id, customer: customerId, reference, ip, port, requestId: asking.requestId }
    this.#auditIntent(asking, { ...who, domain: begun.domain, proof: begun.proof, vantage: begun.vantage.name })
    try {
      await takeQuotas()
    } catch (error) {
      this.#auditResult(asking, { ...who, refused: error instanceof Refused ? error.slug : 'internal-error' })
      throw error
    }
    const { results, settings, deliveries } = this.#parts
    await results.put(runningResult(begun))
    let result = brokenResult(begun)
    try {
      const startedAt = performance.now()
      const transcript = new Transcript()
      const expectation = expectArrivals(job, settings, deliveries)
      const ran = await runJob(job, settings, transcript, expectation, this.#refusals.recently(begun.ip))
      if (ran.findings.attempts.some(({ exchanges }) => exchanges.some(({ reply }) => reply.code >= 400))) {
        this.#refusals.note(begun.ip)
      }
      const durationMs = Math.round(performance.now() - startedAt)
      const amendableMs = expectation && hasSent(ran) ? DELIVERY_TTL_MS : 0
      const conclude = (seen: RunResult, amendedAt: Date | null) =>
        finishedResult(begun, seen, transcript, { durationMs, amendableMs, amendedAt })
      result = conclude(ran, null)
      if (amendableMs === 0) expectation?.forget()
      else expectation?.settle((form, seen) => void this.#amend(job, conclude(withSeen(ran, form, seen), new Date())))
      return result
    } finally {
      await results.put(result)
      const { verdict, evidence, reason, cause, durationMs: ms } = result
      const outcome = { ...who, verdict, evidence, reason, cause, ms, callerGone: asking.gone.aborted }
      asking.log.info(outcome, 'relay test')
      this.#auditResult(asking, outcome)
    }
  }

  #auditIntent({ log }: Asking, intent: object): void {
    try {
      this.#parts.audit({ audit: 'intent', ...intent })
    } catch (error) {
      log.error({ err: error }, 'the audit log cannot be written')
      throw new Refused('audit-unavailable', 'Nothing is tested that cannot be logged: try again later.', {
        retryAfter: 60,
      })
    }
  }

  /** A message or bounce that came after the wait: the result is judged anew. */
  async #amend({ asking, begun }: Job, result: RelayTest): Promise<void> {
    await this.#parts.results.put(result)
    const { verdict, evidence, reason, cause } = result
    asking.log.info({ id: begun.id, verdict, evidence, reason, cause }, 'relay test amended')
  }

  /** The test is made: a log that fails now is reported, and keeps the next test from its dial. */
  #auditResult({ log }: Asking, outcome: object): void {
    try {
      this.#parts.audit({ audit: 'result', ...outcome })
    } catch (error) {
      log.error({ err: error }, 'the audit log cannot be written')
    }
  }
}

function admit(request: TestRequest, caller: Caller, customers: Customers, vantage: Vantage): Admitted {
  const { address, customerId, domain } = request
  const wish = { address, customerId: customerId ?? null, domain: domain ?? null }
  const decision = decide(wish, caller, customers, originOf(vantage))
  if (!decision.ok) {
    const { problem, detail, pointer } = decision
    throw new Refused(problem, `${detail}.`, { errors: [{ detail, pointer }] })
  }
  return decision
}

function begin(request: TestRequest, { customer, domain }: Admitted, vantage: Vantage): Begun {
  const { address, port, suite, proof, reference } = request
  const publicIp = [...vantage.publicIps, ...vantage.bind].find(({ family }) => family === address.family)
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

const subjectOf = (address: Address, caller: Caller, { customer }: Admitted): QuotaSubject => ({
  caller,
  customer,
  target: address.text,
  network: canonicalNetwork(address),
})

const mayName = ({ customers }: Caller, customerId: string): boolean => customers === 'all' || customers.has(customerId)

function refuseExceeded(exceeded: Exceeded | null): void {
  if (!exceeded) return
  const { policies, retryAfter } = exceeded
  const what = policies.map((name) => `${QUOTAS[name]} (${name})`).join(', ')
  const detail = `Used up: ${what}. Try again in ${retryAfter} s; GET /limits shows the quotas.`
  throw new Refused('quota-exceeded', detail, { violatedPolicies: policies, retryAfter })
}
