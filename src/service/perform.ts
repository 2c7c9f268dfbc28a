import type { RelayTest } from '../contract/relay-test.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Phases, ProbeResult } from '../probe/probe.ts'
import { Transcript } from '../smtp/transcript.ts'
import type { Stores } from '../store/stores.ts'
import type { Admission } from './admission.ts'
import type { Audit } from './audit.ts'
import { auditResult, describe } from './auditing.ts'
import { DELIVERY_TTL_MS } from './deliveries.ts'
import type { Errands } from './errands.ts'
import type { LiveTest } from './follow.ts'
import type { IdempotentRequest } from './idempotency.ts'
import {
  type Asking,
  CALLER_GONE,
  hasSeen,
  hasSent,
  type Job,
  messagesAccepted,
  runJob,
  type Settings,
  withSeen,
} from './job.ts'
import { bannedPlaceOf, placeOf } from './places.ts'
import { brokenResult, finishedResult } from './result.ts'
import { playBack } from './sandbox.ts'
import type { Tally } from './tally.ts'

/** What a test leaves its traces in. */
export interface PerformParts {
  readonly settings: Settings
  readonly audit: Audit
  readonly stores: Stores
  readonly tally: Tally
  readonly errands: Errands
}

/**
 * Makes an admitted test: runs it, judges it, stores it and writes it down, and judges it anew when the mailbox hears more.
 * Whatever happens, its slot and its lease are given back and the audit log has its end.
 */
export async function perform(
  job: Job,
  key: IdempotentRequest | null,
  { expectation, refusedBefore, leave }: Admission,
  live: LiveTest,
  { settings, audit, stores, tally, errands }: PerformParts,
): Promise<RelayTest> {
  const { begun, asking } = job
  const ended = tally.begun()
  let latest: RelayTest | null = null
  const result = (): RelayTest => {
    latest ??= brokenResult(begun, new Date().toISOString())
    return latest
  }
  const keep = (work: () => Promise<void>) =>
    errands.sooner({ what: 'storing a result', id: begun.id, log: asking.log, work })
  const put = async (how: 'put' | 'amend') => {
    await stores.results[how](result())
    // After it, so that the key outlives its result: it must not open a second test.
    if (key) await stores.claims.renew(key.key, begun.id)
  }
  const dialled: string[] = []
  let accepted = 0
  let phases: Phases | null = null
  try {
    const startedAt = performance.now()
    const transcript = new Transcript((entry) => live.tell(entry))
    const decided = (row: Assessed) => live.tell(row)
    const ran = asking.caller.sandbox
      ? await playBack(job, transcript, decided)
      : await runJob(job, settings, { transcript, expectation, refusedBefore, dialled, decided })
    phases = ran.phases
    accepted = dialled.length > 0 ? messagesAccepted(ran) : 0
    if (ran.findings.attempts.some(({ exchanges }) => exchanges.some(({ reply }) => reply.code >= 400))) {
      // Without the note, the next test may take a ban for silence: no more than that.
      stores.refusals.note(bannedPlaceOf(begun)).catch(() => {})
    }
    const durationMs = Math.round(performance.now() - startedAt)
    const amendableMs = expectation && hasSent(ran) ? amendableFor(settings.resultTtlMs) : 0
    const settled = performance.now() + amendableMs
    const conclude = (seen: ProbeResult, amendedAt: Date | null) =>
      finishedResult(begun, seen, transcript, { durationMs, amendableMs, amendedAt })
    latest = conclude(ran, null)
    if (amendableMs === 0) expectation?.forget()
    else {
      let known = ran
      expectation?.settle((form, seen) => {
        if (performance.now() >= settled || hasSeen(known, form, seen)) return
        known = withSeen(known, form, seen)
        latest = conclude(known, new Date())
        tally.amended(latest)
        void keep(() => put('amend')).then(() => logAmendment(asking, result()))
      }, JSON.stringify(latest).length)
    }
    return latest
  } finally {
    // In this order: a result that still reads as running, and has no lease, is taken for interrupted.
    await keep(async () => {
      await put('put')
      await stores.leases.release(placeOf(begun), begun.id)
    })
    const { verdict, evidence, reason, cause, durationMs: ms } = result()
    const callerGone = job.stop.signal.reason === CALLER_GONE
    const outcome = Object.assign(describe(job), { verdict, evidence, reason, cause, ms, callerGone })
    asking.log.info(outcome, 'relay test')
    const deeds = { dialled, messagesAccepted: accepted }
    auditResult(audit, asking, outcome, deeds)
    ended(result(), deeds, phases)
    leave()
  }
}

/** Kept back from the time of a result: who reads it when it is settled must find it. */
const SETTLED_MS = 3_600_000

/** How long later evidence may amend a result that is kept for a time. */
const amendableFor = (resultTtlMs: number): number => Math.max(0, Math.min(DELIVERY_TTL_MS, resultTtlMs - SETTLED_MS))

/** A message or bounce that came after the wait: the result was judged anew. */
function logAmendment({ log }: Asking, { id, verdict, evidence, reason, cause }: RelayTest): void {
  log.info({ id, verdict, evidence, reason, cause }, 'relay test amended')
}
