/** Random choices that the same seed repeats. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number
  /** Returns `count` random bits. */
  bits(count: number): bigint
  pick<T>(items: readonly T[]): T
  /** Returns true with this probability, from 0 to 1. */
  chance(share: number): boolean
}

/** Makes random choices from a seed: mulberry32, which is good enough for test cases and for nothing else. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const int = (below: number): number => Math.floor((next() / 2 ** 32) * below)
  return {
    int,
    bits(count) {
      let value = 0n
      for (let have = 0; have < count; have += 32) value = (value << 32n) | BigInt(next())
      return value & ((1n << BigInt(count)) - 1n)
    },
    pick(items) {
      const item = items[int(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    chance: (share) => next() / 2 ** 32 < share,
  }
}
