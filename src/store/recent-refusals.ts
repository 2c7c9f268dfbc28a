/** Remembers which servers refused us in the last ten minutes. If such a server is silent now, it has banned us. */
import { Expiring } from './expiring.ts'

/** A place is an IP address together with the vantage that tests it. */
export interface RecentRefusals {
  /** Remembers that a place refused something now. */
  note(place: string): Promise<void>
  /** Tells whether a place refused something in the last ten minutes. */
  recently(place: string): Promise<boolean>
}

/** How long a ban lasts, and how long refusals count towards one: the defaults of fail2ban's bantime and findtime. */
export const BAN_MS = 600_000
const LIMIT = 10_000

/** Returns the refusals that one replica saw. */
export function memoryRecentRefusals(): RecentRefusals {
  const places = new Expiring<true>(LIMIT)
  return {
    async note(place) {
      places.set(place, true, BAN_MS)
    },
    async recently(place) {
      return places.get(place) !== null
    },
  }
}
