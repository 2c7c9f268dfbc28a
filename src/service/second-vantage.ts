/**
 * Asks the mail server of an admitted test from its vantage, and once more from a second one if the first answer may be
 * about that vantage alone (docs/verdict.md, rule 13). Both runs share the deadline, the lease, the quotas and the
 * limits of messages.
 */
import type { Reason } from '../contract/words.ts'
import { joinedVisits } from '../probe/later-visit.ts'
import { FIGURES } from '../probe/pace.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { NOTHING_SPENT, type Spent } from '../probe/question.ts'
import { needsSecond } from '../relay/two-vantages.ts'
import { judge } from '../relay/verdict.ts'
import type { Stores } from '../store/stores.ts'
import { type Vantage, vantageView } from '../vantage/vantage.ts'
import { auditIntent } from './audit.ts'
import type { AuditFile } from './audit-file.ts'
import type { Job, Settings } from './job.ts'
import type { Observer } from './observer.ts'
import { listOf, type VantageRun, type VantageRuns } from './vantage-runs.ts'
import { banNameOf, permissionsOf, type RunContext, type World } from './world.ts'

/** The parts of the service that asking uses. */
interface AskingParts {
  readonly world: World
  readonly stores: Pick<Stores, 'recentRefusals'>
  readonly audit: AuditFile
  readonly observer: Pick<Observer, 'moved'>
  readonly settings: Pick<Settings, 'deadlineMs'>
}

/** The part of a run's context that both vantages share. `moved` is called before the second run begins. */
type Shared = Omit<RunContext, 'vantage' | 'deadline' | 'spentBefore' | 'earlier'> & {
  readonly moved: (vantage: string) => void
  /** The runs of the visits before; null for the first visit. */
  readonly earlier: VantageRuns | null
}

/** Asks the mail server. Rejects for a fault of the service during the first run. */
export async function askFromVantages(job: Job, shared: Shared, parts: AskingParts): Promise<VantageRuns> {
  const { world, stores, observer, settings } = parts
  const deadline = performance.now() + settings.deadlineMs
  const runFrom = async (vantage: Vantage, refusedBefore: boolean, spentBefore: Spent): Promise<VantageRun> => {
    const before = shared.earlier ? listOf(shared.earlier).find((run) => run.vantage.name === vantage.name) : undefined
    const earlier = before?.found ?? null
    const later = await world.run(job, { ...shared, refusedBefore, vantage, deadline, spentBefore, earlier })
    const found = earlier ? joinedVisits(earlier, later) : later
    // Does not wait for the note: if it is lost, the next test may report a ban as connect-timeout.
    if (wasRefused(later)) stores.recentRefusals.note(banNameOf(world, job.test, vantage)).catch(() => {})
    const visit = [spentBefore.connections + 1, found.spent.connections] as const
    return { vantage: vantageView(vantage, job.request.address), found, visits: [...(before?.visits ?? []), visit] }
  }
  const spentBefore = shared.earlier ? spentBy(shared.earlier) : NOTHING_SPENT
  const first = await runFrom(job.vantage, shared.refusedBefore, spentBefore)
  const earlierSecond = shared.earlier?.[1]
  const alone: VantageRuns = earlierSecond ? [first, earlierSecond] : [first]
  const unclear = reasonOf(first)
  const isTime = deadline - performance.now() >= FIGURES.secondVantageMs
  if (unclear === null || !needsSecond(unclear) || !isTime || job.stop.signal.aborted) return alone
  // A later visit must use the same second vantage. Otherwise the answers of the earlier visit would be lost.
  const vantage = world.vantageAfter(job, earlierSecond?.vantage.name ?? null)
  if (vantage === null) return alone
  try {
    const refusedBefore = await prepare(job, vantage, parts)
    if (job.stop.signal.aborted) return alone
    const { spent } = first.found
    observer.moved(unclear)
    shared.moved(vantage.name)
    shared.transcript.add('event', spent.connections + 1, `the test goes on from the vantage ${vantage.name}`)
    const second = await runFrom(vantage, refusedBefore, spent)
    if (reasonOf(second) === 'vantage-failed') world.vantages.suspect(vantage)
    return [first, second]
  } catch (error) {
    // The first answer stands without the second one.
    job.context.log.error({ err: error, id: job.test.id, vantage: vantage.name }, 'a second vantage could not be used')
    return alone
  }
}

/** Returns the connections and messages of all visits. The count of each run includes the runs before it. */
export function spentBy(runs: VantageRuns): Spent {
  const [first] = runs
  return listOf(runs).reduce(
    (most, { found: { spent } }) => (spent.connections > most.connections ? spent : most),
    first.found.spent,
  )
}

/**
 * Writes the audit line of a second vantage. Returns whether the target refused this vantage a short time ago. Rejects
 * if it may not dial.
 */
async function prepare(job: Job, vantage: Vantage, { world, stores, audit }: AskingParts): Promise<boolean> {
  // From now on, a change of the files that forbids this vantage stops the test.
  job.laterVantages.push(vantage)
  try {
    const refusedBefore = await stores.recentRefusals.recently(banNameOf(world, job.test, vantage))
    await auditIntent(audit, job, vantage)
    return refusedBefore
  } catch (error) {
    job.laterVantages.pop()
    throw error
  }
}

/** Returns the reason that one run gives by itself; null if the run is open or closed, or cannot be judged. */
function reasonOf({ found }: VantageRun): Reason | null {
  try {
    return judge(found.observations).reason
  } catch {
    // `conclude` meets the same fault, logs it, and gives the result.
    return null
  }
}

/** Whether the server refused any command. */
const wasRefused = ({ observations }: ProbeResult): boolean =>
  observations.rows.some(({ attempt }) => attempt.exchanges.some(({ reply }) => reply.code >= 400))

/**
 * Returns the first other vantage that is up and may test the address, as the files are now. Null if there is none, or
 * if the request names a vantage.
 *
 * @param only the name of the only vantage that may be returned; null for any
 */
export function otherVantage(
  { request, context, test, vantage }: Job,
  only: string | null,
  world: World,
): Vantage | null {
  if (request.vantage !== undefined) return null
  const { customerId, domain, knownMailbox } = test
  const permit = permissionsOf(context.caller, world)
  const decision = permit({ address: request.address, customerId, domain, knownMailbox, vantage: null })
  if (!decision.ok) return null
  const { all } = world.vantages
  const others = all.filter(({ name }) => name !== vantage.name && decision.vantages.includes(name))
  const eligible = only === null ? others : others.filter(({ name }) => name === only)
  return eligible.find((other) => !world.vantages.isDown(other)) ?? null
}
