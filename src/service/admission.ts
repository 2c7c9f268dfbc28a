/** Admits a test: takes what it needs before it may dial, step by step, and gives everything back if a step fails. */
import { inScope } from '../access/callers.ts'
import { QUOTAS } from '../contract/limits.ts'
import type { Stores } from '../store/stores.ts'
import type { Archive } from './archive.ts'
import type { Expectation } from './arrivals.ts'
import { auditIntent, auditRefusal } from './audit.ts'
import type { AuditFile } from './audit-file.ts'
import type { Background } from './background.ts'
import { claimFor } from './idempotency.ts'
import type { Job, Settings } from './job.ts'
import { leaseMsFor, takeLease } from './lease.ts'
import { RETRY_SOON_SECONDS, RequestProblem } from './problem.ts'
import type { Exceeded, QuotaSubject, TestQuotas } from './quotas.ts'
import { runningResult } from './result.ts'
import type { Slots } from './slots.ts'
import { Undo } from './undo.ts'
import { banPlaceOf, type World } from './world.ts'

/** The parts of the service that admission uses, and the world of the caller. */
export interface AdmissionParts {
  readonly world: World
  readonly slots: Slots
  readonly stores: Pick<Stores, 'leases' | 'results' | 'claims' | 'recentRefusals'>
  readonly archive: Pick<Archive, 'lastTest'>
  readonly quotas: TestQuotas
  readonly audit: AuditFile
  readonly background: Background
  readonly settings: Settings
  readonly testingIsOn: () => boolean
}

/** A test that may dial now. */
export interface Admission {
  readonly expectation: Expectation | null
  /** Whether the target refused our commands within the last ten minutes. */
  readonly refusedBefore: boolean
  /** Gives the slot back. Must be called when the test is over. */
  leaveSlot(): void
}

/**
 * Admits a test. Each step throws RequestProblem, StoreUnavailable or MemoryLost, or registers how to undo it. If a
 * later step throws, nothing of the test is left.
 */
export async function admit(job: Job, parts: AdmissionParts): Promise<Admission> {
  const undo = new Undo()
  try {
    requireTesting(parts)
    requireVantage(job, parts)
    await requireQuotas(job, parts)
    const leaveSlot = takeSlot(job, parts, undo)
    await leaseTarget(job, parts, undo)
    const { expectation, refusedBefore } = await putRecord(job, parts, undo)
    await claimKey(job, parts, undo)
    await writeIntent(job, parts, undo)
    // Comes last: if the audit log cannot be written, no quota is used.
    await takeQuotas(job, parts)
    return { expectation, refusedBefore, leaveSlot }
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
}

const RETRY_TESTING_SECONDS = 60

function requireTesting({ testingIsOn }: AdmissionParts): void {
  if (testingIsOn()) return
  const detail = 'The operator of this service has switched testing off. Try again later.'
  throw new RequestProblem('testing-off', detail, { retryAfter: RETRY_TESTING_SECONDS })
}

function requireVantage({ vantage }: Job, { world: { vantages } }: AdmissionParts): void {
  if (!vantages.isDown(vantage)) return
  const detail = `The vantage ${vantage.name} is down, so nothing can be tested from it. Try again later.`
  throw new RequestProblem('vantage-down', detail, { retryAfter: vantages.secondsToNextLook })
}

async function requireQuotas(job: Job, parts: AdmissionParts): Promise<void> {
  const exceeded = await parts.quotas.peek(subjectOf(job, parts), job.context.quotaStates)
  if (exceeded) throw await quotaProblem(exceeded, job, parts)
}

function takeSlot({ context }: Job, { slots }: AdmissionParts, undo: Undo): () => void {
  const leave = slots.take(context.caller.id)
  if (!leave) {
    const detail = 'All test slots of the service, or of this key, are taken.'
    throw new RequestProblem('at-capacity', detail, { retryAfter: RETRY_SOON_SECONDS })
  }
  undo.here(leave)
  return leave
}

async function leaseTarget({ test, context }: Job, parts: AdmissionParts, undo: Undo): Promise<void> {
  const { world, settings, stores } = parts
  const { id, ip, customerId } = test
  const place = world.placeOf(test)
  undo.inStores(() => stores.leases.release(place, id))
  const wanted = { testId: id, customerId }
  const holder = await takeLease(stores, place, wanted, leaseMsFor(settings.deadlineMs))
  if (!holder) return
  const isVisible = inScope(context.caller, holder.customerId)
  throw new RequestProblem(
    'target-busy',
    `${ip} is being tested right now: read that result, or try again in a few seconds.`,
    {
      retryAfter: RETRY_SOON_SECONDS,
      ...(isVisible ? { location: `/relay-tests/${holder.testId}` } : {}),
    },
  )
}

/** Makes the test visible: its result to callers, its tokens to the mailbox of every replica. */
async function putRecord(job: Job, { world, stores }: AdmissionParts, undo: Undo) {
  const expectation = world.expectArrivals(job)
  undo.here(() => expectation?.forget())
  const running = runningResult(job.test)
  undo.inStores(() => stores.results.remove(running))
  const [refusedBefore] = await Promise.all([
    stores.recentRefusals.recently(banPlaceOf(world, job.test)),
    expectation?.announced,
    stores.results.put(running),
  ])
  return { expectation, refusedBefore }
}

async function claimKey({ test, key }: Job, { stores: { claims } }: AdmissionParts, undo: Undo): Promise<void> {
  if (!key) return
  undo.inStores(() => claims.release(key.key, test.id))
  await claimFor(test.id, key, claims)
}

async function writeIntent(job: Job, { audit }: AdmissionParts, undo: Undo): Promise<void> {
  await auditIntent(audit, job)
  undo.here((error) => auditRefusal(audit, job, error))
}

async function takeQuotas(job: Job, parts: AdmissionParts): Promise<void> {
  const exceeded = await parts.quotas.take(subjectOf(job, parts), job.context.quotaStates)
  if (exceeded) throw await quotaProblem(exceeded, job, parts)
}

const subjectOf = ({ context, customer, request, test }: Job, { world }: AdmissionParts): QuotaSubject => ({
  caller: context.caller,
  customer,
  ...world.countersOf(request.address, test.id),
})

/** Returns the problem of a used-up quota. If it is the address quota, adds the newest verdict on the address. */
async function quotaProblem(
  { policies, retryAfter }: Exceeded,
  { test, context }: Job,
  { archive }: AdmissionParts,
): Promise<RequestProblem> {
  const counted = policies.map((name) => `${QUOTAS[name]} (${name})`).join(', ')
  const which = policies.length > 1 ? 'These quotas are' : 'This quota is'
  const detail = `${which} used up: ${counted}. Try again in ${retryAfter} s; GET /limits shows the quotas.`
  const lastTest = policies.includes('tests-target') ? await archive.lastTest(test.ip, context.caller) : null
  const members = { violatedPolicies: policies, retryAfter, ...(lastTest ? { lastTest } : {}) }
  return new RequestProblem('quota-exceeded', detail, members)
}
