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
 * Returns how many connections got a greeting. A connection that a busy machine opened too late is not counted: the
 * service gave it up and opened another one.
 */
export function greetedConnections({ transcript }: Visited): number {
  const greetings = transcript.entries.filter(({ from, line }) => from === 'server' && line.startsWith('220'))
  return new Set(greetings.map(({ connection }) => connection)).size
}

/** Checks that no mail command is sent to a server that has shown that it is not a mail server. */
export const neverAsksMore = ({ server }: Visited): void => {
  for (const { heard } of server.peers) assert.ok(!heard.some((line) => /^(MAIL|RCPT|DATA)/.test(line)))
}
