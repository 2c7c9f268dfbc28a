/** Admits a test that waits for a slot in two steps: onto the waiting list, and from there to its start. */
import type { RelayTest } from '../contract/relay-test.ts'
import {
  type Admission,
  type AdmissionParts,
  atCapacity,
  claimKey,
  expectMail,
  leaseTarget,
  putRecord,
  requireVantage,
  subjectOf,
  takeQuotas,
  writeIntent,
} from './admission.ts'
import type { Job } from './job.ts'
import type { QuotaSubject } from './quotas.ts'
import { runningResult } from './result.ts'
import { Undo } from './undo.ts'
import type { WaitingList } from './waiting-list.ts'

interface WaitingListParts extends AdmissionParts {
  readonly waitingList: WaitingList
}

/**
 * Puts a test that got no slot on the waiting list, and returns its result so far. Claims its key and counts its quotas
 * now. Throws as `admit` does; then nothing of the test is left.
 */
export async function admitToWaitingList(asked: Job, parts: WaitingListParts): Promise<RelayTest> {
  const undo = new Undo()
  const job = { ...asked, test: { ...asked.test, queuedAt: new Date().toISOString(), startedAt: null } }
  try {
    await putRecord(job, parts, undo)
    await claimKey(job, parts, undo)
    const subject = await subjectOf(job, parts)
    await takeQuotas(subject, job, parts)
    await joinWaitingList(subject, job, parts, undo)
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
  return { ...runningResult(job.test), position: await parts.waitingList.positionOf(job.test.id).catch(() => null) }
}

/**
 * Admits a test that has waited and now has a slot. Throws as `admit` does. If a step fails, the test can still be
 * admitted later.
 */
export async function admitFromWaitingList(job: Job, leaveSlot: () => void, parts: AdmissionParts): Promise<Admission> {
  const undo = new Undo()
  undo.here(leaveSlot)
  try {
    requireVantage(job, parts)
    await leaseTarget(job, parts, undo)
    const mail = await expectMail(job, null, parts, undo)
    await writeIntent(job, parts, undo)
    // Comes last: once the result has a start, the test is never started again.
    await parts.stores.results.put(runningResult(job.test))
    return { ...mail, leaveSlot }
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
}

/** Adds a test to the end of the waiting list. If it is full, gives the quotas back. */
async function joinWaitingList(subject: QuotaSubject, job: Job, parts: WaitingListParts, undo: Undo): Promise<void> {
  const { test, context, key, request } = job
  const { address, ...asked } = request
  const waiting = {
    id: test.id,
    queuedAt: test.queuedAt ?? test.createdAt,
    caller: context.caller.id,
    requestId: context.requestId,
    key,
    request: { ...asked, ip: address.text },
  }
  undo.inStores(() => parts.waitingList.leave(waiting))
  undo.here(() => parts.quotas.giveBack(subject, context.quotaStates).catch(() => {}))
  if (await parts.waitingList.join(waiting)) return
  throw atCapacity('All test slots are taken, and the list of tests that wait for one is full.')
}
