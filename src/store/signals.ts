/** Lets the mailbox of one replica tell another replica about a message that arrived. */
import { z } from 'zod'

/** A message that the mailbox of one replica received, for the replica that waits for it. Times in ISO 8601. */
export const signal = z.object({
  token: z.string(),
  kind: z.enum(['message', 'bounce']),
  secrets: z.array(z.string()),
  peer: z.string(),
  helo: z.string(),
  received: z.string().nullable(),
  receivedAt: z.string(),
  /** The facts of a report; null for a message. */
  report: z.object({ remote: z.boolean(), outside: z.boolean(), local: z.boolean(), unknown: z.boolean() }).nullable(),
})
export type Signal = z.output<typeof signal>

export const tokenKind = z.enum(['recipient', 'sender'])
export type TokenKind = z.output<typeof tokenKind>

/** The connection between replicas: which tokens are valid, and which messages arrived. */
export interface Signals {
  /** Makes the tokens of a test known to every mailbox. */
  announce(testId: string, tokens: ReadonlyMap<string, TokenKind>, ttlMs: number): Promise<void>
  /** Withdraws the tokens of a test that sent nothing. A token that another test uses stays valid. */
  withdraw(testId: string, tokens: Iterable<string>): Promise<void>
  /** Returns the kind of a valid token, or null. */
  kindOf(token: string): Promise<TokenKind | null>
  /**
   * Tells every replica, this one included, about a message. Throws StoreUnavailable if too many messages came to its
   * token in a short time.
   */
  send(signal: Signal): Promise<void>
  /** Notes that our mailbox turned somebody away `agoMs` milliseconds ago, for a reason of its own. */
  noteTrouble(agoMs: number): Promise<void>
  /** Returns how many milliseconds ago a mailbox of any replica last did that; null if none did within a day. */
  msSinceTrouble(): Promise<number | null>
  /** Calls `heard` with every signal, also with older ones that the store still has. A signal can come twice. */
  listen(heard: (signal: Signal) => void): void
}

/** Used with one replica: there are no others to tell. */
export const NO_SIGNALS: Signals = {
  async announce() {},
  async withdraw() {},
  async kindOf() {
    return null
  },
  async send() {},
  async noteTrouble() {},
  async msSinceTrouble() {
    return null
  },
  listen() {},
}
