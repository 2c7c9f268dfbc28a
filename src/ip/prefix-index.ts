import type { Address } from './address.ts'
import type { Prefix } from './prefix.ts'

/**
 * An index for longest-prefix match over both families, in plain data: one process hands it to another as it is. It
 * knows each prefix by its number, which is its place among those that it was made of.
 */
export interface PrefixIndex {
  readonly ipv4: Segments
  readonly ipv6: Segments
  /** For each prefix the number of the next longer one around it, or -1. */
  readonly around: Int32Array
}

/** The address space of a family cut into stretches, each up to the next, with the same longest match. */
interface Segments {
  /** The first address of each, in ascending order, as so many 32-bit words, the most significant first. */
  readonly starts: Uint32Array
  /** The number of the longest prefix, or -1. */
  readonly longest: Int32Array
}

const WORDS = { 4: 1, 6: 4 } as const

/** Above every address, so that all prefixes end before it. */
const END = 1n << 129n

/**
 * Builds an index. Of equal prefixes the first is found and the others are not: a caller to whom duplicates matter looks
 * for them before. Takes O(n log n) time and O(n) memory: at most 44 bytes for a prefix of IPv6, and 20 for one of IPv4.
 */
export function buildPrefixIndex(prefixes: readonly Prefix[]): PrefixIndex {
  const around = new Int32Array(prefixes.length).fill(-1)
  return { ipv4: flatten(prefixes, 4, around), ipv6: flatten(prefixes, 6, around), around }
}

/** The numbers of all prefixes that hold the address, the longest first. Takes O(log n), and one step for each found. */
export function prefixesAround({ ipv4, ipv6, around }: PrefixIndex, { family, value }: Address): number[] {
  const { starts, longest } = family === 4 ? ipv4 : ipv6
  const found: number[] = []
  const first = longest[lastStart(starts, wordsOf(value, family))] ?? -1
  for (let number = first; number !== -1; number = around[number] ?? -1) found.push(number)
  return found
}

/**
 * Two prefixes are disjoint or one holds the other, so in the order of `outerFirst` the prefixes around the current
 * one form a stack, and one pass cuts the address space into disjoint segments. Of segments with the same start the
 * last one counts: it belongs to the inner prefix, or to the one that follows at once; the others are empty.
 */
function flatten(prefixes: readonly Prefix[], family: 4 | 6, around: Int32Array): Segments {
  const ordered = [...prefixes.entries()].filter(([, prefix]) => prefix.family === family).sort(outerFirst)
  // Each prefix begins a segment and ends one.
  const starts = new Uint32Array(ordered.length * 2 * WORDS[family])
  const longest = new Int32Array(ordered.length * 2)
  const open: (readonly [number: number, prefix: Prefix])[] = []
  let count = 0

  const begin = (start: bigint): void => {
    starts.set(wordsOf(start, family), count * WORDS[family])
    longest[count] = open.at(-1)?.[0] ?? -1
    count += 1
  }
  const closeBefore = (start: bigint): void => {
    for (let inner = open.at(-1); inner !== undefined && inner[1].last < start; inner = open.at(-1)) {
      open.pop()
      // What follows the last address of all is no address.
      if ((inner[1].last + 1n) >> BigInt(WORDS[family] * 32) === 0n) begin(inner[1].last + 1n)
    }
  }

  for (const [number, prefix] of ordered) {
    closeBefore(prefix.first)
    const outer = open.at(-1)
    if (outer?.[1].text === prefix.text) continue
    around[number] = outer?.[0] ?? -1
    open.push([number, prefix])
    begin(prefix.first)
  }
  closeBefore(END)
  return { starts: starts.slice(0, count * WORDS[family]), longest: longest.slice(0, count) }
}

function outerFirst([, a]: readonly [number, Prefix], [, b]: readonly [number, Prefix]): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1
  return a.length - b.length
}

function wordsOf(value: bigint, family: 4 | 6): number[] {
  if (family === 4) return [Number(value)]
  return [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffff_ffffn))
}

/** Binary search for the last segment that starts at or before an address; -1 where there is none. */
function lastStart(starts: Uint32Array, words: readonly number[]): number {
  let low = 0
  let high = starts.length / words.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(words, starts, middle * words.length)) high = middle
    else low = middle + 1
  }
  return low - 1
}

/** Whether an address comes before the one that begins at that place. */
function isBefore(words: readonly number[], starts: Uint32Array, at: number): boolean {
  for (let index = 0; index < words.length; index += 1) {
    const [word = 0, start = 0] = [words[index], starts[at + index]]
    if (word !== start) return word < start
  }
  return false
}
