/** Starts the tests of the waiting list, each when a slot is free for it. Ends those that are no longer allowed. */
import type { RelayTest } from '../contract/relay-test.ts'
import { isWaiting } from '../contract/waiting.ts'
import { parseAddress } from '../ip/address.ts'
import { PutBack } from '../queue/queue.ts'
import type { Stores } from '../store/stores.ts'
import type { Job, RequestContext, Settings } from './job.ts'
import type { Logger } from './logger.ts'
import type { Observer } from './observer.ts'
import { openJob } from './open-job.ts'
import { problemOf, RequestProblem } from './problem.ts'
import { brokenResult } from './result.ts'
import type { Slots } from './slots.ts'
import type { WaitingList, WaitingTest } from './waiting-list.ts'
import { CALLER_REMOVED, type Permissions, STOPPED, TESTING_OFF } from './withdrawal.ts'
import type { World } from './world.ts'

/** The parts of the service that tests of the waiting list use. */
export interface WaitingParts extends Permissions {
  readonly waitingList: WaitingList
  readonly slots: Slots
  readonly stores: Pick<Stores, 'results' | 'claims'>
  readonly observer: Observer
  readonly log: Logger
  readonly hasMailbox: boolean
  readonly settings: Pick<Settings, 'resultTtlMs'>
  /** Admits a test and begins to run it. Rejects if it cannot be admitted; then the slot is given back. */
  begin(job: Job, leaveSlot: () => void, world: World): Promise<void>
}

/** The longest time that a test waits, in milliseconds. Its result must not expire meanwhile. */
const longestFor = (resultTtlMs: number): number => Math.min(3_600_000, resultTtlMs / 2)
/**
 * How long a test waits before its next try if its caller has no free slot: PAUSE_MS, and PAUSE_FOR_EACH_MS more for
 * each position on the list. A freed slot ends the pause. A short pause would let a later test overtake an earlier one.
 */
const PAUSE_MS = 10_000
const PAUSE_FOR_EACH_MS = 5

type LeavingTest = Pick<WaitingTest, 'id' | 'key' | 'requestId' | 'caller'>

/** The tests that wait for a slot of this replica. */
export class WaitingTests {
  readonly #parts: WaitingParts
  #slotLeft = () => {}
  #nextSlot = Promise.resolve()

  constructor(parts: WaitingParts) {
    this.#parts = parts
    this.#awaitSlot()
  }

  /** Begins to start tests. */
  work(): void {
    const { waitingList, log } = this.#parts
    waitingList.work({
      run: (waiting) => this.#turn(waiting),
      died: (waiting, err) => {
        log.error({ err, id: waiting.id }, 'a test that waited cannot be started')
        this.#end(waiting, 'of a fault in our service').catch(() => {})
      },
    })
  }

  /** Looks at the waiting list again, because a slot of a caller is free. */
  slotLeft(callerId: string): void {
    this.#slotLeft()
    this.#awaitSlot()
    this.#parts.waitingList.hurry(callerId).catch(() => {})
  }

  /** Ends a test that waits. Returns false if it has just left the list. */
  async stop(id: string, requestId: string): Promise<boolean> {
    const caller = await this.#parts.waitingList.remove(id)
    if (caller !== null) await this.#end({ id, key: null, requestId, caller }, STOPPED)
    return caller !== null
  }

  /** Starts no further test, and ends those that would be lost with the process. */
  async close(): Promise<void> {
    const lost = await this.#parts.waitingList.close()
    await Promise.all(lost.map((waiting) => this.#end(waiting, 'the service was shut down. Request it again')))
  }

  #awaitSlot(): void {
    this.#nextSlot = new Promise((resolve) => {
      this.#slotLeft = resolve
    })
  }

  /** Starts a test whose turn it is. Throws PutBack if it must wait longer. */
  async #turn(waiting: WaitingTest): Promise<void> {
    const { slots, stores, settings, begin } = this.#parts
    const result = await stores.results.get(waiting.id)
    // A test that has started is never started again, even if its replica has died since.
    if (!result || !isWaiting(result)) return
    if (Date.now() - Date.parse(waiting.queuedAt) > longestFor(settings.resultTtlMs)) {
      return this.#end(waiting, 'it waited too long for a free slot or for its target')
    }
    const opened = this.#open(waiting, result)
    if (typeof opened === 'string') return this.#end(waiting, `it is no longer allowed (${opened})`)
    const leaveSlot = slots.take(waiting.caller, false)
    if (!leaveSlot && slots.leavesNone) throw new PutBack({ until: this.#nextSlot })
    if (!leaveSlot) throw new PutBack({ ms: await this.#pauseOf(waiting) })
    try {
      await begin(opened.job, leaveSlot, opened.world)
    } catch (error) {
      const retryAfter = problemOf(error)?.members.retryAfter
      throw retryAfter === undefined ? error : new PutBack({ ms: retryAfter * 1_000 })
    }
  }

  async #pauseOf({ id }: WaitingTest): Promise<number> {
    const position = (await this.#parts.waitingList.positionOf(id)) ?? 1
    return PAUSE_MS + position * PAUSE_FOR_EACH_MS
  }

  /** Decides again whether a test is allowed, by the files as they are now. Returns the test as a job, or why not. */
  #open(waiting: WaitingTest, result: RelayTest): { readonly job: Job; readonly world: World } | string {
    const { testingIsOn, callerNow, worldOf, hasMailbox, log } = this.#parts
    const caller = callerNow(waiting.caller)
    if (!testingIsOn()) return TESTING_OFF
    if (!caller) return CALLER_REMOVED
    const world = worldOf(caller)
    const { requestId, key } = waiting
    const context: RequestContext = { caller, requestId, log, quotaStates: new Map(), whenGone() {} }
    const { ip, ...asked } = waiting.request
    const address = parseAddress(ip)
    if (!address) throw new Error('a waiting test has no address')
    try {
      // Names the customer, so that the test is refused if the network has another owner now.
      const request = { ...asked, address, customerId: result.customerId }
      const job = openJob(request, context, { world, hasMailbox, isAwaited: false, idempotencyKey: null })
      const { id, createdAt, queuedAt } = result
      return { job: { ...job, key, test: { ...job.test, id, createdAt, queuedAt } }, world }
    } catch (error) {
      if (error instanceof RequestProblem) return error.message.replace(/\.$/, '')
      throw error
    }
  }

  /** Ends a test that has not started. Safe to repeat. */
  async #end({ id, key, requestId, caller }: LeavingTest, why: string): Promise<void> {
    const { stores, observer, log } = this.#parts
    const waiting = await stores.results.get(id)
    if (!waiting || !isWaiting(waiting)) return
    const summary = `We did not start the test, because ${why}.`
    const result = brokenResult(waiting, new Date().toISOString(), summary)
    await stores.results.put(result)
    // After the result, so that the key lives longer.
    if (key !== null) await stores.claims.renew(key.key, id)
    const { verdict, reason, customerId: customer, reference, ip, port } = result
    log.info({ id, caller, customer, reference, requestId, ip, port, verdict, reason, notStarted: why }, 'relay test')
    observer.started()(result, { dialled: [], messagesAccepted: 0 }, [])
  }
}
