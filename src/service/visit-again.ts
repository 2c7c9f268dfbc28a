/** Makes one follow-up: asks a server the questions that it has not answered, and amends the result of its test. */
import type { FollowUpView } from '../contract/relay-test.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { Stores } from '../store/stores.ts'
import { type Admission, type AdmissionParts, readmit } from './admission.ts'
import type { Amendments } from './amend.ts'
import { amendableFor } from './amendable.ts'
import { NO_MAIL } from './arrivals.ts'
import { auditFields, tellEnd } from './audit.ts'
import { conclude } from './conclude.ts'
import type { Dossier } from './dossier.ts'
import type { FollowUps } from './follow-ups.ts'
import type { Job } from './job.ts'
import type { Observer } from './observer.ts'
import { finishedAtMs } from './result.ts'
import { askFromVantages, spentBy } from './second-vantage.ts'
import { withSeenOf } from './vantage-runs.ts'
import { saysOf, withdrawalOf } from './withdrawal.ts'

/** The parts of the service that a follow-up uses. */
export interface VisitParts extends Omit<AdmissionParts, 'stores'> {
  readonly observer: Observer
  readonly stores: Stores
  readonly amendments: Amendments
  readonly followUps: Pick<FollowUps, 'next' | 'add' | 'endMs'>
}

/** The answers of a visit, together with those of the visits before it. */
type Found = Pick<Dossier, 'runs' | 'transcript'>

/**
 * Visits the server of a finished test again. Throws RequestProblem, StoreUnavailable or MemoryLost if the visit may
 * not begin now: then nothing was asked. If the service fails after that, the earlier answers stay.
 */
export async function visitAgain(job: Job, dossier: Dossier, parts: VisitParts): Promise<void> {
  const { test, context, stop } = job
  const { stores, amendments, followUps, background, world } = parts
  const admission = await readmit(job, dossier.mail, parts)
  const dialled: string[] = []
  const found = await ask(job, dossier, admission, dialled, parts).catch((error: unknown): Found => {
    context.log.error({ err: error, id: test.id }, 'a follow-up failed')
    return dossier
  })
  const visit = dossier.circumstances.followUps.length + 1
  const next = stop.signal.aborted ? null : followUps.next(found.runs, visit)
  const { verdict, reason } = conclude({ ...dossier, ...found }, null, context.log)
  const withdrawal = withdrawalOf(job)
  const end: FollowUpView = {
    at: new Date().toISOString(),
    outcome: !withdrawal ? 'visited' : withdrawal.isForbidden ? 'not-allowed' : 'stopped',
    says: withdrawal ? saysOf(withdrawal) : SAYS[verdict ?? 'inconclusive'],
  }
  const work = async () => {
    await amendments.change(test.id, (current) => {
      const isNew = current.circumstances.followUps.length === visit - 1
      return isNew ? withVisit(current, found, { end, next, admission, parts }) : null
    })
    await stores.leases.release(world.leaseNameOf(test), test.id)
    await admission.expectation?.handOver()
    if (next !== null) await followUps.add(test.id, visit + 1, next)
  }
  await background.tryNowThenLater({ what: 'storing a follow-up', id: test.id, log: context.log, work })
  const outcome = {
    ...auditFields(job),
    followUp: visit,
    verdict,
    reason,
    ...(withdrawal && { withdrawn: withdrawal.why }),
  }
  const messagesAccepted = spentBy(found.runs).messages - spentBy(dossier.runs).messages
  await tellEnd(parts.audit, job, { message: 'follow-up', outcome, traffic: { dialled, messagesAccepted } })
}

const SAYS = {
  open: 'The server answered: it is open.',
  closed: 'The server answered: it is closed.',
  inconclusive: 'The server did not answer every question yet.',
} as const

/** Asks the server the questions that are left, and continues the transcript of the earlier visits. */
async function ask(
  job: Job,
  { test, runs, transcript: before }: Dossier,
  { expectation, refusedBefore }: Readmission,
  dialled: string[],
  parts: VisitParts,
): Promise<Found> {
  const sessionSoFar = { ...before, ms: Date.now() - finishedAtMs(test, 0) }
  const transcript = new Transcript(() => {}, expectation?.withheld, sessionSoFar)
  const nobodyListens = { decided() {}, moved() {} }
  const shared = { transcript, expectation, refusedBefore, dialled, ...nobodyListens, earlier: runs }
  return { runs: await askFromVantages(job, shared, parts), transcript }
}

type Readmission = Omit<Admission, 'leaveSlot'>

/** The end of a visit, the time of the next one, and the parts that amend the result. */
interface VisitEnd {
  readonly end: FollowUpView
  readonly next: Date | null
  readonly admission: Readmission
  readonly parts: VisitParts
}

/** Returns a dossier with the answers of a visit, and with the mail that arrived meanwhile. */
function withVisit(current: Dossier, { runs, transcript }: Found, { end, next, admission, parts }: VisitEnd): Dossier {
  const { test, circumstances } = current
  const finishedAt = finishedAtMs(test, circumstances.durationMs)
  const hasSent = spentBy(runs).dots > spentBy(current.runs).dots
  const sentMs = hasSent ? Date.now() - finishedAt + amendableFor(parts.settings.resultTtlMs) : 0
  const followUps = [...circumstances.followUps, end]
  return {
    ...current,
    runs: withSeenOf(runs, current.runs),
    transcript,
    mail: admission.expectation?.mail ?? NO_MAIL,
    circumstances: {
      ...circumstances,
      amendableMs: Math.max(circumstances.amendableMs, sentMs),
      followUps,
      followUpAt: next?.toISOString() ?? null,
      followUpsEndMs: next === null ? 0 : parts.followUps.endMs(next, followUps.length) - finishedAt,
    },
  }
}
