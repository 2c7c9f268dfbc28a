/**
 * Holds the answers that one test has so far, and what they show about the server. `ask` writes them and `questions`
 * reads them. Nothing here uses a socket or a clock, so that tests can fill it by hand.
 */
import type { Suite } from '../contract/words.ts'
import { type Assessed, assess, isTaken } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import { AT_END, isAsBefore, isChanged, knownAs, type MailboxKind, OUTSIDE, REPEAT } from '../relay/controls.ts'
import { type Envelope, envelopeOf, isEnvelope, spell, type Unwritable } from '../relay/envelope.ts'
import { type Form, formOf, formsOf } from '../relay/forms.ts'
import { recognise } from '../relay/software.ts'
import type { ConnectionState } from './connections.ts'
import { FIGURES, learn, type Pace, paceFor } from './pace.ts'
import type { ConnectionPlan } from './plan.ts'
import { type AskResult, formsIn, type Question } from './question.ts'
import { type Reset, type ResetCommand, resetAfter } from './reset.ts'
import type { Session } from './session.ts'
import { Target, type TargetOptions } from './target.ts'

/** The options of a test that its answers depend on. */
export interface AnswersOptions extends TargetOptions {
  readonly suite: Suite
  /** Attempts of an earlier visit that are not asked again. */
  readonly certain?: readonly Attempt[] | undefined
  /** Called with every attempt when it is judged, and again each time it changes. */
  decided?(row: Assessed): void
}

/** The open connections and the time that is left, between two questions. */
export interface Moment extends ConnectionState {
  readonly msLeft: number
  /** Whether the test was stopped early. */
  readonly isStopped: boolean
  /** Whether the test was stopped early, or its time is over. */
  readonly isOver: boolean
}

/** The last question that needed the server. */
export interface LastQuestion {
  readonly kind: 'envelopes' | 'message'
  readonly forms: readonly Form[]
  /** How many connections the test could have opened by the end of that question. */
  readonly within: number
}

/** How often the message of a form was tried, and whether the server accepted its envelope the last time. */
interface MessageTries {
  readonly count: number
  readonly envelopeTaken: boolean
}

/** All answers of one test. */
export class Answers {
  readonly target: Target
  readonly first: Session
  /** Attempts of an earlier visit that are not asked again. */
  readonly certain: readonly Attempt[]
  /** The envelopes of the suite, written with the names of this target. */
  readonly suite: readonly Envelope[]
  readonly unwritable: readonly Unwritable[]
  /** The state after the last question. */
  now: Moment
  latest: LastQuestion | null = null
  /** The plan of the first connection. Null before it is asked, and when forms are to be asked again. */
  firstPlan: ConnectionPlan | null = null
  /** How long we waited for mail to reach our mailbox, in milliseconds; null if we did not wait. */
  waitedMs: number | null = null
  /** Whether our mailbox turned anybody away while we waited for mail. */
  mailboxTroubled = false
  /** Whether envelopes may be asked in groups if the server offers it. False once its answers were out of step. */
  pipelining = true
  /** How a transaction ends at this server, as far as we know. */
  reset: Reset = 'RSET'
  /** How often we left the server alone because it said that we ask too much. */
  longPauses = 0
  readonly #decided: (row: Assessed) => void
  readonly #rows = new Map<Form, Assessed>()
  readonly #due = new Set<Form>()
  readonly #retries = new Map<Form, number>()
  readonly #askedAlone = new Map<Form, number>()
  readonly #messages = new Map<Form, MessageTries>()
  readonly #awaited = new Set<Form>()
  readonly #takenSenders = new Set<string>()
  readonly #software: ReturnType<typeof recognise>
  #learnt: Partial<Pace> = {}

  constructor(options: AnswersOptions, first: Session, now: Moment) {
    this.#decided = options.decided ?? (() => {})
    this.first = first
    this.target = new Target(options, first)
    this.now = now
    const { greeting, extensions } = first
    this.#software = recognise({ greeting: greeting?.reply.lines.join(' ') ?? '', extensions, replies: [] })
    const spelled = formsOf(options.suite).map((form) => spell(form, this.target.namesFor(form)))
    this.suite = spelled.filter(isEnvelope)
    this.unwritable = spelled.filter((one): one is Unwritable => !isEnvelope(one))
    this.certain = options.certain ?? []
    for (const attempt of this.certain) this.#rows.set(attempt.form, assess(attempt, this.target.echoes))
  }

