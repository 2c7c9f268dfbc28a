import type { Address } from './address.ts'
import type { Prefix } from './prefix.ts'

export interface PrefixEntry<T> {
  readonly prefix: Prefix
  readonly value: T
}

export interface PrefixIndex<T> {
  /** The entry with the longest prefix that contains the address, or null when none does. Takes O(log n). */
  find(address: Address): PrefixEntry<T> | null
}

/** A stretch of addresses from `start` up to the next segment, all with the same longest match. */
interface Segment<T> {
  readonly start: bigint
  readonly entry: PrefixEntry<T> | null
}

/** Above every address, so that all prefixes end before it. */
const END = 1n << 129n

/**
 * Builds an index for longest-prefix match over both families.
 *
 * Of entries with the same prefix the first is kept and the others are ignored: a caller to whom duplicates matter
 * looks for them before. The index is immutable; a change means a new one. Takes O(n log n) time and O(n) memory.
 */
export function buildPrefixIndex<T>(entries: Iterable<PrefixEntry<T>>): PrefixIndex<T> {
  const all = [...entries]
  const ipv4 = flatten(all.filter(({ prefix }) => prefix.family === 4))
  const ipv6 = flatten(all.filter(({ prefix }) => prefix.family === 6))
  return { find: (address) => findEntry(address.family === 4 ? ipv4 : ipv6, address.value) }
}

/**
 * Two prefixes are disjoint or one holds the other, so in the order of `outerFirst` the prefixes around the current
 * one form a stack, and one pass cuts the address space into disjoint segments. Of segments with the same start the
 * last one counts: it belongs to the inner prefix, or to the one that follows at once; the others are empty.
 */
function flatten<T>(entries: readonly PrefixEntry<T>[]): readonly Segment<T>[] {
  const segments: Segment<T>[] = []
  const open: PrefixEntry<T>[] = []

  const closeBefore = (start: bigint): void => {
    for (let inner = open.at(-1); inner !== undefined && inner.prefix.last < start; inner = open.at(-1)) {
      open.pop()
      segments.push({ start: inner.prefix.last + 1n, entry: open.at(-1) ?? null })
    }
  }

  for (const entry of entries.toSorted(outerFirst)) {
    closeBefore(entry.prefix.first)
    if (open.at(-1)?.prefix.text === entry.prefix.text) continue
    segments.push({ start: entry.prefix.first, entry })
    open.push(entry)
  }
  closeBefore(END)
  return segments
}

function outerFirst<T>(a: PrefixEntry<T>, b: PrefixEntry<T>): number {
  if (a.prefix.first !== b.prefix.first) return a.prefix.first < b.prefix.first ? -1 : 1
  return a.prefix.length - b.prefix.length
}

/** Binary search for the last segment that starts at or before the value. */
function findEntry<T>(segments: readonly Segment<T>[], value: bigint): PrefixEntry<T> | null {
  let found: PrefixEntry<T> | null = null
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const segment = segments[middle]
    if (segment !== undefined && segment.start <= value) {
      found = segment.entry
      low = middle + 1
    } else {
      high = middle
    }
  }
  return found
}
