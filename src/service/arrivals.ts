/** The state of the mail of one test, and what an arrival means for it. */
import type { ReportFacts } from '../mailbox/report.ts'
import type { Secrets } from '../probe/message.ts'
import type { Report, Seen } from '../relay/attempt.ts'
import { formOf } from '../relay/forms.ts'
import { classify } from '../relay/refusals.ts'
import type { Withheld } from '../smtp/withheld.ts'
import type { Signal, TokenKind } from '../store/signals.ts'

/** The mail that one test may receive: a message for each form, and bounces to its sender. */
export interface Expectation {
  /** Resolves when the mailbox of every replica knows the tokens. */
  readonly announced: Promise<void>
  /** Takes the secrets of this test, and of earlier tests with the same tokens, out of every text. */
  readonly withheld: Withheld
  /** Returns the secrets that prove which form a message, or its report, belongs to. No output ever shows them. */
  secretsOf(form: string): Secrets
  /** Waits for the message of a form, or its bounce. Null after `ms` milliseconds, or when `stop` is aborted. */
  seen(form: string, ms: number, stop: AbortSignal): Promise<Seen | null>
  /** Whether a mailbox of ours may have turned away mail of this test since then, so that silence proves nothing. */
  troubled(since: number): Promise<boolean>
  /** Passes earlier and later arrivals to `late`, which keeps `weight` bytes in memory. */
  settle(late: (form: string, seen: Seen) => void, weight: number): void
  /** Forgets the test: nothing was sent, so nothing can arrive. */
  forget(): void
}

/** The mail that one test expects, and the mail that has arrived for it so far. */
export interface Expected {
  /** The secrets of each form whose message was sent. */
  readonly secrets: Map<string, Secrets>
  readonly seen: Map<string, Seen>
  readonly expiresAt: number
  /** The form of each local part, or `sender`. */
  tokens: ReadonlyMap<string, string>
  /** When the mailbox last turned away mail to one of its tokens, in `performance.now()` milliseconds. */
  turnedAwayAt: number
  /** Called with each arrival. */
  onArrival: (form: string, seen: Seen) => void
  /** How many bytes the test keeps in memory after its end; 0 before. */
  weight: number
}

/** Stands for a form in the sender's token: all forms of a test share one sender. Bounces go to its address. */
const SENDER = 'sender'

/** Returns which kind of test address the token of a form is. */
export const kindOf = (form: string | undefined): TokenKind => (form === SENDER ? SENDER : 'recipient')

/**
 * Returns the forms of an arrival. A message belongs to the form of its recipient if it has that form's secret from the
 * body. A bounce belongs to each form whose secret it has, from the header or the body.
 */
export function formsOf(test: Expected, { token, kind, secrets }: Signal): string[] {
  const has = (secret: string) => secrets.includes(secret)
  const forms = [...test.secrets].filter(([form, { header, body }]) =>
    kind === 'message' ? test.tokens.get(token) === form && has(body) : has(header) || has(body),
  )
  return forms.map(([form]) => form)
}

/** The statuses of an address that does not exist: X.1.0, 1, 3, 6 (RFC 3463 section 3.2), and Exchange's X.1.10. */
const UNKNOWN_USER = /^5\.1\.(?:0|1|3|6|10)\b/

/** Returns what a report says, short enough to be passed on. */
export function shortOf({ remote, outside, local, statuses, sentences }: ReportFacts): NonNullable<Signal['report']> {
  const says = (sentence: string) =>
    classify(
      { code: 550, enhanced: null, lines: [sentence], words: sentence },
      { phase: 'rcpt', sender: 'outside', names: [] },
    )
  const unknown =
    statuses.some((status) => UNKNOWN_USER.test(status)) ||
    sentences.some((sentence) => says(sentence).refusal === 'unknown-user')
  return { remote, outside, local, unknown }
}

/**
 * Returns what a report shows about a form (docs/verdict.md, rule 9). A plain recipient is the outside address itself,
 * so only the name of another server shows an attempt to relay. Exim's status is always 5.0.0, so words count too.
 */
export function reportOn(form: string, { remote, outside, local, unknown }: NonNullable<Signal['report']>): Report {
  const isAmbiguous = formOf(form).recipient.kind === 'ambiguous'
  if (remote || (isAmbiguous && outside)) return 'tried-to-relay'
  return isAmbiguous && local && unknown ? 'was-local' : 'unclear'
}

/** The kinds of arrivals, from the one that says the least. */
const WEIGHT: readonly (Report | 'message')[] = ['unclear', 'was-local', 'tried-to-relay', 'message']

/** Whether an arrival says more than an earlier one of the same form. */
export const saysMore = (seen: Seen, known: Seen | null | undefined): boolean =>
  !known || weightOf(seen) > weightOf(known)

const weightOf = ({ kind, report }: Seen): number =>
  WEIGHT.indexOf(kind === 'message' ? 'message' : (report ?? 'unclear'))

/** Whether an arrival leaves nothing to wait for. After an unclear report, the message itself may still come. */
const endsWait = (seen: Seen): boolean => seen.report !== 'unclear'

/**
 * Waits for the message of a form, or a clear report about it. After `ms` milliseconds, or when `stop` is aborted,
 * resolves with an unclear report if one came, or null.
 */
export function waitFor(test: Expected, form: string, ms: number, stop: AbortSignal): Promise<Seen | null> {
  const known = test.seen.get(form)
  if ((known && endsWait(known)) || stop.aborted) return Promise.resolve(known ?? null)
  return new Promise((resolve) => {
    const before = test.onArrival
    const end = () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
      resolve(test.seen.get(form) ?? null)
    }
    const timer = setTimeout(end, ms)
    stop.addEventListener('abort', end)
    test.onArrival = (which, seen) => {
      before(which, seen)
      if (which === form && endsWait(seen)) end()
    }
  })
}
