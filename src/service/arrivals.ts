/** The state of the mail of one test, and what an arrival means for it. */
import type { Seen } from '../relay/attempt.ts'
import type { TokenKind } from '../store/signals.ts'

/** The mail that one test expects, and the mail that has arrived for it so far. */
export interface Expected {
  /** The secret of each form whose message was sent. */
  readonly nonces: Map<string, string>
  readonly seen: Map<string, Seen>
  readonly expiresAt: number
  /** The form of each local part, or `sender`. */
  readonly tokens: ReadonlyMap<string, string>
  /** Called with each arrival. */
  onArrival: (form: string, seen: Seen) => void
  /** Characters that `onArrival` keeps in memory. */
  weight: number
}

/** Stands for a form in the sender's token: all forms of a test share one sender. Bounces go to its address. */
const SENDER = 'sender'

/** Returns which kind of test address the token of a form is. */
export const kindOf = (form: string | undefined): TokenKind => (form === SENDER ? SENDER : 'recipient')

/** Returns the forms of an arrival. If only one message was sent, a bounce without a nonce belongs to it. */
export function formsOf(test: Expected, token: string, kind: Seen['kind'], nonces: readonly string[]): string[] {
  const named = [...test.nonces].filter(([, nonce]) => nonces.includes(nonce)).map(([form]) => form)
  if (kind === 'message') return named.filter((form) => test.tokens.get(token) === form)
  return named.length > 0 ? named : test.nonces.size === 1 ? [...test.nonces.keys()] : []
}

/** Waits for the message of a form, or its bounce. Null after `ms` milliseconds, or when `stop` is aborted. */
export function waitFor(test: Expected, form: string, ms: number, stop: AbortSignal): Promise<Seen | null> {
  const known = test.seen.get(form)
  if (known || stop.aborted) return Promise.resolve(known ?? null)
  return new Promise((resolve) => {
    const before = test.onArrival
    const end = (seen: Seen | null) => {
      clearTimeout(timer)
      stop.removeEventListener('abort', left)
      resolve(seen)
    }
    const left = () => end(null)
    const timer = setTimeout(left, ms)
    stop.addEventListener('abort', left)
    test.onArrival = (which, seen) => {
      before(which, seen)
      if (which === form) end(seen)
    }
  })
}
