/** The run of one admitted test, from the first connection to the stored and audited result. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { type Assessed, wasSent } from '../relay/assess.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { Stores } from '../store/stores.ts'
import type { Admission } from './admission.ts'
import { amendLater } from './amend.ts'
import { auditFields, auditResult } from './audit.ts'
import type { AuditFile } from './audit-file.ts'
import type { Background } from './background.ts'
import { DELIVERY_TTL_MS } from './deliveries.ts'
import type { LiveTest } from './follow.ts'
import { CALLER_GONE, type Job, type Settings } from './job.ts'
import { KeptResult } from './kept-result.ts'
import type { Logger } from './logger.ts'
import type { Observer } from './observer.ts'
import { Related } from './related.ts'
import { brokenResult, finishedResult } from './result.ts'
import type { FinishedTest } from './settled.ts'
import { whyWithdrawn } from './withdrawal.ts'
import { banPlaceOf, type World } from './world.ts'

/** The parts of the service that a run uses, and the world of the caller. */
export interface RunParts {
  readonly world: World
  readonly stores: Stores
  readonly audit: AuditFile
  readonly background: Background
  readonly observer: Observer
  readonly settings: Settings
}

/**
 * Runs an admitted test: asks the mail server, judges the answers, stores the result and writes it into the audit log.
 * If a message arrives later, the result is judged again. In every case, slot and lease are given back, and the
 * audit log gets its line.
 */
export async function run(job: Job, admission: Admission, live: LiveTest, parts: RunParts): Promise<RelayTest> {
  const { test, context } = job
  const { world, stores, audit, observer, settings } = parts
  const { expectation, refusedBefore, leaveSlot } = admission
  const reportEnd = observer.started()
  const kept = new KeptResult(job, parts)
  const dialled: string[] = []
  let found: ProbeResult | null = null
  try {
    const startedAt = performance.now()
    const search = new Related(test, { world, results: stores.results, caller: context.caller })
    const transcript = new Transcript((line) => {
      live.tell(line)
      search.hear(line)
    }, expectation?.withheld)
    const decided = (row: Assessed) => live.tell(row)
    found = await world.run(job, { transcript, expectation, refusedBefore, dialled, decided })
    // Does not wait for the note: if it is lost, the next test may report a ban as connect-timeout.
    if (wasRefused(found)) stores.recentRefusals.note(banPlaceOf(world, test)).catch(() => {})
    const durationMs = Math.round(performance.now() - startedAt)
    const related = await search.addresses(job.stop.signal)
    const amendableMs = expectation && hasSent(found) ? amendableFor(settings.resultTtlMs) : 0
    const circumstances = { durationMs, amendableMs, related, withdrawn: whyWithdrawn(job) }
    const finished = { test, run: found, transcript, circumstances }
    const result = conclude(finished, null, context.log)
    kept.latest = result
    if (amendableMs === 0) expectation?.forget()
    else amendLater(expectation, finished, amending(kept, context.log, observer))
    return result
  } finally {
    const result = kept.latest ?? brokenResult(test, new Date().toISOString())
    await kept.putAndRelease(result, world.placeOf(test))
    const { verdict, evidence, reason, cause, durationMs: ms } = result
    const callerGone = job.stop.signal.reason === CALLER_GONE
    const withdrawn = whyWithdrawn(job)
    const stopped = withdrawn === null ? {} : { withdrawn }
    const outcome = Object.assign(auditFields(job), { verdict, evidence, reason, cause, ms, callerGone }, stopped)
    context.log.info(outcome, 'relay test')
    const messagesAccepted = found && dialled.length > 0 ? countAccepted(found) : 0
    const traffic = { dialled, messagesAccepted }
    await auditResult(audit, job, outcome, traffic)
    reportEnd(result, traffic, found?.phases ?? null)
    leaveSlot()
  }
}

/** Returns what happens when late mail amends a test. Holds on to nothing else of the test, to save memory. */
const amending =
  (kept: KeptResult, log: Logger, observer: Observer) =>
  (seen: FinishedTest): void => {
    const amended = conclude(seen, new Date(), log)
    observer.amended(amended)
    void kept.amend(amended)
  }

/** Judges a finished test. */
function conclude(finished: FinishedTest, amendedAt: Date | null, log: Logger): RelayTest {
  const { test, run, transcript, circumstances } = finished
  try {
    return finishedResult(test, run, transcript, { ...circumstances, amendedAt })
  } catch (error) {
    // The verdict contradicts the observations, which is our mistake. No verdict is better than a wrong one.
    log.error({ err: error, id: test.id }, 'a test cannot be judged')
    return brokenResult(test, new Date().toISOString())
  }
}

/** How long a result must stay readable after it can no longer change, in milliseconds. */
const SETTLED_MS = 3_600_000

/** Returns how long a late message may amend a result that is kept for `resultTtlMs`, in milliseconds. */
const amendableFor = (resultTtlMs: number): number => Math.max(0, Math.min(DELIVERY_TTL_MS, resultTtlMs - SETTLED_MS))

/**
 * Whether a message went out, so that it may still arrive. Some servers refuse the final dot and relay all the same.
 */
const hasSent = ({ observations }: ProbeResult): boolean => observations.rows.some(({ attempt }) => wasSent(attempt))

/** Whether the server refused any command. */
const wasRefused = ({ observations }: ProbeResult): boolean =>
  observations.rows.some(({ attempt }) => attempt.exchanges.some(({ reply }) => reply.code >= 400))

/** Returns how many messages the server accepted. */
const countAccepted = ({ observations }: ProbeResult): number =>
  observations.rows.filter(({ attempt }) =>
    attempt.exchanges.some(({ phase, reply }) => phase === 'dot' && reply.code < 300),
  ).length
