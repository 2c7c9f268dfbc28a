/** Stores sweeps: the targets of each, and a row for each target whose test has begun or that was skipped. */
import { z } from 'zod'
import { PROOFS, SUITES, SWEEP_CHANGES, type SweepStatus, VERDICTS } from '../contract/words.ts'

/** The members of a sweep that never change. */
export const sweepRecord = z.object({
  id: z.string(),
  name: z.string(),
  callerId: z.string(),
  scheduled: z.boolean(),
  customers: z.union([z.literal('all'), z.array(z.string())]).nullable(),
  suite: z.enum(SUITES),
  proof: z.enum(PROOFS),
  spread: z.string().nullable(),
  createdAt: z.string(),
  /** How many targets it has. */
  targets: z.int(),
  /** The sweep that it is compared with; null if there is none. */
  against: z.string().nullable(),
})
export type SweepRecord = z.output<typeof sweepRecord>

/** One server of a sweep. */
export const storedTarget = z.object({
  ip: z.string(),
  port: z.int(),
  customerId: z.string(),
  domain: z.string().nullable(),
  knownMailbox: z.string().nullable(),
  reference: z.string().nullable(),
})
export type SweepTarget = z.output<typeof storedTarget>

/** The name of a target within its sweep. */
export type TargetAddress = Pick<SweepTarget, 'ip' | 'port'>

/** The state and the result of a target. A target without a row waits. */
export const sweepRow = z.object({
  state: z.enum(['running', 'tested', 'skipped']),
  testId: z.string().nullable(),
  verdict: z.enum(VERDICTS).nullable(),
  reason: z.string().nullable(),
  finishedAt: z.string().nullable(),
  says: z.string().nullable(),
  change: z.enum(SWEEP_CHANGES).nullable(),
  lastVerdict: z.enum(VERDICTS).nullable(),
  openSince: z.string().nullable(),
})
export type SweepRow = z.output<typeof sweepRow>

/** Returns a row as text. Equal rows have equal texts. */
export const rowText = (row: SweepRow): string => JSON.stringify(sweepRow.parse(row))

/** A target of the sweep before that this sweep does not have, with the row that says so. */
export const lostTarget = z.object({ target: storedTarget, row: sweepRow })
export type LostTarget = z.output<typeof lostTarget>

/** The counts of a sweep. `opened`, `closedAgain`, `isNew`, `lost` and `stillOpen` compare it with the sweep before. */
const SWEEP_COUNTS = [
  ...(['running', 'tested', 'skipped', 'open', 'closed', 'inconclusive'] as const),
  ...(['opened', 'closedAgain', 'isNew', 'lost', 'stillOpen'] as const),
] as const
export type SweepCounts = Readonly<Record<(typeof SWEEP_COUNTS)[number], number>>

/** A sweep as it is now. */
export interface StoredSweep {
  readonly record: SweepRecord
  readonly status: SweepStatus
  readonly finishedAt: string | null
  readonly says: string | null
  /** How many targets have been given to the queue of tests. */
  readonly dispatched: number
  readonly counts: SweepCounts
}

/** The answer to beginning a sweep: `busy` is the sweep of the same caller and name that still runs. */
export type SweepBegin = { readonly against: string | null } | { readonly busy: string }

/** Sweeps by id. Each belongs to one caller. */
export interface Sweeps {
  /** Adds targets to a sweep that has not begun yet, in parts of PART; only the last part may be smaller. */
  addTargets(id: string, part: readonly SweepTarget[]): Promise<void>
  /** Begins a sweep whose targets are stored, unless one of the same caller and name runs. */
  begin(record: Omit<SweepRecord, 'against'>): Promise<SweepBegin>
  get(id: string): Promise<StoredSweep | null>
  /** Returns the sweeps of a caller, the newest first. */
  list(callerId: string): Promise<readonly StoredSweep[]>
  /** Returns up to `count` targets from a position on. */
  targets(id: string, from: number, count: number): Promise<readonly SweepTarget[]>
  /** Returns the row of each target; null for those that wait. */
  rows(id: string, targets: readonly TargetAddress[]): Promise<readonly (SweepRow | null)[]>
  /** Replaces a row, and counts the difference. Returns false, and changes nothing, if the row is not `before`. */
  swap(id: string, target: TargetAddress, before: SweepRow | null, after: SweepRow): Promise<boolean>
  /** Returns the ids of the tests that run. */
  running(id: string): Promise<readonly string[]>
  dispatched(id: string, count: number): Promise<void>
  /** Says why a sweep does not go on now; null if it does. */
  say(id: string, says: string | null): Promise<void>
  /** Removes the lost targets of a sweep: those that only the sweep before had. */
  clearLost(id: string): Promise<void>
  /** Adds lost targets, in parts of PART; only the last part may be smaller. */
  addLost(id: string, part: readonly LostTarget[]): Promise<void>
  /** Returns up to `count` lost targets from a position on. */
  lost(id: string, from: number, count: number): Promise<readonly LostTarget[]>
  /** Ends a sweep. Returns false if it has ended before. */
  end(id: string, status: SweepStatus, at: string, says: string | null): Promise<boolean>
}

