import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'

/** What a list of results goes by. */
export interface Filter {
  readonly by: 'ip' | 'reference'
  readonly value: string
  /** Whether the results of a customer may be in it. */
  readonly mayName: (customerId: string) => boolean
}

/** Results by id, kept for a time. */
export interface Results {
  put(result: RelayTest): Promise<void>
  /** Puts a result in the place of an earlier one; without effect where that has gone. */
  amend(result: RelayTest): Promise<void>
  get(id: string): Promise<RelayTest | null>
  /** What lists show of the newest `limit` results that match, newest first. The results themselves are not read. */
  list(filter: Filter, limit: number): Promise<RelayTestSummary[]>
  /** Takes out the result of a test that was not made. */
  remove(result: RelayTest): Promise<void>
}

/** How much memory results take at most, in characters of JSON; the oldest go first. */
const CAPACITY = 64 * 1024 * 1024

interface Kept extends Pick<RelayTest, 'ip' | 'reference' | 'customerId'> {
  readonly json: string
  readonly summary: string
  readonly createdAt: number
  readonly expiresAt: number
}

const sizeOf = ({ json, summary }: Kept): number => json.length + summary.length

/** Results of one replica, bounded in time and size. */
export function memoryResults(ttlMs: number, capacity = CAPACITY): Results {
  const kept = new Map<string, Kept>()
  let size = 0
  const drop = (id: string) => {
    const entry = kept.get(id)
    if (entry) size -= sizeOf(entry)
    kept.delete(id)
  }
  const isFresh = ({ expiresAt }: Kept) => performance.now() < expiresAt
  const has = (id: string) => {
    const found = kept.get(id)
    return found !== undefined && isFresh(found)
  }
  const put = (result: RelayTest) => {
    const { id, ip, reference, customerId } = result
    drop(id)
    const texts = { json: JSON.stringify(result), summary: JSON.stringify(summaryOf(result)) }
    const times = { createdAt: Date.parse(result.createdAt), expiresAt: performance.now() + ttlMs }
    const made = { ip, reference, customerId, ...texts, ...times }
    kept.set(id, made)
    size += sizeOf(made)
    // A Map keeps the order of insertion, so the first is the oldest.
    for (const [oldest, entry] of kept) {
      if (size <= capacity && isFresh(entry)) break
      drop(oldest)
    }
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
      return found && isFresh(found) ? JSON.parse(found.json) : null
    },
    async list({ by, value, mayName }, limit) {
      return [...kept.values()]
        .filter((entry) => entry[by] === value && mayName(entry.customerId) && isFresh(entry))
        .reverse()
        .sort((a, b) => b.createdAt - a.createdAt)
        .slice(0, limit)
        .map(({ summary }) => JSON.parse(summary))
    },
    async remove({ id }) {
      drop(id)
    },
  }
}
