/** Relay tests as the API offers them: start one, read one, follow one. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller } from '../access/callers.ts'
import type { RelayTestEvent } from '../contract/events.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import { isWaiting } from '../contract/waiting.ts'
import type { Queue } from '../queue/queue.ts'
import type { Stores } from '../store/stores.ts'
import { type Admission, admit } from './admission.ts'
import type { Amendments } from './amend.ts'
import type { Announcer } from './announcer.ts'
import { Archive } from './archive.ts'
import type { AuditFile } from './audit-file.ts'
import { Background } from './background.ts'
import type { Dossier } from './dossier.ts'
import { amendedLater, followElsewhere, LiveTest, replay } from './follow.ts'
import { type FollowUp, FollowUps } from './follow-ups.ts'
import { stillRunning, testOf } from './idempotency.ts'
import { CALLER_GONE, type Job, type RequestContext, type Settings } from './job.ts'
import type { Logger } from './logger.ts'
import type { Observer } from './observer.ts'
import { openJob, permitted } from './open-job.ts'
import { RequestProblem } from './problem.ts'
import type { LimitsQuery } from './queries.ts'
import type { TestQuotas } from './quotas.ts'
import type { TestRequest } from './request.ts'
import { runningResult } from './result.ts'
import { runTest } from './run.ts'
import { RunningTests } from './running-tests.ts'
import { makeSlots, type Slots } from './slots.ts'
import { admitForSweep } from './sweep-admission.ts'
import { visitAgain } from './visit-again.ts'
import { type WaitingList, waitingListLimit } from './waiting-list.ts'
import { admitFromWaitingList, admitToWaitingList } from './waiting-list-admission.ts'
import { WaitingTests } from './waiting-tests.ts'
import type { Permissions } from './withdrawal.ts'
import type { World } from './world.ts'

/** The parts of the service. */
export interface ServiceParts extends Permissions {
  readonly log: Logger
  readonly amendments: Amendments
  readonly followUpQueue: Queue<FollowUp>
  /** The pauses before each follow-up, in milliseconds; none if servers are not visited again. */
  readonly followUpPausesMs: readonly number[]
  readonly audit: AuditFile
  readonly stores: Stores
  readonly quotas: TestQuotas
  readonly settings: Settings
  readonly observer: Observer
  readonly waitingList: WaitingList
  readonly announcer: Announcer
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

/** The longest wait that a server may ask for before a follow-up, in milliseconds. */
const LONGEST_WAIT_MS = 6 * 3_600_000

/** Longest time between a test's lease and its idempotency claim, as another replica sees it, in milliseconds. */
const LEASE_TO_CLAIM_MS = 100

/** Relay tests, from the request to the result. Throws RequestProblem if a request is refused. */
export class RelayTests {
  readonly #parts: ServiceParts & {
    readonly background: Background
    readonly slots: Slots
    readonly archive: Archive
    readonly followUps: FollowUps
  }
  readonly #running: RunningTests
  readonly #waiting: WaitingTests

