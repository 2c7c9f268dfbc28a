/** Stops running tests: those that the files no longer allow, and those that a caller asked to stop. */
import { setMaxListeners } from 'node:events'
import type { Caller } from '../access/callers.ts'
import type { Decision } from '../access/decide.ts'
import type { Job } from './job.ts'
import { permissionsOf, type WorldOf } from './world.ts'

/** The reason of `stop` if a test is stopped before its end. */
export class Withdrawal {
  /** Why the test is stopped, as the caller may read it. */
  readonly why: string
  /** Whether the files no longer allow the test. */
  readonly isForbidden: boolean

  constructor(why: string, isForbidden: boolean) {
    this.why = why
    this.isForbidden = isForbidden
  }

  /** Returns the reason as the end of a sentence that begins with "because". */
  get because(): string {
    return this.isForbidden ? `it is no longer allowed (${this.why})` : this.why
  }
}

/** Why a test was stopped, if a caller asked for that. */
export const STOPPED = 'a caller asked us to stop it'

/** Returns why a test was stopped, or null. */
export const withdrawalOf = ({ stop }: Pick<Job, 'stop'>): Withdrawal | null =>
  stop.signal.reason instanceof Withdrawal ? stop.signal.reason : null

/** Returns why there is no follow-up, as a sentence. */
export const saysOf = ({ because }: Withdrawal): string => `We stopped the test, because ${because}.`

/** Stops a running test. It sends no further message, and ends within a second. */
export function stopJob(job: Job, withdrawal: Withdrawal): void {
  if (withdrawalOf(job)) return
  job.stop.abort(withdrawal)
  setTimeout(() => job.cut.abort(), POLITE_MS).unref()
}

/** The files as they are now. */
export interface Permissions {
  readonly worldOf: WorldOf
  /** Whether the customers file allows tests at all. */
  readonly testingIsOn: () => boolean
  /** Returns the caller with an id, or null if there is none any more. */
  readonly callerNow: (id: string) => Caller | null
}

/** Why no test is allowed any more: of any caller, or of one caller. */
export const TESTING_OFF = 'the operator of this service has switched testing off'
export const CALLER_REMOVED = 'the holder of this key may no longer use the service'

/** How long a stopped test may take to say QUIT, in milliseconds. Then its connections are closed. */
const POLITE_MS = 500

/** Stops each of the jobs that is no longer allowed. */
export function stopForbidden(jobs: Iterable<Job>, permissions: Permissions): void {
  const objection = objector(permissions)
  for (const job of jobs) {
    const why = withdrawalOf(job) === null ? objection(job) : null
    if (why !== null) stopJob(job, new Withdrawal(why, true))
  }
}

/** Makes the controller that closes the connections of a test. Each connection listens to it. */
export function makeCut(): AbortController {
  const cut = new AbortController()
  setMaxListeners(0, cut.signal)
  return cut
}

/** Returns a function that says why a test is no longer allowed, or null. It reads the files once for each caller. */
function objector({ worldOf, testingIsOn, callerNow }: Permissions): (job: Job) => string | null {
  const deciders = new Map<string, ((job: Job) => Decision | null) | null>()
  const deciderFor = (before: Caller) => {
    const caller = callerNow(before.id)
    if (!caller || caller.sandbox !== before.sandbox) return null
    const decideFor = permissionsOf(caller, worldOf(caller))
    return ({ request: { address }, test: { customerId, domain, knownMailbox }, vantage, laterVantages }: Job) =>
      [vantage, ...laterVantages]
        .map(({ name }) => decideFor({ address, customerId, domain, knownMailbox, vantage: name }))
        .find(({ ok }) => !ok) ?? null
  }
  return (job) => {
    if (!testingIsOn()) return TESTING_OFF
    const { caller } = job.context
    const known = deciders.get(caller.id)
    const decideNow = known === undefined ? deciderFor(caller) : known
    deciders.set(caller.id, decideNow)
    if (!decideNow) return CALLER_REMOVED
    const decision = decideNow(job)
    return decision === null || decision.ok ? null : decision.detail
  }
}
