/** The tests that this replica admits and runs: stops those that must end, and waits for the others. */
import type { Stops } from '../store/stops.ts'
import type { LiveTest } from './follow.ts'
import type { Job } from './job.ts'
import { type Permissions, STOPPED, stopForbidden, stopJob, Withdrawal } from './withdrawal.ts'

/** How often this replica looks for tests that callers stopped at other replicas, in milliseconds. */
const LOOK_FOR_STOPS_MS = 1_000

/** The tests of this replica. */
export class RunningTests {
  readonly #permissions: Permissions
  readonly #stops: Stops
  readonly #jobs = new Map<Promise<unknown>, Job>()
  readonly #live = new Map<string, LiveTest>()

  constructor(permissions: Permissions, stops: Stops) {
    this.#permissions = permissions
    this.#stops = stops
  }

  /** Adds a test until its promise settles. Stops it at once if the files have changed since it was decided. */
  add(test: Promise<unknown>, job: Job): void {
    this.#jobs.set(test, job)
    // The caller of the test gets the error; this only cleans up.
    test.catch(() => {}).finally(() => this.#jobs.delete(test))
    stopForbidden([job], this.#permissions)
  }

  /** Returns the events of a test that runs here, or null. */
  liveOf(id: string): LiveTest | null {
    return this.#live.get(id) ?? null
  }

  /** Lets others follow a test while `work` runs it. */
  async whileLive<T>(id: string, live: LiveTest, work: () => Promise<T>): Promise<T> {
    this.#live.set(id, live)
    try {
      return await work()
    } finally {
      this.#live.delete(id)
    }
  }

  /** Stops each test that the files no longer allow. */
  stopForbidden(): void {
    stopForbidden(this.#jobs.values(), this.#permissions)
  }

  /** Begins to look for tests that callers have stopped at other replicas. */
  beginStops(): void {
    setInterval(() => void this.stopAsked().catch(() => {}), LOOK_FOR_STOPS_MS).unref()
  }

  /** Stops the tests that a caller asked to stop, here or at another replica. */
  async stopAsked(): Promise<void> {
    const jobs = [...this.#jobs.values()]
    if (jobs.length === 0) return
    const asked = new Set(await this.#stops.asked(jobs.map(({ test }) => test.id)))
    for (const job of jobs) if (asked.has(job.test.id)) stopJob(job, new Withdrawal(STOPPED, false))
  }

  /** Resolves when no test runs any more, not even one whose caller has left. */
  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.allSettled(this.#jobs.keys())
  }
}
