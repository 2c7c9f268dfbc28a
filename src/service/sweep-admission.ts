/** Admits the tests of sweeps: they count for their target only, and at most one at a time runs in a network. */
import {
  type Admission,
  type AdmissionParts,
  atCapacity,
  expectMail,
  leaseTarget,
  putRecord,
  requireTesting,
  requireVantage,
  writeIntent,
} from './admission.ts'
import type { Job } from './job.ts'
import { leaseMsFor, takeLease } from './lease.ts'
import { RETRY_SOON_SECONDS, RequestProblem } from './problem.ts'
import { Undo } from './undo.ts'

type SweepParts = Omit<AdmissionParts, 'archive'>

/**
 * Admits a test of a sweep. Throws as `admit` does; then nothing of the test is left.
 *
 * @param note tells the sweep that the test begins; if it rejects, the test does not begin
 */
export async function admitForSweep(job: Job, note: () => Promise<void>, parts: SweepParts): Promise<Admission> {
  const undo = new Undo()
  try {
    requireTesting(parts)
    requireVantage(job, parts)
    const leaveSlot = takeSlot(job, parts, undo)
    const leaveNetwork = await leaseNetwork(job, parts, undo)
    await leaseTarget(job, parts, undo)
    const [mail] = await Promise.all([expectMail(job, null, parts, undo), putRecord(job, parts, undo)])
    // Comes before the audit log: a target that must wait is tried many times, and each try would write a line.
    await countTarget(job, parts)
    await writeIntent(job, parts, undo)
    // Comes last: once the sweep knows the test, it begins no other one of this target.
    await note()
    return {
      ...mail,
      leaveSlot() {
        leaveSlot()
        void leaveNetwork().catch(() => {})
      },
    }
  } catch (error) {
    await undo.all(error, job, parts.background)
    throw error
  }
}

/** Counts the test for its target only. */
async function countTarget({ request, test }: Job, { quotas, world }: SweepParts): Promise<void> {
  const counters = world.countersOf(request, test.id)
  if (counters.usedUp !== null) {
    const detail = `The quota ${counters.usedUp} of ${test.ip} is used up, as always in the sandbox.`
    throw new RequestProblem('quota-exceeded', detail, { violatedPolicies: [counters.usedUp] })
  }
  const exceeded = await quotas.takeTarget(counters)
  if (!exceeded) return
  const { policies: violatedPolicies, retryAfter } = exceeded
  throw new RequestProblem('quota-exceeded', `${test.ip} was tested too often.`, { violatedPolicies, retryAfter })
}

function takeSlot({ context }: Job, { slots }: SweepParts, undo: Undo): () => void {
  const leave = slots.takeForSweep(context.caller.id)
  if (!leave) throw atCapacity('All test slots that sweeps may use are taken.')
  undo.here(leave)
  return leave
}

/** Takes the network of the target (/24, or /64 of IPv6) for the time of the test. Returns how to give it back. */
async function leaseNetwork(
  { request, test }: Job,
  { world, settings, stores }: SweepParts,
  undo: Undo,
): Promise<() => Promise<void>> {
  const place = `network ${world.countersOf(request, test.id).network}`
  const leave = () => stores.leases.release(place, test.id)
  undo.inStores(leave)
  const wanted = { testId: test.id, customerId: test.customerId }
  const holder = await takeLease(stores, place, wanted, leaseMsFor(settings.deadlineMs))
  if (!holder) return leave
  const detail = `Another server of the network of ${test.ip} is being tested for a sweep.`
  throw new RequestProblem('target-busy', detail, { retryAfter: RETRY_SOON_SECONDS })
}
