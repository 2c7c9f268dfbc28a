/** Admits a test: takes what it needs before it may dial, step by step, and gives everything back if a step fails. */
import { inScope } from '../access/callers.ts'
import { QUOTAS } from '../contract/limits.ts'
import type { Stores } from '../store/stores.ts'
import type { Archive } from './archive.ts'
import type { Expectation, ExpectedMail } from './arrivals.ts'
import { auditIntent, auditRefusal } from './audit.ts'
import type { AuditFile } from './audit-file.ts'
import type { Background } from './background.ts'
import { claimFor } from './idempotency.ts'
import type { Job, Settings } from './job.ts'
import { leaseMsFor, takeLease } from './lease.ts'
import { RETRY_SOON_SECONDS, RequestProblem, timeAfter } from './problem.ts'
import type { Exceeded, QuotaSubject, TestQuotas } from './quotas.ts'
import { runningResult } from './result.ts'
import type { Slots } from './slots.ts'
import { Undo } from './undo.ts'
import { banNameOf, type World } from './world.ts'

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
    const subject = await subjectOf(job, parts)
    await requireQuotas(subject, job, parts)
    const leaveSlot = takeSlot(job, parts, undo)
    await leaseTarget(job, parts, undo)
    const [{ expectation, refusedBefore }] = await Promise.all([
      expectMail(job, null, parts, undo),
      putRecord(job, parts, undo),
    ])
    await claimKey(job, parts, undo)
    await writeIntent(job, parts, undo)
    // Comes last: if the audit log cannot be written, no quota is used.
    await takeQuotas(subject, job, parts)
    return { expectation, refusedBefore, leaveSlot }
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
}

/**
 * Admits a follow-up. It counts in no quota and takes no slot. Throws like `admit`; then nothing of the visit is left.
 *
 * @param mail the mail of the earlier visits
 */
