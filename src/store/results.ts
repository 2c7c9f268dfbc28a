/** Stores the results of tests. */
import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'
import type { Verdict } from '../contract/words.ts'

/** Selects the results for a list. Undefined conditions do not count. */
export interface Filter {
  readonly ip?: string | undefined
  readonly reference?: string | undefined
  readonly verdict?: Verdict | undefined
  /** The earliest `createdAt`, in milliseconds since 1970. */
  readonly since?: number | undefined
  /** Tells whether the list may contain results of a customer. */
  readonly mayName: (customerId: string) => boolean
}

/** The place of a result in a list. Newer results come first. At the same time, larger ids come first. */
export interface ListPosition {
  readonly createdAt: number
  readonly id: string
}

/** A part of a list. `next` is the place after which the list continues; null at its end. */
export interface SummaryPage {
  readonly summaries: readonly RelayTestSummary[]
  readonly next: ListPosition | null
}

/** Compares the places of two results in a list. */
export const inListOrder = (one: ListPosition, other: ListPosition): number =>
  other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1)

/** Whether a result comes after a place in a list. */
export const isAfter = ({ createdAt, id }: ListPosition, place: ListPosition | null): boolean =>
  place === null || createdAt < place.createdAt || (createdAt === place.createdAt && id < place.id)

/** Whether a result meets all conditions of a filter, except those on its time and its customer. */
export const fits = (
  result: Pick<RelayTest, 'ip' | 'reference' | 'verdict'>,
  { ip, reference, verdict }: Filter,
): boolean =>
  (ip === undefined || result.ip === ip) &&
  (reference === undefined || result.reference === reference) &&
  (verdict === undefined || result.verdict === verdict)

/** Everything that a result is made of, as bytes, so that any replica can judge it again (service/dossier.ts). */
export interface DossierBytes {
  readonly bytes: Buffer
  /** The secrets of the messages that the test sent. They show which test an arrival belongs to, without the bytes. */
  readonly secrets: readonly string[]
}

/** A dossier in the stores. */
export interface StoredDossier extends DossierBytes {
  /** Counts the changes of a result and its dossier. */
  readonly revision: number
}

/** Results by id, and their dossiers. Both expire at the same time. */
export interface Results {
  /** Stores a result in place of an earlier one. A result without a dossier never changes. */
  put(result: RelayTest, dossier?: DossierBytes): Promise<void>
  /**
   * Replaces a result and its dossier. Returns false, and changes nothing, if they have changed since `revision` was
   * read.
   */
  amend(result: RelayTest, dossier: DossierBytes, revision: number): Promise<boolean>
  get(id: string): Promise<RelayTest | null>
  /** Returns the dossier of a result, or null if it has none. */
  dossier(id: string): Promise<StoredDossier | null>
  /** Returns the secrets of a dossier; none if there is no dossier. */
  secretsOf(id: string): Promise<readonly string[]>
  /**
   * Returns summaries of the newest `limit` results that match and come after a place. Does not read the results
   * themselves. A page before the end of the list may be shorter, if the filter leaves out many results.
   */
  list(filter: Filter, limit: number, after?: ListPosition | null): Promise<SummaryPage>
  /** Removes the result of a test that did not start. */
  remove(result: RelayTest): Promise<void>
}

/**
 * The most memory that results and their dossiers may use, in bytes. Beyond it, deletes the oldest result of the
 * customer whose results use the most, so that no customer pushes out the results of another.
 */
const CAPACITY = 128 * 1024 * 1024
/** The memory of a result besides its JSON, in bytes: its buffers, its members and its map entry (measured). */
const OWN_SIZE = 1_024

/** A stored result. As bytes of JSON, it takes less memory and nobody can change it. */
interface Kept extends Pick<RelayTest, 'id' | 'ip' | 'reference' | 'customerId' | 'verdict'> {
  readonly json: Buffer
  readonly summary: Buffer
  readonly dossier: StoredDossier | null
  readonly createdAt: number
  readonly expiresAt: number
}

const sizeOf = ({ json, summary, dossier }: Kept): number =>
  json.length + summary.length + (dossier?.bytes.length ?? 0) + OWN_SIZE

