/** The type of a server with a special fault, and helpers to write one. */
import assert from 'node:assert/strict'
import type { Visited, VisitOptions } from '../meet.ts'
import type { HostileOptions, Moment, Peer, Script } from '../server.ts'

/** A server with a special fault. */
export interface Special {
  readonly name: string
  /** The behaviour that only this server shows, and no other one and no cell of the matrix. */
  readonly separates: string
  /** The reason if the verdict is inconclusive, otherwise the verdict. */
  readonly expected: string
  /** Makes a new script for each run, because some scripts count. */
  readonly script: () => Script
  readonly habits?: Omit<HostileOptions, 'script'>
  readonly options?: VisitOptions
  readonly check?: (visited: Visited) => void
}

export const DENIED = '554 5.7.1 Relay access denied'

/** Makes a script that sends something at one moment, and the usual replies at all others. */
export const at =
  (wanted: Moment, said: string | Buffer | null | ((peer: Peer, line: string) => string | Buffer | null | undefined)) =>
  (): Script =>
  (moment, peer, line) => {
    if (moment !== wanted) return undefined
    return typeof said === 'function' ? said(peer, line) : said
  }

/** Returns the UTF-8 bytes of a text, one byte for each character. */
export const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/**
 * Returns how often the recipient that was named most often was named. Connections are not counted: if the machine is
 * held up for seconds, the service takes the server for a slow one, and spreads the recipients over more connections.
 */
export function mostNamed({ transcript }: Visited): number {
  const counts = new Map<string, number>()
  for (const { from, line } of transcript.entries) {
    if (from === 'client' && line.startsWith('RCPT')) counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}

/** Checks that no mail command is sent to a server that has shown that it is not a mail server. */
export const neverAsksMore = ({ server }: Visited): void => {
  for (const { heard } of server.peers) assert.ok(!heard.some((line) => /^(MAIL|RCPT|DATA)/.test(line)))
}
