/** Counts the sockets of a service, to find leaks. */
import { readdirSync, readlinkSync } from 'node:fs'
import type { TestService } from './service.ts'

/** Returns how many sockets the process of a service has open. */
export function socketsOf({ process: { pid } }: TestService): number {
  const files = readdirSync(`/proc/${pid}/fd`)
  return files.filter((file) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${file}`).startsWith('socket:')
    } catch {
      // The file was closed in the meantime.
      return false
    }
  }).length
}