  /** All attempts so far, each with its judgement. */
  get rows(): readonly Assessed[] {
    return [...this.#rows.values()]
  }

  /** The row of a form, by its id. */
  row(id: string): Assessed | undefined {
    return this.#rows.get(formOf(id))
  }

  /** Whether there is a row for a form. */
  has(form: Form): boolean {
    return this.#rows.has(form)
  }

  /** Senders that the server is known to accept at MAIL. */
  get takenSenders(): ReadonlySet<string> {
    return this.#takenSenders
  }

  /** How much the server may be asked at once, according to its software and to its behaviour so far. */
  get pace(): Pace {
    const alone = this.now.alone ? { atOnce: 1 } : {}
    return paceFor(this.#software, { ...this.#learnt, ...alone })
  }

  /** Our knowledge of a mailbox of the server. */
  get known(): MailboxKind {
    return knownAs(this.target.knownMailbox)
  }

  /** The envelopes that a session was asked so far, as transactions. */
  askedOn(session: number): ConnectionPlan {
    const asked = this.rows.filter(({ attempt }) => attempt.connection === session)
    const envelopes = asked.map(({ attempt }) => envelopeOf(attempt))
    const senders = [...new Set(envelopes.map(({ mailFrom }) => mailFrom))]
    return senders.map((sender) => envelopes.filter(({ mailFrom }) => mailFrom === sender))
  }

  /** The number of refusals in the current session. */
  get refusalsAtHand(): number {
    const ofCurrent = this.rows.filter(({ attempt }) => attempt.connection === this.now.current.number)
    return ofCurrent.flatMap(({ attempt }) => attempt.exchanges.filter(({ reply }) => reply.code >= 400)).length
  }

  /** Returns how often a form was asked by itself, outside its suite. */
  askedAlone(id: string): number {
    return this.#askedAlone.get(formOf(id)) ?? 0
  }

  /** Returns how often a form was asked again. */
  retriesOf(form: Form): number {
    return this.#retries.get(form) ?? 0
  }

  /** Whether a form must be asked again. */
  isDue(form: Form): boolean {
    return this.#due.has(form)
  }

  /** Returns how the message of a form was tried; null if it was not. */
  messageOf(form: Form): MessageTries | null {
    return this.#messages.get(form) ?? null
  }

  /** Whether we have waited for the message of a form to arrive. */
  wasAwaited(form: Form): boolean {
    return this.#awaited.has(form)
  }

  /** Remembers the question that is asked now. */
  asking(question: Question): void {
    this.latest = latestOf(question)
    if (question.ask === 'in-tls') this.#makeDue(question.rows)
    if (question.ask === 'again') {
      this.#makeDueAgain(question.rows)
      this.longPauses += Number(question.waitMs >= FIGURES.throttledMs[0])
    }
    if (question.ask === 'first') this.firstPlan = question.plan
    if (question.ask === 'alone') {
      for (const form of formsIn(question.plan)) this.#askedAlone.set(form, this.askedAlone(form.id) + 1)
    }
    if (question.ask === 'arrivals') for (const { attempt } of question.rows) this.#awaited.add(attempt.form)
  }

  /** Keeps one result of asking. */
  hear(shown: AskResult): void {
    if (shown.shown === 'attempts') this.#keep(shown.attempts)
    if (shown.shown === 'message') this.#keepMessage(shown.sent, shown.before)
    if (shown.shown === 'arrival') this.#set({ ...shown.row.attempt, seen: shown.seen })
    if (shown.shown === 'waited') this.#keepWait(shown.ms, shown.troubled)
    if (shown.shown === 'out-of-step') this.#takeBack(shown.session)
    if (shown.shown === 'reset-failed') this.#resetFailed(shown.by)
  }

  #keepWait(ms: number, troubled: boolean): void {
    this.waitedMs = (this.waitedMs ?? 0) + ms
    this.mailboxTroubled ||= troubled
  }

  /** Marks forms to be asked again. A new first plan asks some of them; its answers show how to go on. */
  #makeDue(rows: readonly Assessed[]): void {
    for (const { attempt } of rows) this.#due.add(attempt.form)
    this.firstPlan = null
  }

  /** Marks forms to be asked again, and learns from their failure how much the server may be asked at once. */
  #makeDueAgain(rows: readonly Assessed[]): void {
    this.#makeDue(rows)
    for (const { attempt } of rows) {
      // Each way to end a transaction is tried only once, so these retries need no count.
      if (attempt.why !== 'no-reset') this.#retries.set(attempt.form, this.retriesOf(attempt.form) + 1)
    }
    this.#learnt = learn(rows, this.rows, this.#learnt)
    if (!rows.some((row) => this.#isMixedUp(row))) return
    // The server was out of step although we sent each command alone. So RSET does not work: one transaction a session.
    if (!this.pipelining) this.#learnt = { ...this.#learnt, transactions: 1 }
    this.pipelining = false
  }

  /** Whether an answer is missing because of the group it was asked in. */
  #isMixedUp({ attempt: { form, why, connection } }: Assessed): boolean {
    if (why !== 'dropped' || !this.pipelining) return why === 'protocol-error'
    // The server hung up on a group before it decided anything, or hung up again although we asked less.
    const decided = this.rows.some(({ attempt, decisive }) => attempt.connection === connection && decisive !== null)
    return connection !== null && (!decided || this.retriesOf(form) === FIGURES.retries)
  }

