/** Matches the mail that arrives in our mailbox to the tests that sent it. */
import type { Arrival } from '../mailbox/intake.ts'
import { makeSecret } from '../mailbox/secret.ts'
import type { Secrets } from '../probe/message.ts'
import { Withheld } from '../smtp/withheld.ts'
import { Expiring } from '../store/expiring.ts'
import type { Signal, Signals } from '../store/signals.ts'
import type { TokenKind } from '../store/tokens.ts'
import type { Amendments } from './amend.ts'
import {
  type Expectation,
  type Expected,
  formsNamedBy,
  kindOf,
  saysMore,
  seenIn,
  shortOf,
  waitForMail,
} from './arrivals.ts'
import { MailboxTrouble } from './trouble.ts'

/** How long after a test a message still counts, in milliseconds. */
export const DELIVERY_TTL_MS = 24 * 3_600_000
/** How long a signal may take to reach this replica, in milliseconds. */
const ON_ITS_WAY_MS = 60_000
/** How many tokens of tests that have just ended are remembered, for signals that are still on their way. */
const ENDED_LIMIT = 10_000
/** The pause between two signals that mail to the same token was turned away, in milliseconds. */
const TELL_AGAIN_MS = 1_000
/** How many tokens of other replicas are remembered for this pause. */
const TOLD_LIMIT = 10_000

/** Passes mail to finished tests. */
export type LateMail = Pick<Amendments, 'take' | 'add' | 'secretsOf'>

/**
 * Matches arriving mail to the tests that run in this replica, tells the other replicas of the rest, and passes it to
 * the finished tests of all replicas. Of all arrivals for a form, only the one that says most counts.
 */
export class Deliveries {
  readonly #byToken = new Map<string, readonly Expected[]>()
  /** The tokens whose replica was told a moment ago that their mail was turned away. */
  readonly #told = new Expiring<true>(TOLD_LIMIT)
  /** The tokens of tests of this replica that have just ended. */
  readonly #ended = new Expiring<true>(ENDED_LIMIT)
  readonly #signals: Signals
  readonly #late: LateMail
  readonly #startedAt = performance.now()
  /** When our mailbox turned a visitor away for a reason on our side. */
  readonly trouble: MailboxTrouble