/** How many targets are stored together. */
export const PART = 500
/** How long a sweep is kept, in milliseconds: 90 days. */
export const SWEEP_MS = 90 * 86_400_000
/** How many sweeps a caller keeps: of one name, and of all names. */
const KEPT_OF_NAME = 3
const KEPT = 1_000

/**
 * Returns which sweeps of one caller are dropped: `sweeps` are the newest first. Those that run, and those that they
 * are compared with, are kept. The last finished sweep of each name is kept before all others, because the next one is
 * compared with it.
 */
export function surplusOf(sweeps: readonly StoredSweep[], capacity: number): readonly StoredSweep[] {
  const running = sweeps.filter(({ status }) => status === 'running')
  const needed = new Set(running.flatMap(({ record }) => [record.id, record.against]))
  const last = new Map<string, StoredSweep>()
  for (const sweep of sweeps.toReversed()) if (sweep.status === 'finished') last.set(sweep.record.name, sweep)
  const isLast = (sweep: StoredSweep) => last.get(sweep.record.name) === sweep
  const others = new Map<string, number>()
  const tooMany = new Set<StoredSweep>()
  for (const sweep of sweeps.filter((one) => !isLast(one))) {
    const number = (others.get(sweep.record.name) ?? 0) + 1
    others.set(sweep.record.name, number)
    if (number >= KEPT_OF_NAME) tooMany.add(sweep)
  }
  const rank = (sweep: StoredSweep) => (needed.has(sweep.record.id) ? 0 : isLast(sweep) ? 1 : 2)
  const ranked = sweeps.toSorted((one, other) => rank(one) - rank(other))
  let targets = 0
  return ranked.filter((sweep, index) => {
    targets += sweep.record.targets
    return rank(sweep) > 0 && (tooMany.has(sweep) || index >= KEPT || targets > capacity)
  })
}

/** Returns the name of a target within its sweep as text. */
export const targetKeyOf = ({ ip, port }: TargetAddress): string => `${ip} ${port}`

const NOTHING: SweepCounts = {
  running: 0,
  tested: 0,
  skipped: 0,
  open: 0,
  closed: 0,
  inconclusive: 0,
  opened: 0,
  closedAgain: 0,
  isNew: 0,
  lost: 0,
  stillOpen: 0,
}

const OF_CHANGE = { opened: 'opened', closed: 'closedAgain', new: 'isNew', lost: 'lost' } as const

/** Returns the counts that include a row. */
function countedBy(row: SweepRow | null): readonly (keyof SweepCounts)[] {
  if (row === null) return []
  const { state, verdict, change, openSince, finishedAt } = row
  const isStillOpen = verdict === 'open' && change === null && openSince !== finishedAt
  return [state, verdict, change && OF_CHANGE[change], isStillOpen ? ('stillOpen' as const) : null].filter(
    (name) => name !== null,
  )
}

/** Returns by how much each count changes if one row replaces another; only those that change. */
export function difference(before: SweepRow | null, after: SweepRow): readonly (readonly [string, number])[] {
  const [less, more] = [countedBy(before), countedBy(after)]
  return SWEEP_COUNTS.map((name) => [name, Number(more.includes(name)) - Number(less.includes(name))] as const).filter(
    ([, by]) => by !== 0,
  )
}

interface Kept {
  record: SweepRecord | null
  status: SweepStatus
  finishedAt: string | null
  says: string | null
  dispatched: number
  readonly counts: Record<keyof SweepCounts, number>
  /** JSON, which takes less memory than objects. */
  readonly parts: string[]
  readonly rows: Map<string, string>
  readonly running: Map<string, string>
  lost: string[]
  /** How many targets `lost` has. */
  gone: number
}

const fresh = (): Kept => ({
  record: null,
  status: 'running',
  finishedAt: null,
  says: null,
  dispatched: 0,
  counts: { ...NOTHING },
  parts: [],
  rows: new Map(),
  running: new Map(),
  lost: [],
  gone: 0,
})