  /** Learns that a command does not end a transaction. Groups need RSET, so the rest is asked one by one. */
  #resetFailed(by: ResetCommand): void {
    this.pipelining = false
    if (by !== this.reset) return
    this.reset = resetAfter(by)
    if (this.reset === 'none') this.#learnt = { ...this.#learnt, transactions: 1 }
  }

  #keep(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      this.#due.delete(attempt.form)
      const isRepeat = attempt.form.id === REPEAT || attempt.form.id === AT_END
      const row = assess(isRepeat ? attempt : this.#withEarlier(attempt), this.target.echoes)
      if (isRepeat && !this.#isNews(row)) continue
      this.#put(row)
      const [mail] = attempt.exchanges
      if (attempt.mailFrom !== null && mail && mail.reply.code < 300) this.#takenSenders.add(attempt.mailFrom)
    }
  }

  #keepMessage(sent: Attempt, before: Attempt): void {
    const envelopeTaken = sent.exchanges.slice(before.exchanges.length).some(isTaken)
    const count = (this.messageOf(sent.form)?.count ?? 0) + 1
    this.#messages.set(sent.form, { count, envelopeTaken })
    this.#due.delete(sent.form)
    this.#set(sent)
  }

  /**
   * Removes the answers of a session that was out of step. Attempts with a reply to the final dot keep theirs: the dot
   * was sent alone, so its reply is certain.
   */
  #takeBack(session: number): void {
    for (const { attempt } of this.rows) {
      const isKept = attempt.exchanges.some(({ stage }) => stage === 'dot')
      if (attempt.connection === session && !isKept) this.#set({ ...attempt, exchanges: [], why: 'protocol-error' })
    }
  }

  /** Returns the earlier answers if this attempt has none, unless the earlier reply asked us to start TLS. */
  #withEarlier(attempt: Attempt): Attempt {
    const before = this.#rows.get(attempt.form)
    const isAnswered = before !== undefined && before.attempt.exchanges.length > 0
    const counts = isAnswered && attempt.why !== 'spared' && before.refusal !== 'tls-required'
    return counts && attempt.exchanges.length === 0 ? { ...before.attempt, why: attempt.why } : attempt
  }

  /**
   * Whether to keep a repeat. Each connection can have one. We keep the first whose answer differs from the answer to
   * the first question. A server that accepted the recipient at first, and refused its message, accepts the repeat too.
   */
  #isNews(repeat: Assessed): boolean {
    const { id } = repeat.attempt.form
    const known = this.row(id)
    if (known?.outcome === 'accepted') return isChanged(repeat, this.row(OUTSIDE))
    // A repeat without an answer says nothing, and another connection ends with a repeat too.
    if (repeat.outcome === 'not-run') return known === undefined && id === REPEAT
    if (repeat.outcome !== 'refused' && repeat.outcome !== 'accepted') return known === undefined
    if (known?.refusal === 'tls-required') return true
    return known?.outcome !== 'refused' || isAsBefore(known, this.row(OUTSIDE))
  }

  #set(attempt: Attempt): void {
    this.#put(assess(attempt, this.target.echoes))
  }

  #put(row: Assessed): void {
    this.#rows.set(row.attempt.form, row)
    this.#decided(row)
  }
}

/** Returns the forms that a question asks the server; null if it asks the server nothing. */
function latestOf(question: Question): LastQuestion | null {
  switch (question.ask) {
    case 'first':
      return { kind: 'envelopes', forms: formsIn(question.plan), within: question.within }
    case 'rest': {
      // A repeat without an answer is not asked again: other connections end with it too.
      const forms = [question.onCurrent, ...question.plans].flatMap(formsIn).filter(({ id }) => id !== AT_END)
      return { kind: 'envelopes', forms, within: question.within }
    }
    case 'alone':
      return { kind: 'envelopes', forms: formsIn(question.plan), within: question.within }
    case 'message':
      return { kind: 'message', forms: [question.attempt.form], within: question.within }
    default:
      return null
  }
}
