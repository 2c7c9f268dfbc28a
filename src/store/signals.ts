/** Tells every mailbox which test addresses are valid, and every replica which messages arrived. */
import { z } from 'zod'
import { type TokenKind, Tokens } from './tokens.ts'

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
  report: z
    .object({
      failed: z.boolean().default(true),
      remote: z.boolean(),
      foreign: z.boolean().default(false),
      outside: z.boolean(),
      local: z.boolean(),
      unknown: z.boolean(),
    })
    .nullable(),
})
export type Signal = z.output<typeof signal>

/** The connection between replicas: which tokens are valid, and which messages arrived. */
export interface Signals {
  /** Makes the tokens of a test known to every mailbox. */
  announce(testId: string, tokens: ReadonlyMap<string, TokenKind>, ttlMs: number): Promise<void>
  /** Withdraws tokens to which a test sent no message. A token that another test uses stays valid. */
  withdraw(testId: string, tokens: Iterable<string>): Promise<void>
  /** Returns the kind of a valid token, or null. */
  kindOf(token: string): Promise<TokenKind | null>
  /** Returns the ids of the tests of a valid token: those of one server on one day. */
  testsOf(token: string): Promise<readonly string[]>
  /** When valid tokens were last forgotten because there were too many, in `performance.now()` milliseconds. */
  readonly forgotAt: number
  /**
   * Tells every replica, this one included, about a message. Throws StoreUnavailable if too many messages came to its
   * token in a short time.
   */
  send(signal: Signal): Promise<void>
  /** Notes that our mailbox turned a visitor away `agoMs` milliseconds ago, for a reason on our side. */
  noteTrouble(agoMs: number): Promise<void>
  /** Returns how many milliseconds ago a mailbox of any replica last did that; null if none did within a day. */
  msSinceTrouble(): Promise<number | null>
  /** Calls `heard` with every signal, also with older ones that the store still has. A signal can come twice. */
  listen(heard: (signal: Signal) => void): void
}

/** How many tests may have tokens in a single replica. */
const REMEMBERED = 10_000

/** Returns the signals of a single replica: there are no others to tell. */
export function memorySignals(remembered = REMEMBERED): Signals {
  const tokens = new Tokens(remembered)
  return {
    async announce(testId, kinds, ttlMs) {
      tokens.announce(testId, kinds, ttlMs)
    },
    async withdraw(testId, withdrawn) {
      tokens.withdraw(testId, withdrawn)
    },
    kindOf: async (token) => tokens.kindOf(token),
    testsOf: async (token) => tokens.testsOf(token),
    get forgotAt() {
      return tokens.forgotAt
    },
    async send() {},
    async noteTrouble() {},
    msSinceTrouble: async () => null,
    listen() {},
  }
}
