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
import type { Observer } from './observer.ts'
import { Related } from './related.ts'
import { brokenResult, finishedResult } from './result.ts'
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
    const conclude = (seen: ProbeResult, amendedAt: Date | null): RelayTest => {
      try {
        kept.latest = finishedResult(test, seen, transcript, { durationMs, amendableMs, amendedAt, related })
      } catch (error) {
        // The verdict contradicts the observations, which is our mistake. No verdict is better than a wrong one.
        context.log.error({ err: error, id: test.id }, 'a test cannot be judged')
        kept.latest = brokenResult(test, new Date().toISOString())
      }
      return kept.latest
    }
    const result = conclude(found, null)
    if (amendableMs === 0) expectation?.forget()
    else {
      amendLater(expectation, found, { forMs: amendableMs, weight: JSON.stringify(result).length }, (seen) => {
        observer.amended(conclude(seen, new Date()))
        void kept.amend()
      })
    }
    return result
  } finally {
    const result = await kept.putAndRelease()
    const { verdict, evidence, reason, cause, durationMs: ms } = result
    const callerGone = job.stop.signal.reason === CALLER_GONE
    const outcome = Object.assign(auditFields(job), { verdict, evidence, reason, cause, ms, callerGone })
    context.log.info(outcome, 'relay test')
    const messagesAccepted = found && dialled.length > 0 ? countAccepted(found) : 0
    const traffic = { dialled, messagesAccepted }
    await auditResult(audit, job, outcome, traffic)
    reportEnd(result, traffic, found?.phases ?? null)
    leaveSlot()
  }
}

/** Stores the newest result of one test, and retries while the store is down. */
class KeptResult {
  latest: RelayTest | null = null
  readonly #job: Job
  readonly #parts: RunParts

  constructor(job: Job, parts: RunParts) {
    this.#job = job
    this.#parts = parts
  }

  /** Stores the result of a run that has ended, gives the lease back, and returns the result. */
  async putAndRelease(): Promise<RelayTest> {
    const { test } = this.#job
    const { stores, world } = this.#parts
    const result = this.latest ?? brokenResult(test, new Date().toISOString())
    this.latest = result
    await this.#store('put', () => stores.leases.release(world.placeOf(test), test.id))
    return result
  }

  /** Stores the result again, after late mail has changed it. */
  async amend(): Promise<void> {
    await this.#store('amend', async () => {})
    if (!this.latest) return
    const { id, verdict, evidence, reason, cause } = this.latest
    this.#job.context.log.info({ id, verdict, evidence, reason, cause }, 'relay test amended')
  }

  /** Stores the result, then calls `then`. The lease must end last: without it, a running test reads as interrupted. */
  async #store(how: 'put' | 'amend', then: () => Promise<void>): Promise<void> {
    const { test, key, context } = this.#job
    const { stores, background } = this.#parts
    const work = async () => {
      if (this.latest) await stores.results[how](this.latest)
      // After the result, so that the key outlives it: a key without a result must not open a second test.
      if (key) await stores.claims.renew(key.key, test.id)
      await then()
    }
    await background.tryNowThenLater({ what: 'storing a result', id: test.id, log: context.log, work })
  }
}

/** How long a result must stay readable after it can no longer change, in milliseconds. */
const SETTLED_MS = 3_600_000

/** Returns how long a late message may amend a result that is kept for `resultTtlMs`, in milliseconds. */
const amendableFor = (resultTtlMs: number): number => Math.max(0, Math.min(DELIVERY_TTL_MS, resultTtlMs - SETTLED_MS))

/** Whether a message went out, so that it may still arrive. Some servers refuse the final dot and relay all the same. */
const hasSent = ({ observations }: ProbeResult): boolean => observations.rows.some(({ attempt }) => wasSent(attempt))

/** Whether the server refused any command. */
const wasRefused = ({ observations }: ProbeResult): boolean =>
  observations.rows.some(({ attempt }) => attempt.exchanges.some(({ reply }) => reply.code >= 400))

/** Returns how many messages the server accepted. */
const countAccepted = ({ observations }: ProbeResult): number =>
  observations.rows.filter(({ attempt }) =>
    attempt.exchanges.some(({ phase, reply }) => phase === 'dot' && reply.code < 300),
  ).length
