/** The run of one admitted test, from the first connection to the stored and audited result. */
import type { RelayTest } from '../contract/relay-test.ts'
import { type Assessed, wasSent } from '../relay/assess.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { DossierBytes } from '../store/results.ts'
import type { Stores } from '../store/stores.ts'
import type { Admission } from './admission.ts'
import { amendableFor } from './amendable.ts'
import type { Announcer } from './announcer.ts'
import { NO_MAIL } from './arrivals.ts'
import { auditFields, tellEnd } from './audit.ts'
import type { AuditFile } from './audit-file.ts'
import type { Background } from './background.ts'
import { conclude } from './conclude.ts'
import { type StoredRequest, toBytes } from './dossier.ts'
import type { LiveTest } from './follow.ts'
import type { FollowUps } from './follow-ups.ts'
import { CALLER_GONE, type Job, type Settings } from './job.ts'
import { keep } from './kept-result.ts'
import type { Observer } from './observer.ts'
import { Related } from './related.ts'
import { brokenResult, finishedAtMs } from './result.ts'
import { askFromVantages } from './second-vantage.ts'
import { listOf, type VantageRun, type VantageRuns } from './vantage-runs.ts'
import { withdrawalOf } from './withdrawal.ts'
import type { World } from './world.ts'

/** The parts of the service that a run uses, and the world of the caller. */
export interface RunParts {
  readonly world: World
  readonly stores: Stores
  readonly audit: AuditFile
  readonly background: Background
  readonly observer: Observer
  readonly announcer: Announcer
  readonly settings: Settings
  readonly followUps: Pick<FollowUps, 'next' | 'add' | 'endMs'>
}

/**
 * Runs an admitted test: asks the mail server, judges the answers, stores the result and writes it into the audit log.
 * If a message can still arrive, or the server is visited again, stores its dossier too, so that it can be judged
 * again. In every case, slot and lease are given back, and the audit log gets its line.
 */
export async function runTest(job: Job, admission: Admission, live: LiveTest, parts: RunParts): Promise<RelayTest> {
  const { test, context } = job
  const { world, stores, audit, observer, settings, followUps } = parts
  const { expectation, refusedBefore, leaveSlot } = admission
  const reportEnd = observer.started()
  const dialled: string[] = []
  let runs: VantageRuns | null = null
  let concluded: RelayTest | null = null
  let dossier: DossierBytes | null = null
  let followUpAt: Date | null = null
  try {
    const startedAt = performance.now()
    const search = new Related(test, { world, results: stores.results, caller: context.caller })
    const transcript = new Transcript((line) => {
      live.tell(line)
      search.hear(line)
    }, expectation?.withheld)
    const decided = (row: Assessed) => live.tell(row)
    const connected = () => live.tell('connected')
    const moved = (vantage: string) => live.moveTo(vantage)
    const shared = { transcript, expectation, refusedBefore, dialled, connected, decided, moved, earlier: null }
    runs = await askFromVantages(job, shared, parts)
    const durationMs = Math.round(performance.now() - startedAt)
    const related = await search.addresses(job.stop.signal)
    const amendableMs = expectation && listOf(runs).some(hasSent) ? amendableFor(settings.resultTtlMs) : 0
    followUpAt = job.followsUp && !job.stop.signal.aborted ? followUps.next(runs, 0) : null
    const later = {
      followUpAt: followUpAt?.toISOString() ?? null,
      followUps: [],
      followUpsEndMs: followUpAt === null ? 0 : followUps.endMs(followUpAt, 0) - finishedAtMs(test, durationMs),
    }
    const circumstances = { durationMs, amendableMs, related, withdrawn: withdrawalOf(job)?.because ?? null, ...later }
    const finished = { test, runs, transcript, circumstances }
    concluded = conclude(finished, null, context.log)
    if (amendableMs > 0 || followUpAt !== null) {
      const mail = expectation?.mail ?? NO_MAIL
      dossier = toBytes({ ...finished, mail, key: job.key?.key ?? null, asked: askedBy(job) })
    }
    return concluded
  } finally {
    const result = concluded ?? brokenResult(test, new Date().toISOString())
    const stored = async () => {
      if (dossier === null) expectation?.forget()
      else await expectation?.handOver()
      if (followUpAt !== null) await followUps.add(test.id, 1, followUpAt)
    }
    await keep(job, { result, dossier, place: world.leaseNameOf(test), stored }, parts)
    await parts.announcer.finished(context.caller.id, result)
    const { verdict, evidence, reason, cause, durationMs: ms } = result
    const callerGone = job.stop.signal.reason === CALLER_GONE
    const withdrawal = withdrawalOf(job)
    const [second] = job.laterVantages
    const more = { ...(second && { secondVantage: second.name }), ...(withdrawal && { withdrawn: withdrawal.why }) }
    const outcome = Object.assign(auditFields(job), { verdict, evidence, reason, cause, ms, callerGone }, more)
    const found = runs === null ? [] : listOf(runs)
    const traffic = { dialled, messagesAccepted: dialled.length > 0 ? countAccepted(found) : 0 }
    await tellEnd(audit, job, { message: 'relay test', outcome, traffic })
    const phases = found.flatMap((one) => one.found.phases ?? [])
    reportEnd(result, traffic, phases)
    leaveSlot()
  }
}

function askedBy({ request: { address: _, ...request }, context: { caller, requestId } }: Job): StoredRequest {
  return { callerId: caller.id, requestId, request }
}

/**
 * Whether a message went out, so that it may still arrive. Some servers refuse the final dot and relay all the same.
 */
const hasSent = ({ found }: VantageRun): boolean => found.observations.rows.some(({ attempt }) => wasSent(attempt))

/** Returns how many messages the server accepted in all runs. */
const countAccepted = (runs: readonly VantageRun[]): number =>
  runs.flatMap(({ found }) =>
    found.observations.rows.filter(({ attempt }) =>
      attempt.exchanges.some(({ stage, reply }) => stage === 'dot' && reply.code < 300),
    ),
  ).length