  constructor(parts: ServiceParts) {
    const { stores, settings, waitingList, worldOf } = parts
    this.#running = new RunningTests(parts, stores.stops)
    const slots = makeSlots(settings.maxConcurrent, (callerId) => this.#waiting.slotLeft(callerId))
    this.#parts = {
      ...parts,
      background: new Background(settings.resultTtlMs),
      slots,
      archive: new Archive(stores.results, stores.leases, waitingList, worldOf),
      followUps: new FollowUps({
        queue: parts.followUpQueue,
        rules: {
          pausesMs: parts.followUpPausesMs,
          longestMs: Math.min(LONGEST_WAIT_MS, settings.resultTtlMs / 2),
          visitMs: settings.deadlineMs,
        },
        amendments: parts.amendments,
        permissions: parts,
        log: parts.log,
        visit: (job, dossier) => this.#visitAgain(job, dossier),
      }),
    }
    this.#waiting = new WaitingTests({
      ...parts,
      slots,
      begin: async (job, leaveSlot, world) => {
        const { admitted, finished } = this.#begin(
          job,
          admitFromWaitingList(job, leaveSlot, { ...this.#parts, world }),
          world,
        )
        await admitted
        logFailure(finished, job)
      },
    })
  }

  /** Begins to look for tests that callers have stopped at other replicas. */
  beginStops(): void {
    this.#running.beginStops()
  }

  /** Begins to make follow-ups. */
  beginFollowUps(): void {
    this.#parts.followUps.begin()
  }

  /** Starts no further follow-up. If the next follow-up of a test is lost with this process, its result says so. */
  endFollowUps(): Promise<void> {
    return this.#parts.followUps.close()
  }

  /** How many tests one caller may have running at once. */
  get concurrentPerCaller(): number {
    return this.#parts.slots.perCaller
  }

  /** How many tests may wait for a slot. */
  get waitingLimit(): number {
    return waitingListLimit(this.#parts.settings.maxConcurrent)
  }

  /** Writes how the quotas stand for a test of a target. Counts nothing. Throws RequestProblem if it is not allowed. */
  async peekQuotas(target: LimitsQuery, caller: Caller, states: RequestContext['quotaStates']): Promise<void> {
    const { address, port } = target
    const world = this.#parts.worldOf(caller)
    const { customer } = permitted({ ...target, domain: null, knownMailbox: null, vantage: null }, caller, world)
    const { verdict } = (await this.#parts.archive.lastTest({ ip: address.text, port }, caller)) ?? {}
    const counters = world.countersOf(target, randomUUID())
    await this.#parts.quotas.peek({ caller, customer, ...counters, followsOpen: verdict === 'open' }, states)
  }

  /** Reads results as callers may see them. */
  get archive(): Pick<Archive, 'get' | 'list'> {
    return this.#parts.archive
  }

  /** Stops each running test that the files no longer allow. Call it after each change of a file. */
  stopForbidden(): void {
    this.#running.stopForbidden()
  }

  /** Begins to start tests that wait for a slot. */
  startWaiting(): void {
    this.#waiting.work()
  }

  /** Starts no further test that waits, and ends those that would be lost with the process. */
  async stopWaiting(): Promise<void> {
    await this.#waiting.close()
  }

  /** Resolves when no test runs any more, not even one whose caller has left. */
  async idle(): Promise<void> {
    await this.#running.idle()
  }

  /** Runs one test, or finds the one that an earlier request with the same idempotency key has started. */
  async start(request: TestRequest, context: RequestContext, options: AnswerOptions): Promise<AnsweredTest> {
    const { worldOf, hasMailbox } = this.#parts
    const world = worldOf(context.caller)
    const { idempotencyKey, respondAsync } = options
    const waits = !respondAsync && !options.live
    const job = openJob(request, context, { world, hasMailbox, isAwaited: !respondAsync, idempotencyKey })
    // A test that can be requested again, or read later, continues without its caller.
    const needsCaller = job.key === null && !respondAsync
    if (needsCaller) context.whenGone(() => job.stop.abort(CALLER_GONE))
    const earlier = await this.#earlierTest(job, waits)
    if (earlier) return earlier
    const parts = { ...this.#parts, world }
    const { admitted, finished } = this.#begin(job, admit(job, parts), world)
    try {
      const gotSlot = await admitted.then(() => true, falseIfFull)
      if (!gotSlot && respondAsync) return { result: await admitToWaitingList(job, parts), replayed: false }
      await admitted
    } catch (error) {
      const other = error instanceof RequestProblem ? await this.#simultaneousTest(error, job, waits) : null
      if (other) return other
      throw error
    }
    if (waits) return { result: await finished, replayed: false }
    logFailure(finished, job)
    return { result: runningResult(job.test), replayed: false }
  }

  /**
   * Runs a test of a sweep. Throws as `start` does if it cannot begin now.
   *
   * @param note tells the sweep the id of the test before it begins; if it rejects, the test does not begin
   */
  async runForSweep(
    request: TestRequest,
    context: RequestContext,
    sweepId: string,
    note: (testId: string) => Promise<void>,
  ): Promise<RelayTest> {
    const { worldOf, hasMailbox } = this.#parts
    const world = worldOf(context.caller)
    const opened = openJob(request, context, { world, hasMailbox, isAwaited: false, idempotencyKey: null })
    const job = { ...opened, test: { ...opened.test, sweepId } }
    const admitted = admitForSweep(job, () => note(job.test.id), { ...this.#parts, world })
    return this.#begin(job, admitted, world).finished
  }

  /**
   * Returns a test, or null if there is none that the caller may see. If it runs in this replica, it has the lines and
   * attempts so far.
   */
  async read(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.archive.get(id, caller)
    return result?.status === 'running' ? { ...result, ...this.#running.liveOf(id)?.soFar() } : result
  }

  /**
   * Stops a test that the caller may see, and its follow-ups. Returns its result; null if there is none. A running test
   * ends within about a second, so its result may still say "running".
   */
  async stop(
    id: string,
    { caller, requestId }: Pick<RequestContext, 'caller' | 'requestId'>,
  ): Promise<RelayTest | null> {
    const test = await this.archive.get(id, caller)
    if (!test || (test.status === 'finished' && test.followUpAt === null)) return test
    const isOutOfLine = isWaiting(test) && (await this.#waiting.stop(id, requestId))
    if (!isOutOfLine) {
      await this.#parts.stores.stops.ask(id)
      await this.#running.stopAsked()
      await this.#parts.followUps.stop(id)
    }
    return this.archive.get(id, caller)
  }

  /**
   * Returns the events of a test that the caller may see, from its start to its verdict. If another replica runs the
   * test, its lines come only when it has finished.
   */
  follow(test: RelayTest, caller: Caller, stop: AbortSignal): AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent> {
    if (test.status === 'finished') return replay(test)
    const live = this.#running.liveOf(test.id)
    return live
      ? live.follow(stop)
      : followElsewhere(
          { live: () => this.#running.liveOf(test.id), look: () => this.archive.get(test.id, caller) },
          stop,
        )
  }

  /** Yields the events of a test as `follow` does, and each later result until no follow-up is left. */
  async *followToAnswer(test: RelayTest, caller: Caller, stop: AbortSignal): AsyncGenerator<RelayTestEvent> {
    yield* this.follow(test, caller, stop)
    yield* amendedLater(() => this.archive.get(test.id, caller), stop)
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

  /** Runs a test as soon as it is admitted. */
  #begin(job: Job, admitted: Promise<Admission>, world: World) {
    const finished = admitted.then((admission) => this.#run(job, admission, world))
    this.#running.add(finished, job)
    return { admitted, finished }
  }

  /** Runs an admitted test, and passes its events to its followers. */
  async #run(job: Job, admission: Admission, world: World): Promise<RelayTest> {
    const { id } = job.test
    const { suite, proof } = job.test
    const live = new LiveTest({ suite, proof, deliveryWaitMs: this.#parts.settings.deliveryWaitMs })
    let result: RelayTest | null = null
    try {
      result = await this.#running.whileLive(id, live, () => runTest(job, admission, live, { ...this.#parts, world }))
      return result
    } finally {
      live.end(result)
      if (result?.reason === 'vantage-failed') world.vantages.suspect(job.vantage)
    }
  }

  /** Visits the server of a finished test again. A change of the files stops the visit like any test. */
  async #visitAgain(job: Job, dossier: Dossier): Promise<void> {
    const world = this.#parts.worldOf(job.context.caller)
    const visit = visitAgain(job, dossier, { ...this.#parts, world })
    this.#running.add(visit, job)
    await visit
  }
}

/** Returns false for the refusal of a test that got no slot. Throws any other error. */
function falseIfFull(error: unknown): false {
  if (error instanceof RequestProblem && error.slug === 'at-capacity') return false
  throw error
}

/** Logs the failure of a test that nobody waits for. */
const logFailure = (finished: Promise<unknown>, { test, context }: Job): void =>
  void finished.catch((error) => context.log.error({ err: error, id: test.id }, 'the test failed'))
