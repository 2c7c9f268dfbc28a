import { type Caller, inScope } from '../access/callers.ts'
import type { Customer } from '../access/customers.ts'
import { QUOTAS, type QuotaName } from '../contract/limits.ts'
import type { LastTest } from '../contract/problems.ts'
import type { Stores } from '../store/stores.ts'
import type { Deliveries, Expectation } from './deliveries.ts'
import type { Errands } from './errands.ts'
import { claimFor, type IdempotentRequest } from './idempotency.ts'
import { expectArrivals, type Job, type Settings } from './job.ts'
import { takeLease } from './lease.ts'
import { bannedPlaceOf, placeOf } from './places.ts'
import { Refused } from './problem.ts'
import { runningResult } from './result.ts'
import type { Slots } from './slots.ts'

/** Whom a test counts for. */
export interface QuotaSubject {
  readonly caller: Caller
  readonly customer: Customer
  readonly target: string
  readonly network: string
  /** A quota that is used up whatever was counted: the sandbox's example of one. */
  readonly usedUp: QuotaName | null
}

/**
 * The tests quotas of one request. Both return what is exceeded, with the seconds until it is not. `peek` takes nothing,
 * and `take` either counts the test in all of them or in none.
 */
export interface TestQuotas {
  peek(subject: QuotaSubject): Promise<Exceeded | null>
  take(subject: QuotaSubject): Promise<Exceeded | null>
}
export interface Exceeded {
  readonly policies: readonly QuotaName[]
  readonly retryAfter: number
}

/** What admission draws on. */
export interface AdmissionParts {
  readonly stores: Pick<Stores, 'leases' | 'results' | 'claims' | 'refusals'>
  readonly deliveries: Deliveries | null
  readonly settings: Settings
  readonly errands: Errands
}

/** A test that may dial now. */
export interface Admission {
  readonly expectation: Expectation | null
  /** Whether the target refused things of ours within the last ten minutes. */
  readonly refusedBefore: boolean
  /** Gives the slot back when the test is over. */
  leave(): void
}

export const RETRY_SOON_SECONDS = 5
const LEASE_GRACE_MS = 10_000

/**
 * Takes what a test needs, in the order that docs give: slot, lease, record, and last what `commit` takes, the quotas.
 * Throws Refused or StoreUnavailable, and then nothing is kept.
 */
export async function admit(
  job: Job,
  key: IdempotentRequest | null,
  slots: Slots,
  { stores, deliveries, settings, errands }: AdmissionParts,
  commit: () => Promise<void>,
): Promise<Admission> {
  const { begun, asking } = job
  const { id, ip, customerId } = begun
  const place = placeOf(begun)
  const { leases, results, claims, refusals } = stores
  const leaveSlot = slots.take(asking.caller.id)
  if (!leaveSlot) {
    throw new Refused('at-capacity', 'All test slots, or all of this key, are taken.', {
      retryAfter: RETRY_SOON_SECONDS,
    })
  }
  const undo: (() => Promise<void>)[] = [() => leases.release(place, id)]
  let expectation: Expectation | null = null
  try {
    const holder = { testId: id, customerId }
    const busy = await takeLease(stores, place, holder, settings.deadlineMs + LEASE_GRACE_MS)
    if (busy) throw targetBusy(ip, inScope(asking.caller, busy.customerId) ? busy.testId : null)
    expectation = expectArrivals(job, settings, deliveries)
    const running = runningResult(begun)
    undo.push(() => results.remove(running))
    if (key) undo.push(() => claims.release(key.key, id))
    const [refusedBefore] = await Promise.all([
      refusals.recently(bannedPlaceOf(begun)),
      expectation?.announced,
      results.put(running),
      key && claimFor(id, key, claims),
    ])
    await commit()
    return { expectation, refusedBefore, leave: leaveSlot }
  } catch (error) {
    leaveSlot()
    expectation?.forget()
    // Not waited for: a store that does not answer would hold up the refusal. A command that seemed to fail may have been
    // carried out, so that what it did is undone all the same, on the next connection where this one is lost. Each step
    // goes by the id of the test, so that it is never too late.
    const work = async () => void (await Promise.all(undo.map((step) => step())))
    void errands.sooner({ what: 'undoing what a refused test had taken', id, log: asking.log, work })
    throw error
  }
}

function targetBusy(ip: string, testId: string | null): Refused {
  const detail = `${ip} is being tested right now: read that result, or try again in some seconds.`
  const location = testId === null ? {} : { location: `/relay-tests/${testId}` }
  return new Refused('target-busy', detail, { retryAfter: RETRY_SOON_SECONDS, ...location })
}

/**
 * Throws the refusal of a test that a quota is used up for.
 *
 * @param lastTest what may be read instead, where it is the address that was tested too often
 */
export async function refuseExceeded(
  exceeded: Exceeded | null,
  lastTest: () => Promise<LastTest | null>,
): Promise<void> {
  if (!exceeded) return
  const { policies, retryAfter } = exceeded
  const what = policies.map((name) => `${QUOTAS[name]} (${name})`).join(', ')
  const detail = `Used up: ${what}. Try again in ${retryAfter} s; GET /limits shows the quotas.`
  const known = policies.includes('tests-target') ? await lastTest() : null
  throw new Refused('quota-exceeded', detail, {
    violatedPolicies: policies,
    retryAfter,
    ...(known ? { lastTest: known } : {}),
  })
}
