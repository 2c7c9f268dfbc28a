/** Stores the results of tests. */
import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'

/** Selects the results for a list. */
export interface Filter {
  readonly by: 'ip' | 'reference'
  readonly value: string
  /** Tells whether the list may contain results of a customer. */
  readonly mayName: (customerId: string) => boolean
}

/** Results by id. They expire. */
export interface Results {
  put(result: RelayTest): Promise<void>
  /** Replaces an earlier result. Does nothing if it has expired. */
  amend(result: RelayTest): Promise<void>
  get(id: string): Promise<RelayTest | null>
  /** Returns summaries of the newest `limit` results that match, newest first. Does not read the results themselves. */
  list(filter: Filter, limit: number): Promise<RelayTestSummary[]>
  /** Removes the result of a test that did not start. */
  remove(result: RelayTest): Promise<void>
}

/**
 * The most memory that results may use, in bytes. Beyond it, deletes the oldest result of the customer
 * whose results use the most, so that no customer pushes out the results of another.
 */
const CAPACITY = 64 * 1024 * 1024
/** What a result takes besides its JSON: its buffers, its members and its place in the map (measured). */
const OWN_SIZE = 1_024

/** A stored result. As bytes of JSON, it takes less memory and nobody can change it. */
interface Kept extends Pick<RelayTest, 'ip' | 'reference' | 'customerId'> {
  readonly json: Buffer
  readonly summary: Buffer
  readonly createdAt: number
  readonly expiresAt: number
}

const sizeOf = ({ json, summary }: Kept): number => json.length + summary.length + OWN_SIZE

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
  let size = 0
  const drop = (id: string) => {
    const entry = kept.get(id)
    if (!entry) return
    kept.delete(id)
    size -= sizeOf(entry)
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
    kept.set(id, entry)
    size += sizeOf(entry)
  }
  const isFresh = ({ expiresAt }: Kept) => performance.now() < expiresAt
  const has = (id: string) => {
    const found = kept.get(id)
    return found !== undefined && isFresh(found)
  }
  const put = (result: RelayTest) => {
    const { id, ip, reference, customerId } = result
    drop(id)
    const texts = { json: bytesOf(result), summary: bytesOf(summaryOf(result)) }
    const times = { createdAt: Date.parse(result.createdAt), expiresAt: performance.now() + ttlMs }
    const made = { ip, reference, customerId, ...texts, ...times }
    keep(id, made)
    // A Map keeps the order of insertion, so the first entry is the oldest.
    for (const [oldest, entry] of kept) {
      if (isFresh(entry)) break
      drop(oldest)
    }
    while (size > capacity) drop(oldestOfLargest(shares))
  }
  return {
    async put(result) {
      put(result)
    },
    async amend(result) {
      if (has(result.id)) put(result)
    },
    async get(id) {
      const found = kept.get(id)
      return found && isFresh(found) ? JSON.parse(found.json.toString()) : null
    },
    async list({ by, value, mayName }, limit) {
      return [...kept.values()]
        .filter((entry) => entry[by] === value && mayName(entry.customerId) && isFresh(entry))
        .reverse()
        .sort((a, b) => b.createdAt - a.createdAt)
        .slice(0, limit)
        .map(({ summary }) => JSON.parse(summary.toString()))
    },
    async remove({ id }) {
      drop(id)
    },
  }
}
