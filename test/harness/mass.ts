/**
 * Says which generated cases a test tries, and how many. `npm test` tries enough to find common mistakes in a
 * reasonable time, and always the same ones: it fails only if the code has changed. `npm run prove:mass` sets TIMES and
 * tries more, other ones each time.
 */
const TIMES = Number(process.env.TIMES ?? 1)

/** Returns how many cases to try, from the number that `npm test` tries. */
export const cases = (count: number): number => count * TIMES

/** Returns the seed in FUZZ_SEED, or else a new one. */
export const newSeed = (): number => Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

/** The seed of this run. FUZZ_SEED repeats a run. */
export const SEED = TIMES === 1 ? Number(process.env.FUZZ_SEED ?? 1) : newSeed()
