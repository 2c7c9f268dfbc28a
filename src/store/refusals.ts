import { Expiring } from './expiring.ts'

/** Which places refused something of ours lately: a server, as met from a vantage. */
export interface Refusals {
  note(place: string): Promise<void>
  recently(place: string): Promise<boolean>
}

/** How long a ban usually lasts, and refusals count towards one: fail2ban's findtime and bantime. */
export const BAN_MS = 600_000
const LIMIT = 10_000

/** The refusals that one replica saw. */
export function memoryRefusals(): Refusals {
  const seen = new Expiring<true>(LIMIT)
  return {
    async note(place) {
      seen.set(place, true, BAN_MS)
    },
    async recently(place) {
      return seen.get(place) !== null
    },
  }
}
