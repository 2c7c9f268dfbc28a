/**
 * Says how many generated cases a test tries. `npm test` tries enough to find common mistakes in a reasonable time;
 * `npm run prove:mass` sets TIMES and tries more.
 */
const TIMES = Number(process.env.TIMES ?? 1)

/** Returns how many cases to try, from the number that `npm test` tries. */
export const cases = (count: number): number => count * TIMES
