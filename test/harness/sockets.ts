/** Counts the sockets of a service, to find leaks. */
import { readdirSync, readlinkSync } from 'node:fs'
import type { TestService } from './service.ts'

/** How many sockets the process of a service holds. */
export function socketsOf({ process: { pid } }: TestService): number {
  const files = readdirSync(`/proc/${pid}/fd`)
  return files.filter((file) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${file}`).startsWith('socket:')
    } catch {
      // Closed while we looked.
      return false
    }
  }).length
}
