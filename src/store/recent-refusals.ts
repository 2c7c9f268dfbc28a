/** Remembers which servers refused us in the last ten minutes. If such a server is silent now, it has banned us. */
import { Expiring } from './expiring.ts'

/** A ban name stands for an IP address and the vantage that tests it (banNameOf in service/world.ts). */
export interface RecentRefusals {
  /** Notes that a server refused something now. */
  note(banName: string): Promise<void>
  /** Tells whether a server refused something in the last ten minutes. */
  recently(banName: string): Promise<boolean>
}

/** How long a ban lasts, and how long refusals count towards one: the defaults of fail2ban's bantime and findtime. */
export const BAN_MS = 600_000
const LIMIT = 10_000

/** Returns the refusals that one replica saw. */
export function memoryRecentRefusals(): RecentRefusals {
  const refused = new Expiring<true>(LIMIT)
  return {
    async note(banName) {
      refused.set(banName, true, BAN_MS)
    },
    async recently(banName) {
      return refused.get(banName) !== null
    },
  }
}
