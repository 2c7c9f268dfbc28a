/** Relay tests as the API offers them: start one, read one, follow one. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller } from '../access/callers.ts'
import type { RelayTestEvent } from '../contract/events.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Stores } from '../store/stores.ts'
import { type Admission, admit } from './admission.ts'
import { Archive } from './archive.ts'
import type { AuditFile } from './audit-file.ts'
import { Background } from './background.ts'
import { followElsewhere, LiveTest, replay } from './follow.ts'
import { stillRunning, testOf } from './idempotency.ts'
import { CALLER_GONE, type Job, type RequestContext, type Settings } from './job.ts'
import type { Observer } from './observer.ts'
import { openJob } from './open-job.ts'
import { RequestProblem } from './problem.ts'
import type { TestQuotas } from './quotas.ts'
import type { TestRequest } from './request.ts'
import { runningResult } from './result.ts'
import { run } from './run.ts'
import { makeSlots, type Slots } from './slots.ts'
import { type Permissions, stopForbidden } from './withdrawal.ts'
import type { World } from './world.ts'

/** The parts of the service. */
export interface ServiceParts extends Permissions {
  readonly audit: AuditFile
  readonly stores: Stores
  readonly quotas: TestQuotas
  readonly settings: Settings
  readonly observer: Observer
  /** Whether the installation has a mailbox, so that it can prove a delivery. */
  readonly hasMailbox: boolean
}

/** How a caller wants its answer. */
export interface AnswerOptions {
  readonly idempotencyKey: string | null
  /** Answer at once, and do not wait for the end of the test. */
  readonly respondAsync: boolean
  /** Send events while the test runs. */
  readonly live: boolean
}

/** The test that answers a request. It is still running if the caller does not wait for its end. */
export interface AnsweredTest {
  readonly result: RelayTest
  /** Whether an earlier request with the same idempotency key made it. */
  readonly replayed: boolean
}

/** Longest time between a test's lease and its idempotency claim, as another replica sees it, in milliseconds. */
const LEASE_TO_CLAIM_MS = 100

/** Relay tests, from the request to the result. Throws RequestProblem if a request is refused. */
export class RelayTests {
  readonly #parts: ServiceParts & { readonly background: Background; readonly slots: Slots; readonly archive: Archive }
  /** The tests that are being admitted or that run. */
  readonly #running = new Map<Promise<unknown>, Job>()
  readonly #live = new Map<string, LiveTest>()

  constructor(parts: ServiceParts) {
    const { stores, settings, worldOf } = parts
    this.#parts = {
      ...parts,
      background: new Background(settings.resultTtlMs),
      slots: makeSlots(settings.maxConcurrent),
      archive: new Archive(stores.results, stores.leases, worldOf),
    }
  }

  /** How many tests one caller may have running at once. */
  get concurrentPerCaller(): number {
    return this.#parts.slots.perCaller
  }

  /** Reads results as callers may see them. */
  get archive(): Pick<Archive, 'get' | 'list'> {
    return this.#parts.archive
  }

  /** Stops each running test that the files no longer allow. Call it after each change of a file. */
  stopForbidden(): void {
    stopForbidden(this.#running.values(), this.#parts)
  }

  /** Resolves when no test runs any more, not even one whose caller has left. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys())
  }

  /** Runs one test, or finds the one that an earlier request with the same idempotency key has started. */
  async start(request: TestRequest, context: RequestContext, options: AnswerOptions): Promise<AnsweredTest> {
    const { worldOf, hasMailbox } = this.#parts
    const world = worldOf(context.caller)
    const waits = !options.respondAsync && !options.live
    const job = openJob(request, context, { world, hasMailbox, idempotencyKey: options.idempotencyKey })
    // A test that can be requested again, or read later, continues without its caller.
    const needsCaller = job.key === null && !options.respondAsync
    if (needsCaller) context.whenGone(() => job.stop.abort(CALLER_GONE))
    const earlier = await this.#earlierTest(job, waits)
    if (earlier) return earlier
    const admitted = admit(job, { ...this.#parts, world })
    const finished = admitted.then((admission) => this.#run(job, admission, world))
    this.#track(finished, job)
    // The files may have changed since the request was decided.
    stopForbidden([job], this.#parts)
    try {
      await admitted
    } catch (error) {
      const other = error instanceof RequestProblem ? await this.#simultaneousTest(error, job, waits) : null
      if (other) return other
      throw error
    }
    if (waits) return { result: await finished, replayed: false }
    finished.catch((error) => context.log.error({ err: error, id: job.test.id }, 'the test failed'))
    return { result: runningResult(job.test), replayed: false }
  }

  /**
   * Returns the events of a test that the caller may see, from its start to its verdict. If another replica runs the
   * test, its lines come only when it has finished.
   */
  follow(test: RelayTest, caller: Caller, stop: AbortSignal): AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent> {
    if (test.status === 'finished') return replay(test)
    const live = this.#live.get(test.id)
    return live ? live.follow(stop) : followElsewhere(() => this.archive.get(test.id, caller), stop)
  }

  /** Returns the test that the key of a job has started, or null. Throws RequestProblem if it cannot be shown. */
  async #earlierTest({ key, context }: Job, waits: boolean): Promise<AnsweredTest | null> {
    const id = key && (await testOf(key, this.#parts.stores.claims))
    if (id === null) return null
    const result = await this.archive.get(id, context.caller)
    if (!result) {
      throw new RequestProblem('not-found', 'The result of this idempotency key has expired. Use a new key.')
    }
    if (result.status === 'running' && waits) throw stillRunning(id)
    return { result, replayed: result.status === 'finished' }
  }

  /**
   * Returns the test of another request with the same key that came at the same moment. That request usually takes the
   * lease first and claims the key a moment later: this one was refused in between.
   */
  async #simultaneousTest(refusal: RequestProblem, job: Job, waits: boolean): Promise<AnsweredTest | null> {
    const other = await this.#earlierTest(job, waits)
    if (other || !job.key || refusal.slug !== 'target-busy') return other
    await sleep(LEASE_TO_CLAIM_MS)
    return this.#earlierTest(job, waits)
  }

  /** Runs an admitted test, and passes its events to its followers. */
  async #run(job: Job, admission: Admission, world: World): Promise<RelayTest> {
    const { id } = job.test
    const live = new LiveTest()
    this.#live.set(id, live)
    let result: RelayTest | null = null
    try {
      result = await run(job, admission, live, { ...this.#parts, world })
      return result
    } finally {
      this.#live.delete(id)
      live.end(result)
      if (result?.reason === 'vantage-failed') world.vantages.suspect(job.vantage)
    }
  }

  #track(test: Promise<unknown>, job: Job): void {
    this.#running.set(test, job)
    // The caller of start() gets the error; this only cleans up.
    test.catch(() => {}).finally(() => this.#running.delete(test))
  }
}
