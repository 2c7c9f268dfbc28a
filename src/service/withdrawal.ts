/** Stops running tests that the files no longer allow: one rule for every kind of file and every kind of change. */
import { setMaxListeners } from 'node:events'
import type { Caller } from '../access/callers.ts'
import type { Decision } from '../access/decide.ts'
import type { Job } from './job.ts'
import { permissionsOf, type WorldOf } from './world.ts'

/** The reason of `stop` if the files no longer allow a test. */
class Withdrawal {
  /** Why the test is not allowed, as the caller may read it. */
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** Returns why the files stopped a test, or null. */
export const whyWithdrawn = ({ stop }: Pick<Job, 'stop'>): string | null =>
  stop.signal.reason instanceof Withdrawal ? stop.signal.reason.why : null

/** The files as they are now. */
export interface Permissions {
  readonly worldOf: WorldOf
  /** Whether the customers file allows tests at all. */
  readonly testingIsOn: () => boolean
  /** Returns the caller with an id, or null if there is none any more. */
  readonly callerNow: (id: string) => Caller | null
}

/** How long a stopped test may take to say QUIT, in milliseconds. Then its connections are closed. */
const POLITE_MS = 500

/** Stops each of the jobs that is no longer allowed. It sends no further message, and ends within a second. */
export function stopForbidden(jobs: Iterable<Job>, permissions: Permissions): void {
  const objection = objector(permissions)
  for (const job of jobs) {
    const why = whyWithdrawn(job) === null ? objection(job) : null
    if (why === null) continue
    job.stop.abort(new Withdrawal(why))
    setTimeout(() => job.cut.abort(), POLITE_MS).unref()
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
  const deciders = new Map<string, ((job: Job) => Decision) | null>()
  const deciderFor = (before: Caller) => {
    const caller = callerNow(before.id)
    if (!caller || caller.sandbox !== before.sandbox) return null
    const decideFor = permissionsOf(caller, worldOf(caller))
    return ({ request: { address }, test: { customerId, domain, knownMailbox }, vantage }: Job) =>
      decideFor({ address, customerId, domain, knownMailbox, vantage: vantage.name })
  }
  return (job) => {
    if (!testingIsOn()) return 'the operator of this service has switched testing off'
    const { caller } = job.context
    const known = deciders.get(caller.id)
    const decideNow = known === undefined ? deciderFor(caller) : known
    deciders.set(caller.id, decideNow)
    if (!decideNow) return 'the holder of this key may no longer use the service'
    const decision = decideNow(job)
    return decision.ok ? null : decision.detail
  }
}
