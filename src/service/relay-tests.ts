import { randomUUID } from 'node:crypto'
import type { Caller } from '../access/callers.ts'
import type { Customer, Customers } from '../access/customers.ts'
import { type Decision, decide } from '../access/decide.ts'
import type { QuotaName } from '../contract/limits.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import { type Address, canonicalNetwork } from '../ip/address.ts'
import { tokenFor } from '../mailbox/tokens.ts'
import type { Form, TestAddresses } from '../relay/forms.ts'
import { buildMessage, type Tester } from '../relay/message.ts'
import { type RunResult, run } from '../relay/run.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { Leases } from '../store/leases.ts'
import type { Results } from '../store/results.ts'
import { originOf, type Vantage } from '../vantage/vantages.ts'
import { VERSION } from '../version.ts'
import type { Audit } from './audit.ts'
import { Refused } from './problem.ts'
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
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
  readonly settings: {
    readonly deadlineMs: number
    readonly maxConcurrent: number
    readonly mailboxDomain: string
    readonly mailboxKey: string
    readonly tester: Tester
  }
}

/** Kept back from the deadline, so that QUIT and the answer are in time. */
const FAREWELL_MS = 2_000
const LEASE_GRACE_MS = 10_000
const RETRY_SOON_SECONDS = 5

type Admitted = Extract<Decision, { ok: true }>

/** Relay tests from admission to result. Refusals are thrown as Refused, in the order that docs give. */
export class RelayTests {
  readonly #parts: ServiceParts
  readonly #slots: Slots

  constructor(parts: ServiceParts) {
    this.#parts = parts
    this.#slots = makeSlots(parts.settings.maxConcurrent)
  }

  /** How many tests one caller may have running at once. */
  get concurrentPerCaller(): number {
    return this.#slots.perCaller
  }

  /** Runs one test and returns its result. `gone` is aborted when nobody waits for it any more. */
  async start(request: TestRequest, caller: Caller, quotas: TestQuotas, gone: AbortSignal): Promise<RelayTest> {
    const customers = this.#parts.customers()
    const vantage = this.#parts.vantage()
    const admitted = admit(request, caller, customers, vantage)
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
      return await this.#withLease(request, caller, admitted, vantage, gone, async () =>
        refuseExceeded(await quotas.take(subject)),
      )
    } finally {
      leave()
    }
  }

  /** A result, or null where there is none that this caller may see. */
  async get(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.#parts.results.get(id)
    return result && mayName(caller, result.customerId) ? result : null
  }

  async #withLease(
    request: TestRequest,
    caller: Caller,
    admitted: Admitted,
    vantage: Vantage,
    gone: AbortSignal,
    takeQuotas: () => Promise<void>,
  ): Promise<RelayTest> {
    const { leases, settings } = this.#parts
    const begun = begin(request, admitted, vantage)
    const holder = { testId: begun.id, customerId: begun.customerId }
    const busy = await leases.acquire(begun.ip, holder, settings.deadlineMs + LEASE_GRACE_MS)
    if (busy) {
      const location = mayName(caller, busy.customerId) ? { location: `/relay-tests/${busy.testId}` } : {}
      throw new Refused('target-busy', `${begun.ip} is being tested right now.`, {
        retryAfter: RETRY_SOON_SECONDS,
        ...location,
      })
    }
    try {
      return await this.#perform(begun, request, caller, vantage, gone, takeQuotas)
    } finally {
      await leases.release(begun.ip, begun.id)
    }
  }

  /** The intent is logged before the quotas are taken: a log that fails must cost nobody a test. */
  async #perform(
    begun: Begun,
    request: TestRequest,
    caller: Caller,
    vantage: Vantage,
    gone: AbortSignal,
    takeQuotas: () => Promise<void>,
  ): Promise<RelayTest> {
    const { results, log } = this.#parts
    const { id, customerId, reference, ip, port } = begun
    const who = { id, caller: caller.id, customer: customerId, reference, ip, port }
    this.#auditIntent({ ...who, domain: begun.domain, proof: begun.proof, vantage: begun.vantage.name })
    try {
      await takeQuotas()
    } catch (error) {
      this.#auditResult({ ...who, refused: error instanceof Refused ? error.slug : 'internal-error' })
      throw error
    }
    await results.put(runningResult(begun))
    let result = brokenResult(begun)
    try {
      const startedAt = performance.now()
      const transcript = new Transcript()
      const ran = await this.#run(begun, request, vantage, transcript, gone)
      result = finishedResult(begun, ran, transcript, Math.round(performance.now() - startedAt))
      return result
    } finally {
      await results.put(result)
      const { verdict, evidence, reason, cause, durationMs: ms } = result
      const outcome = { ...who, verdict, evidence, reason, cause, ms, callerGone: gone.aborted }
      log.info(outcome, 'relay test')
      this.#auditResult(outcome)
    }
  }

  #auditIntent(intent: object): void {
    try {
      this.#parts.audit({ audit: 'intent', ...intent })
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the audit log cannot be written')
      throw new Refused('audit-unavailable', 'Nothing is tested that cannot be logged: try again later.', {
        retryAfter: 60,
      })
    }
  }

  /** The test is made: a log that fails now is reported, and keeps the next test from its dial. */
  #auditResult(outcome: object): void {
    try {
      this.#parts.audit({ audit: 'result', ...outcome })
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the audit log cannot be written')
    }
  }

  #run(
    begun: Begun,
    request: TestRequest,
    vantage: Vantage,
    transcript: Transcript,
    gone: AbortSignal,
  ): Promise<RunResult> {
    const { settings } = this.#parts
    const { address, port, suite, proof } = request
    const now = new Date()
    const local = (form: string) =>
      tokenFor(settings.mailboxKey, { customer: begun.customerId, address: begun.ip, port, form }, now)
    const at = (token: string) => `${token}@${settings.mailboxDomain}`
    return run({
      route: {
        address,
        port,
        bind: vantage.bind.find(({ family }) => family === address.family) ?? null,
        ehlo: vantage.ehlo,
        deadline: performance.now() + settings.deadlineMs - FAREWELL_MS,
        transcript,
        stop: gone,
      },
      suite,
      proof,
      domain:
        begun.domain !== null && begun.domainSource !== null
          ? { name: begun.domain, source: begun.domainSource }
          : null,
      addressesFor: (form: Form): TestAddresses => ({ sender: at(local('sender')), recipient: at(local(form.id)) }),
      messageFor: (addresses) => buildMessage(addresses, settings.tester, now),
    })
  }
}

function admit(request: TestRequest, caller: Caller, customers: Customers, vantage: Vantage): Admitted {
  const { address, customerId, domain } = request
  const wish = { address, customerId: customerId ?? null, domain: domain ?? null }
  const decision = decide(wish, caller, customers, originOf(vantage))
  if (!decision.ok) throw new Refused(decision.problem, `${decision.detail}.`)
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
  const detail = `Used up: ${policies.join(', ')}. Try again in ${retryAfter} s; GET /limits shows the quotas.`
  throw new Refused('quota-exceeded', detail, { violatedPolicies: policies, retryAfter })
}