const bytesOf = (value: object): Buffer => Buffer.from(JSON.stringify(value))

/** The results of one customer: their ids, the oldest first, and the memory that they use. */
interface Share {
  readonly ids: Set<string>
  size: number
}

/** Returns the oldest id of the customer whose results use the most memory. */
function oldestOfLargest(shares: ReadonlyMap<string, Share>): string {
  let largest: Share = { ids: new Set(), size: -1 }
  for (const share of shares.values()) if (share.size > largest.size) largest = share
  const [oldest = ''] = largest.ids
  return oldest
}

/** Returns results in the memory of one replica, limited in time and size. */
export function memoryResults(ttlMs: number, capacity = CAPACITY): Results {
  const kept = new Map<string, Kept>()
  const shares = new Map<string, Share>()
  /** The ids of the results of an address: each test asks for the earlier ones of its target. */
  const idsByIp = new Map<string, Set<string>>()
  let size = 0
  const drop = (id: string) => {
    const entry = kept.get(id)
    if (!entry) return
    kept.delete(id)
    size -= sizeOf(entry)
    const ids = idsByIp.get(entry.ip)
    ids?.delete(id)
    if (ids?.size === 0) idsByIp.delete(entry.ip)
    const share = shares.get(entry.customerId)
    if (!share) return
    share.size -= sizeOf(entry)
    share.ids.delete(id)
    if (share.ids.size === 0) shares.delete(entry.customerId)
  }
  const keep = (id: string, entry: Kept) => {
    const share = shares.get(entry.customerId) ?? { ids: new Set(), size: 0 }
    shares.set(entry.customerId, share)
    share.ids.add(id)
    share.size += sizeOf(entry)
    idsByIp.set(entry.ip, (idsByIp.get(entry.ip) ?? new Set()).add(id))
    kept.set(id, entry)
    size += sizeOf(entry)
  }
  const isFresh = ({ expiresAt }: Kept) => performance.now() < expiresAt
  const fresh = (id: string): Kept | null => {
    const found = kept.get(id)
    return found && isFresh(found) ? found : null
  }
  const put = (result: RelayTest, dossier: StoredDossier | null) => {
    const { id, ip, reference, customerId, verdict } = result
    drop(id)
    const texts = { json: bytesOf(result), summary: bytesOf(summaryOf(result)) }
    const times = { createdAt: Date.parse(result.createdAt), expiresAt: performance.now() + ttlMs }
    const made = { id, ip, reference, customerId, verdict, dossier, ...texts, ...times }
    keep(id, made)
    // A Map keeps the order of insertion, so the first entry is the oldest.
    for (const [oldest, entry] of kept) {
      if (isFresh(entry)) break
      drop(oldest)
    }
    while (size > capacity) drop(oldestOfLargest(shares))
  }
  return {
    async put(result, dossier) {
      put(result, dossier ? { ...dossier, revision: 0 } : null)
    },
    async amend(result, dossier, revision) {
      const before = fresh(result.id)
      if (before?.dossier?.revision !== revision) return false
      put(result, { ...dossier, revision: revision + 1 })
      return true
    },
    async get(id) {
      const found = fresh(id)
      return found && JSON.parse(found.json.toString())
    },
    async dossier(id) {
      return fresh(id)?.dossier ?? null
    },
    async secretsOf(id) {
      return fresh(id)?.dossier?.secrets ?? []
    },
    async list(filter, limit, after = null) {
      const { ip, mayName, since = 0 } = filter
      const ids = ip === undefined ? kept.keys() : (idsByIp.get(ip) ?? [])
      const found = [...ids]
        .flatMap((id) => kept.get(id) ?? [])
        .filter((entry) => fits(entry, filter) && entry.createdAt >= since && isAfter(entry, after))
        .filter((entry) => mayName(entry.customerId) && isFresh(entry))
        .sort(inListOrder)
      const page = found.slice(0, limit)
      return {
        summaries: page.map(({ summary }) => JSON.parse(summary.toString())),
        next: found.length > limit ? (page.at(-1) ?? null) : null,
      }
    },
    async remove({ id }) {
      drop(id)
    },
  }
}
