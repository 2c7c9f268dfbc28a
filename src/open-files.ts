/** Divides the files that this process may have open, so that connections of strangers cannot use up those of tests. */
import { readFileSync } from 'node:fs'

/** How many open files each part needs. A test has three connections and a look-up at the same time. */
const EACH_TEST = 4
/** The mailbox has 200 connections. */
const MAILBOX = 200
/** The name server of the zone has 50 connections. */
const ZONE = 50
/** Libraries, configuration files, logs, Redis, metrics and checks of vantages. */
const REST = 100
/** The API has at most MOST_HTTP connections, and at least LEAST_HTTP of all files if there are too few for all. */
const MOST_HTTP = 1_000
const LEAST_HTTP = 1 / 4

/** How the open files are divided. */
export interface OpenFiles {
  /** The most that this process may have. Node.js raises the soft limit to the hard one when it starts. */
  readonly limit: number
  /** How many this configuration can use at once. */
  readonly needed: number
  /** How many connections the API may have. */
  readonly http: number
}

/**
 * Divides `limit` open files among the API and the other parts of a configuration.
 *
 * @param tests how many tests and follow-ups run at the same time
 */
export function divideOpenFiles(limit: number, tests: number, hasMailbox: boolean, hasZone = false): OpenFiles {
  const others = REST + EACH_TEST * tests + (hasMailbox ? MAILBOX : 0) + (hasZone ? ZONE : 0)
  const least = Math.min(MOST_HTTP, Math.floor(limit * LEAST_HTTP))
  const http = Math.min(MOST_HTTP, Math.max(least, limit - others))
  return { limit, needed: others + http, http }
}

/** Returns how many files this process may have open; Infinity if the system sets no limit or does not say it. */
export function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
