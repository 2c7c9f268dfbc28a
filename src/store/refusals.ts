import { Expiring } from './expiring.ts'

/** Which addresses refused something of ours lately. */
export interface Refusals {
  note(address: string): Promise<void>
  recently(address: string): Promise<boolean>
}

/** How long a ban usually lasts, and refusals count towards one: fail2ban's findtime and bantime. */
export const BAN_MS = 600_000
const LIMIT = 10_000

/** The refusals that one replica saw. */
export function memoryRefusals(): Refusals {
  const seen = new Expiring<true>(LIMIT)
  return {
    async note(address) {
      seen.set(address, true, BAN_MS)
    },
    async recently(address) {
      return seen.get(address) !== null
    },
  }
}