  constructor(signals: Signals, late: LateMail) {
    this.#signals = signals
    this.#late = late
    this.trouble = new MailboxTrouble(signals)
    signals.listen((signal) => void this.#hear(signal).catch(() => {}))
  }

  /**
   * Starts to expect the mail of a test, and resolves when the mailbox of every replica knows its tokens. Rejects if
   * the stores cannot be reached; nothing is expected then.
   *
   * @param tokens the form of each local part, or `sender`
   * @param earlier the secrets of the earlier visits of the same test; null for the first visit
   */
  async expect(
    testId: string,
    tokens: ReadonlyMap<string, string>,
    earlier: ReadonlyMap<string, Secrets> | null = null,
  ): Promise<Expectation> {
    const [secrets, withheld] = [new Map(earlier), new Withheld()]
    for (const { header, body } of secrets.values()) withheld.add([header, body])
    const started = { turnedAwayAt: Number.NEGATIVE_INFINITY, onArrival: () => {} }
    const test: Expected = { id: testId, secrets, withheld, seen: new Map(), tokens, ...started }
    for (const token of tokens.keys()) this.#byToken.set(token, [...this.#expecting(token), test])
    try {
      const kinds = new Map([...tokens].map(([token, form]) => [token, kindOf(form)]))
      await this.#signals.announce(testId, kinds, DELIVERY_TTL_MS)
      await this.#hideEarlier(test)
      return {
        mail: { tokens, secrets },
        withheld,
        secretsOf(form) {
          const known = secrets.get(form)
          if (known) return known
          const made = { header: makeSecret(), body: makeSecret() }
          secrets.set(form, made)
          withheld.add([made.header, made.body])
          return made
        },
        troubled: async (since) => test.turnedAwayAt >= since || this.trouble.since(since),
        seen: (form, ms, stop) => waitForMail(test, form, ms, stop),
        handOver: () => this.#handOver(test),
        forget: () => void this.#release(test, earlier),
      }
    } catch (error) {
      this.#release(test, earlier)
      throw error
    }
  }

  /** Returns which kind of test address a local part is, or null. Rejects if the store cannot be reached. */
  async knows(token: string): Promise<TokenKind | null> {
    const [test] = this.#expecting(token)
    return test ? kindOf(test.tokens.get(token)) : this.#signals.kindOf(token)
  }

  /** Whether a token that we do not know may be valid. It lives for a day, so it can be older than this process. */
  mayHaveForgotten(): boolean {
    return performance.now() - Math.max(this.#startedAt, this.#signals.forgotAt) < DELIVERY_TTL_MS
  }

  /**
   * Takes mail from the mailbox. Returns whether it may belong to a test: mail without a secret belongs to none.
   * Rejects if the stores cannot be reached.
   */
  async arrived({ token, kind, secrets, peer, helo, received, receivedAt, report }: Arrival): Promise<boolean> {
    if (secrets.length === 0) return false
    const signal: Signal = {
      token,
      kind,
      peer,
      helo,
      received: received.at(-1) ?? null,
      receivedAt: receivedAt.toISOString(),
      secrets: [...secrets],
      report: report && shortOf(report),
    }
    // A secret belongs to one test.
    if (this.#take(signal)) return true
    // Tells running tests first. If a test ends meanwhile, its dossier is stored, and the next line finds it.
    await this.#signals.send(signal)
    return this.#late.take(await this.#signals.testsOf(token), signal)
  }

  /**
   * Notes that the mailbox turned away mail to some tokens. Their tests cannot rely on silence then. The replicas of
   * other tests are told with a signal without a secret.
   */
  turnedAway(tokens: Iterable<string>): void {
    for (const token of tokens) {
      if (this.#noteTurnedAway(token) || this.#told.get(token)) continue
      this.#told.set(token, true, TELL_AGAIN_MS)
      const nothing = { peer: '', helo: '', received: null, receivedAt: new Date().toISOString(), report: null }
      // If the store cannot be reached, the tests notice that themselves (trouble.ts).
      this.#signals.send({ token, kind: 'message', secrets: [], ...nothing }).catch(() => {})
    }
  }

  #noteTurnedAway(token: string): boolean {
    const tests = this.#expecting(token)
    for (const test of tests) test.turnedAwayAt = performance.now()
    return tests.length > 0
  }

  /** Takes a signal of any replica. A test that has just ended may have missed it. */
  async #hear(signal: Signal): Promise<void> {
    const { token } = signal
    if (this.#take(signal) || !this.#ended.get(token)) return
    await this.#late.take(await this.#signals.testsOf(token), signal)
  }

  /** Passes an arrival to the running test it belongs to. Returns whether there was one in this replica. */
  #take(signal: Signal): boolean {
    if (signal.secrets.length === 0) return this.#noteTurnedAway(signal.token)
    let isOurs = false
    for (const test of this.#expecting(signal.token)) {
      const forms = formsNamedBy(test, signal)
      if (forms.length === 0) continue
      isOurs = true
      for (const [form, secrets] of forms) {
        const seen = seenIn(signal, form, secrets, test.withheld)
        if (!seen || !saysMore(seen, test.seen.get(form))) continue
        test.seen.set(form, seen)
        test.onArrival(form, seen)
      }
    }
    return isOurs
  }

  /** Hides the secrets of earlier tests with the same test addresses in every text of a test. */
  async #hideEarlier({ id, tokens, withheld }: Expected): Promise<void> {
    const [sender] = [...tokens].flatMap(([token, form]) => (kindOf(form) === 'sender' ? token : []))
    const earlier = sender === undefined ? [] : await this.#signals.testsOf(sender)
    withheld.add(await this.#late.secretsOf(earlier.filter((other) => other !== id)))
  }

  /** Passes all mail of a test to its dossier. */
  async #handOver(test: Expected): Promise<void> {
    for (const token of this.#release(test, test.secrets)) this.#ended.set(token, true, ON_ITS_WAY_MS)
    await this.#late.add(test.id, test.seen)
  }

  /**
   * Stops expecting the mail of a test. Returns the tokens that mail may still come to, and makes the others unknown.
   *
   * @param sent the secrets of the forms whose message was sent; null if the test had no visit. After a visit, the
   *   sender stays known too, because servers check it later
   */
  #release(test: Expected, sent: ReadonlyMap<string, Secrets> | null): readonly string[] {
    this.#drop(test)
    const isUsed = (form: string) => sent !== null && (kindOf(form) === 'sender' || sent.has(form))
    const used = [...test.tokens].filter(([, form]) => isUsed(form)).map(([token]) => token)
    const unused = [...test.tokens.keys()].filter((token) => !used.includes(token))
    // If this fails, unused tokens stay known. That does no harm.
    this.#signals.withdraw(test.id, unused).catch(() => {})
    return used
  }

  #drop(test: Expected): void {
    for (const token of test.tokens.keys()) {
      const others = this.#expecting(token).filter((other) => other !== test)
      if (others.length > 0) this.#byToken.set(token, others)
      else this.#byToken.delete(token)
    }
  }

  /** Returns the tests of this replica that a token belongs to. */
  #expecting(token: string): readonly Expected[] {
    return this.#byToken.get(token) ?? []
  }
}
