import { z } from 'zod'

/** What the mailbox of one replica got, for the replica that waits for it. Times in ISO 8601. */
export const signal = z.object({
  token: z.string(),
  kind: z.enum(['message', 'bounce']),
  nonces: z.array(z.string()),
  peer: z.string(),
  helo: z.string(),
  received: z.string().nullable(),
  receivedAt: z.string(),
})
export type Signal = z.output<typeof signal>

export const tokenKind = z.enum(['recipient', 'sender'])
export type TokenKind = z.output<typeof tokenKind>

/** What mailboxes tell each other: which tokens are good, and what came to them. */
export interface Signals {
  /** Makes the tokens of a test known to every mailbox. */
  announce(testId: string, tokens: ReadonlyMap<string, TokenKind>, ttlMs: number): Promise<void>
  /** The test sent nothing: its tokens are good no more, unless another test has them too. */
  withdraw(testId: string, tokens: Iterable<string>): Promise<void>
  kindOf(token: string): Promise<TokenKind | null>
  /** Tells every replica, this one included, what came. */
  send(signal: Signal): Promise<void>
  /** From now on calls `heard` with all that is sent; with the same more than once after a fault. */
  listen(heard: (signal: Signal) => void): void
}

/** With one replica there is nobody to tell. */
export const NO_SIGNALS: Signals = {
  async announce() {},
  async withdraw() {},
  async kindOf() {
    return null
  },
  async send() {},
  listen() {},
}
