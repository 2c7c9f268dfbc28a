/** What a row of the specials consists of, and helpers to write one. */
import assert from 'node:assert/strict'
import type { Visited, VisitOptions } from '../meet.ts'
import type { HostileOptions, Moment, Peer, Script } from '../server.ts'

/** A server that misbehaves in a way of its own. */
export interface Special {
  readonly name: string
  /** What it tells apart that no other row, and no cell of the matrix, does. */
  readonly separates: string
  /** The reason where the verdict is inconclusive, the verdict otherwise. */
  readonly expected: string
  /** A script of its own for each run: some keep count. */
  readonly script: () => Script
  readonly habits?: Omit<HostileOptions, 'script'>
  readonly options?: VisitOptions
  readonly check?: (visited: Visited) => void
}

export const DENIED = '554 5.7.1 Relay access denied'

/** Says something at one moment, the usual at every other. */
export const at =
  (wanted: Moment, said: string | Buffer | null | ((peer: Peer, line: string) => string | Buffer | null | undefined)) =>
  (): Script =>
  (moment, peer, line) => {
    if (moment !== wanted) return undefined
    return typeof said === 'function' ? said(peer, line) : said
  }

/** The bytes of a text in UTF-8, one a character. */
export const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** Nothing is asked of a server once it has shown that it is none. */
export const neverAsksMore = ({ server }: Visited): void => {
  for (const { heard } of server.peers) assert.ok(!heard.some((line) => /^(MAIL|RCPT|DATA)/.test(line)))
}