/** How many targets the sweeps of one caller may have together in the memory of one replica. */
const CAPACITY = 200_000

/** Returns sweeps in the memory of one replica. */
export function memorySweeps(): Sweeps {
  const kept = new Map<string, Kept>()
  const known = (id: string): Kept => {
    const sweep = kept.get(id) ?? fresh()
    kept.set(id, sweep)
    return sweep
  }
  const shown = ({ record, status, finishedAt, says, dispatched, counts, gone }: Kept): StoredSweep | null =>
    record && { record, status, finishedAt, says, dispatched, counts: { ...counts, lost: counts.lost + gone } }
  const list = (callerId: string): StoredSweep[] =>
    [...kept.values()]
      .map(shown)
      .filter((sweep) => sweep?.record.callerId === callerId)
      .filter((sweep) => sweep !== null)
      .reverse()
  return {
    async addTargets(id, part) {
      known(id).parts.push(JSON.stringify(part))
    },
    async begin(asked) {
      const earlier = list(asked.callerId).filter(({ record }) => record.name === asked.name)
      const busy = earlier.find(({ status }) => status === 'running')
      if (busy) {
        kept.delete(asked.id)
        return { busy: busy.record.id }
      }
      const against = earlier.find(({ status }) => status === 'finished')?.record.id ?? null
      known(asked.id).record = { ...asked, against }
      for (const { record } of surplusOf(list(asked.callerId), CAPACITY)) kept.delete(record.id)
      return { against }
    },
    async get(id) {
      const sweep = kept.get(id)
      return sweep ? shown(sweep) : null
    },
    list: async (callerId) => list(callerId),
    targets: async (id, from, count) => entriesOf(storedTarget, kept.get(id)?.parts ?? [], from, count),
    async rows(id, targets) {
      const rows = kept.get(id)?.rows
      return targets.map((target) => {
        const text = rows?.get(targetKeyOf(target))
        return text === undefined ? null : sweepRow.parse(JSON.parse(text))
      })
    },
    async swap(id, target, before, after) {
      const sweep = kept.get(id)
      const place = targetKeyOf(target)
      const expected = before === null ? undefined : rowText(before)
      if (!sweep || sweep.rows.get(place) !== expected) return false
      sweep.rows.set(place, rowText(after))
      if (after.state === 'running' && after.testId !== null) sweep.running.set(place, after.testId)
      else sweep.running.delete(place)
      const changed = new Map(difference(before, after))
      for (const name of SWEEP_COUNTS) sweep.counts[name] += changed.get(name) ?? 0
      return true
    },
    running: async (id) => [...(kept.get(id)?.running.values() ?? [])],
    async dispatched(id, count) {
      const sweep = kept.get(id)
      if (sweep) sweep.dispatched = count
    },
    async say(id, says) {
      const sweep = kept.get(id)
      if (sweep?.status === 'running') sweep.says = says
    },
    async clearLost(id) {
      const sweep = kept.get(id)
      if (sweep) Object.assign(sweep, { lost: [], gone: 0 })
    },
    async addLost(id, part) {
      const sweep = kept.get(id)
      sweep?.lost.push(JSON.stringify(part))
      if (sweep) sweep.gone += part.length
    },
    lost: async (id, from, count) => entriesOf(lostTarget, kept.get(id)?.lost ?? [], from, count),
    async end(id, status, at, says) {
      const sweep = kept.get(id)
      if (sweep?.status !== 'running') return false
      Object.assign(sweep, { status, finishedAt: at, says })
      return true
    },
  }
}

/** Returns the numbers of the first and the last part that hold the `count` entries from position `from` on. */
export const partsOf = (from: number, count: number): readonly [first: number, last: number] => [
  Math.floor(from / PART),
  Math.floor((from + count - 1) / PART),
]

/** Reads the entries of some parts, as JSON, and returns `count` of them. `from` counts from the first entry of all. */
export function entriesIn<T>(schema: z.ZodType<T>, parts: readonly string[], from: number, count: number): T[] {
  const entries = parts.flatMap((text) => z.array(schema).parse(JSON.parse(text)))
  const begin = from % PART
  return entries.slice(begin, begin + count)
}

function entriesOf<T>(schema: z.ZodType<T>, parts: readonly string[], from: number, count: number): T[] {
  const [first, last] = partsOf(from, count)
  return entriesIn(schema, parts.slice(first, last + 1), from, count)
}
