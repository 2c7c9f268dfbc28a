/** The state of the mail of one test, and what an arrival means for it. */
import type { ReportFacts } from '../mailbox/report.ts'
import type { Secrets } from '../probe/message.ts'
import type { BounceReport, ReceivedMail } from '../relay/attempt.ts'
import { formOf, MX_STEERED } from '../relay/forms.ts'
import { classify } from '../relay/refusals.ts'
import type { Withheld } from '../smtp/withheld.ts'
import type { Signal } from '../store/signals.ts'
import type { TokenKind } from '../store/tokens.ts'

/** The tokens and secrets that show which mail belongs to a test. */
export interface ExpectedMail {
  /** The form of each local part, or `sender`. */
  readonly tokens: ReadonlyMap<string, string>
  /** The secrets of each form whose message was sent. */
  readonly secrets: ReadonlyMap<string, Secrets>
}

/** The mail of a test that sent none. */
export const NO_MAIL: ExpectedMail = { tokens: new Map(), secrets: new Map() }

/** The mail that one test may receive: a message for each form, and bounces to its sender. */
export interface Expectation {
  /** The tokens and secrets of the test, so that its mail can be recognised after its end. */
  readonly mail: ExpectedMail
  /** Hides the secrets of this test, and of earlier tests with the same tokens, in every text. */
  readonly withheld: Withheld
  /** Returns the secrets of a form. They prove that a message or a report belongs to it, so no output shows them. */
  secretsOf(form: string): Secrets
  /** Waits for the message of a form, or its bounce. Null after `ms` milliseconds, or when `stop` is aborted. */
  seen(form: string, ms: number, stop: AbortSignal): Promise<ReceivedMail | null>
  /** Whether our mailbox may have turned away mail of this test after `since`. Then silence proves nothing. */
  troubled(since: number): Promise<boolean>
  /** Passes all mail to the dossier, which must be stored before. Rejects if the stores are away. */
  handOver(): Promise<void>
  /** Forgets this visit: it sent nothing, so nothing can arrive. Mail of earlier visits may still arrive. */
  forget(): void
}

/** The mail that one running test expects, and the mail that has arrived for it so far. */
export interface Expected {
  /** The id of the test. */
  readonly id: string
  readonly withheld: Withheld
  readonly secrets: Map<string, Secrets>
  readonly seen: Map<string, ReceivedMail>
  readonly tokens: ReadonlyMap<string, string>
  /** When the mailbox last turned away mail to one of its tokens, in `performance.now()` milliseconds. */
  turnedAwayAt: number
  /** Called with each arrival. */
  onArrival: (form: string, seen: ReceivedMail) => void
}

/** Stands in place of a form for the sender's token: all forms of a test share one sender. It gets the bounces. */
const SENDER = 'sender'

/** Returns which kind of test address the token of a form is. */
export function kindOf(form: string | undefined): TokenKind {
  if (form === SENDER) return SENDER
  return form === MX_STEERED ? 'steered' : 'recipient'
}

/**
 * Returns the forms of an arrival, with their secrets. A message belongs to the form of its recipient if it has a
 * secret of that form. A bounce belongs to each form whose secret it has.
 */
export function formsNamedBy(test: ExpectedMail, { token, kind, secrets }: Signal): [form: string, secrets: Secrets][] {
  return [...test.secrets].filter(
    ([form, { header, body }]) =>
      (kind === 'bounce' || test.tokens.get(token) === form) && (secrets.includes(header) || secrets.includes(body)),
  )
}

/**
 * Returns what an arrival shows about one of its forms, or null if it shows nothing. A message without the secret of
 * the body was passed on with another body, as gateways that encrypt do: that is an attempt to relay, but no delivery.
 */
function meaningOf(form: string, { body }: Secrets, signal: Signal): Pick<ReceivedMail, 'kind' | 'report'> | null {
  if (signal.kind === 'message') {
    return signal.secrets.includes(body)
      ? { kind: 'message', report: null }
      : { kind: 'trace', report: 'tried-to-relay' }
  }
  const report = signal.report === null ? 'unclear' : reportOn(form, signal.report)
  if (signal.report === null || signal.report.failed) return { kind: 'bounce', report }
  return report === 'tried-to-relay' ? { kind: 'trace', report } : null
}

/** Returns what our mailbox saw of a form, without secrets; null if the arrival shows nothing about it. */
export function seenIn(signal: Signal, form: string, secrets: Secrets, withheld: Withheld): ReceivedMail | null {
  const { peer, helo, received, receivedAt } = signal
  const meaning = meaningOf(form, secrets, signal)
  const texts = { helo: withheld.mask(helo), received: received && withheld.mask(received) }
  return meaning && { ...meaning, peer, ...texts, receivedAt }
}

/** The statuses of an address that does not exist: X.1.0, 1, 3, 6 (RFC 3463 section 3.2), and Exchange's X.1.10. */
const UNKNOWN_USER = /^5\.1\.(?:0|1|3|6|10)\b/

/** Returns what a report says, short enough to be passed on. */
export function shortOf({ statuses, sentences, ...facts }: ReportFacts): NonNullable<Signal['report']> {
  const says = (sentence: string) =>
    classify(
      { code: 550, enhanced: null, lines: [sentence], words: sentence },
      { stage: 'rcpt', sender: 'outside', names: [] },
    )
  const unknown =
    statuses.some((status) => UNKNOWN_USER.test(status)) ||
    sentences.some((sentence) => says(sentence).refusal === 'unknown-user')
  return { ...facts, unknown }
}

/**
 * Returns what a report shows about a form (docs/verdict.md, rule 9). A plain recipient is the outside address itself,
 * so only a foreign host shows an attempt to relay. An ambiguous recipient was not local if any other server took part,
 * even another server of the same owner. Exim's status is always 5.0.0, so words count too.
 */
export function reportOn(form: string, report: NonNullable<Signal['report']>): BounceReport {
  const { remote, foreign, outside, local, unknown } = report
  const isAmbiguous = formOf(form).recipient.kind === 'ambiguous'
  if (foreign || (isAmbiguous && (remote || outside))) return 'tried-to-relay'
  return isAmbiguous && local && unknown ? 'was-local' : 'unclear'
}

/** The kinds of arrivals, from the one that says the least. */
const WEIGHT: readonly (BounceReport | 'message')[] = ['unclear', 'was-local', 'tried-to-relay', 'message']

/** Whether an arrival says more than an earlier one of the same form. */
export const saysMore = (seen: ReceivedMail, known: ReceivedMail | null | undefined): boolean =>
  !known || weightOf(seen) > weightOf(known)

const weightOf = ({ kind, report }: ReceivedMail): number =>
  WEIGHT.indexOf(kind === 'message' ? 'message' : (report ?? 'unclear'))

/** Whether an arrival leaves nothing to wait for. After an unclear report or a trace, the message may still come. */
const endsWait = ({ kind, report }: ReceivedMail): boolean => kind !== 'trace' && report !== 'unclear'

/**
 * Waits for the message of a form, or a clear report about it. After `ms` milliseconds, or when `stop` is aborted,
 * resolves with an unclear report if one came, or null.
 */
export function waitForMail(test: Expected, form: string, ms: number, stop: AbortSignal): Promise<ReceivedMail | null> {
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
