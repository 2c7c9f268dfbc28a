import type { RelayTest } from '../contract/relay-test.ts'

/** Results by id, kept for a time. */
export interface Results {
  put(result: RelayTest): Promise<void>
  get(id: string): Promise<RelayTest | null>
}

/** How much memory results take at most, in characters of JSON; the oldest go first. */
const CAPACITY = 64 * 1024 * 1024

interface Kept {
  readonly json: string
  readonly expiresAt: number
}

/** Results of one replica, bounded in time and size. */
export function memoryResults(ttlMs: number, capacity = CAPACITY): Results {
  const kept = new Map<string, Kept>()
  let size = 0
  const drop = (id: string, { json }: Kept) => {
    kept.delete(id)
    size -= json.length
  }
  return {
    async put(result) {
      const known = kept.get(result.id)
      if (known) drop(result.id, known)
      const json = JSON.stringify(result)
      kept.set(result.id, { json, expiresAt: performance.now() + ttlMs })
      size += json.length
      // A Map keeps the order of insertion, so the first is the oldest.
      for (const [id, entry] of kept) {
        if (size <= capacity && performance.now() < entry.expiresAt) break
        drop(id, entry)
      }
    },
    async get(id) {
      const found = kept.get(id)
      if (!found || performance.now() >= found.expiresAt) return null
      return JSON.parse(found.json)
    },
  }
}