export async function readmit(
  job: Job,
  mail: ExpectedMail,
  parts: Omit<AdmissionParts, 'slots' | 'quotas'>,
): Promise<Omit<Admission, 'leaveSlot'>> {
  const undo = new Undo()
  try {
    requireTesting(parts)
    requireVantage(job, parts)
    await leaseTarget(job, parts, undo, true)
    const readmitted = await expectMail(job, mail, parts, undo)
    await writeIntent(job, parts, undo)
    return readmitted
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
}

const RETRY_TESTING_SECONDS = 60

/** Throws if the operator has switched testing off. */
export function requireTesting({ testingIsOn }: Pick<AdmissionParts, 'testingIsOn'>): void {
  if (testingIsOn()) return
  const detail = 'The operator of this service has switched testing off. Try again later.'
  throw new RequestProblem('testing-off', detail, { retryAfter: RETRY_TESTING_SECONDS })
}

/** Throws if the vantage of a test is down. */
export function requireVantage({ vantage }: Job, { world: { vantages } }: Pick<AdmissionParts, 'world'>): void {
  if (!vantages.isDown(vantage)) return
  const detail = `The vantage ${vantage.name} is down, so nothing can be tested from it. Try again later.`
  throw new RequestProblem('vantage-down', detail, { retryAfter: vantages.secondsToNextLook })
}

async function requireQuotas(subject: QuotaSubject, job: Job, parts: AdmissionParts): Promise<void> {
  const exceeded = await parts.quotas.peek(subject, job.context.quotaStates)
  if (exceeded) throw await quotaProblem(exceeded, job, parts)
}

function takeSlot({ context, isAwaited }: Job, { slots }: AdmissionParts, undo: Undo): () => void {
  const leave = slots.take(context.caller.id, isAwaited)
  if (!leave) throw atCapacity('All test slots of the service, or of this key, are taken.')
  undo.here(leave)
  return leave
}

/** Returns the problem of a test that found no free slot, or no room on the waiting list. */
export const atCapacity = (detail: string): RequestProblem =>
  new RequestProblem('at-capacity', detail, { retryAfter: RETRY_SOON_SECONDS })

/** Takes the lease of the target. */
export async function leaseTarget(
  { test, context }: Job,
  parts: Pick<AdmissionParts, 'world' | 'settings' | 'stores'>,
  undo: Undo,
  isFollowUp = false,
): Promise<void> {
  const { world, settings, stores } = parts
  const { id, ip, customerId } = test
  const place = world.leaseNameOf(test)
  const release = () => stores.leases.release(place, id)
  if (test.queuedAt === null) undo.inStores(release)
  const wanted = { testId: id, customerId, ...(isFollowUp ? { isFollowUp } : {}) }
  const holder = await takeLease(stores, place, wanted, leaseMsFor(settings.deadlineMs))
  // A test from the waiting list is admitted again with the same id, so its lease must not be released late.
  if (!holder && test.queuedAt !== null) undo.here(() => release().catch(() => {}))
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

/**
 * Makes the tokens of the test known to the mailbox of every replica.
 *
 * @param earlier the mail of an earlier visit; null for the first visit
 */
export async function expectMail(
  job: Job,
  earlier: ExpectedMail | null,
  { world, stores }: Pick<AdmissionParts, 'world' | 'stores'>,
  undo: Undo,
): Promise<Omit<Admission, 'leaveSlot'>> {
  const expecting = world.expectArrivals(job, earlier)
  undo.here(() => void expecting.then((expectation) => expectation?.forget()).catch(() => {}))
  const refused = stores.recentRefusals.recently(banNameOf(world, job.test, job.vantage))
  const [expectation, refusedBefore] = await Promise.all([expecting, refused])
  return { expectation, refusedBefore }
}

/** Makes the test visible to callers. */
export async function putRecord({ test }: Job, { stores }: Pick<AdmissionParts, 'stores'>, undo: Undo): Promise<void> {
  const running = runningResult(test)
  undo.inStores(() => stores.results.remove(running))
  await stores.results.put(running)
}

/** Claims the idempotency key, if there is one. */
export async function claimKey({ test, key }: Job, { stores: { claims } }: AdmissionParts, undo: Undo): Promise<void> {
  if (!key) return
  undo.inStores(() => claims.release(key.key, test.id))
  await claimFor(test.id, key, claims)
}

/** Writes the line of the audit log that must come before any dial. */
export async function writeIntent(job: Job, { audit }: Pick<AdmissionParts, 'audit'>, undo: Undo): Promise<void> {
  await auditIntent(audit, job, job.vantage)
  undo.here((error) => auditRefusal(audit, job, error))
}

/** Counts the test in its quotas. */
export async function takeQuotas(subject: QuotaSubject, job: Job, parts: AdmissionParts): Promise<void> {
  const exceeded = await parts.quotas.take(subject, job.context.quotaStates)
  if (exceeded) throw await quotaProblem(exceeded, job, parts)
}

/** Returns the caller, the customer and the target whose counters a test uses. */
export async function subjectOf(
  { context: { caller }, customer, request, test }: Pick<Job, 'context' | 'customer' | 'request' | 'test'>,
  { world, archive }: Pick<AdmissionParts, 'world' | 'archive'>,
): Promise<QuotaSubject> {
  const lastTest = await archive.lastTest(test, caller)
  return { caller, customer, ...world.countersOf(request, test.id), followsOpen: lastTest?.verdict === 'open' }
}

/** Returns the problem of a used-up quota. If it is the quota of the target, adds the newest verdict on the target. */
async function quotaProblem(
  { policies, retryAfter }: Exceeded,
  { test, context }: Job,
  { archive }: AdmissionParts,
): Promise<RequestProblem> {
  const counted = policies.map((name) => `${QUOTAS[name]} (${name})`).join(', ')
  const which = policies.length > 1 ? 'These quotas are' : 'This quota is'
  const detail = `${which} used up: ${counted}. Try again at ${timeAfter(retryAfter)}; GET /limits?ip=${test.ip}&port=${test.port} shows the quotas.`
  const lastTest = policies.includes('tests-target') ? await archive.lastTest(test, context.caller) : null
  const members = { violatedPolicies: policies, retryAfter, ...(lastTest ? { lastTest } : {}) }
  return new RequestProblem('quota-exceeded', detail, members)
}
