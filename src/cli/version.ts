/** Reads the version of the command from its package.json: two folders up, in the service and in the client package. */
import { readFileSync } from 'node:fs'

/** Returns the version, for example `0.1.0`. */
export function readVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return version
}
