/** Numbers that look random and are the same for the same seed (Mulberry32, Tommy Ettinger, public domain). */
export interface Random {
  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number
  /** One of them; throws where there is none. */
  of<T>(list: readonly T[]): T
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    below,
    of(list) {
      const found = list[below(list.length)]
      if (found === undefined) throw new Error('nothing to choose from')
      return found
    },
  }
}

/** Another run each day, the same all day: what a run finds can be had again by the seed that it prints. */
export const seedOf = (text: string | undefined): number =>
  text === undefined ? Math.floor(Date.now() / 86_400_000) : Number(text)
