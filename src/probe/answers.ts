/**
 * What one test has been answered so far, and what that shows of the server. `ask` writes it and `questions` reads it;
 * it knows no socket and no clock, so that tests can fill it by hand.
 */
import type { Suite } from '../contract/words.ts'
import { type Assessed, assess } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import { isAsBefore, REPEAT } from '../relay/controls.ts'
import { type Envelope, isEnvelope, spell, type Unwritable } from '../relay/envelope.ts'
import { type Form, formOf, formsOf } from '../relay/forms.ts'
import { recognise } from '../relay/software.ts'
import type { Standing } from './connections.ts'
import { learn, type Pace, paceFor } from './pace.ts'
import type { FirstPlan } from './plan.ts'
import { formsIn, type Question, type Shown } from './question.ts'
import type { Session } from './session.ts'
import { Target, type TargetOptions } from './target.ts'

/** What a test asks for, as far as its answers depend on it. */
export interface AnswersOptions extends TargetOptions {
  readonly suite: Suite
  /** Told of every attempt as it stands, and again when more becomes known of it. */
  decided?(row: Assessed): void
}

/** The moment between two questions. */
export interface Moment extends Standing {
  readonly msLeft: number
  /** Whether the test was told to end before its time. */
  readonly isStopped: boolean
  /** Whether it was told so, or its time is over. */
  readonly isOver: boolean
}

/** What was asked last. */
export interface Latest {
  readonly kind: 'envelopes' | 'message'
  readonly forms: readonly Form[]
  /** How many connections the question was allowed. */
  readonly within: number
}

/** The message of a form: how often it was tried, and whether the server accepted its sender the last time. */
interface MessageTries {
  readonly count: number
  readonly mailTaken: boolean
}

/** All answers of one test. */
export class Answers {
  readonly target: Target
  readonly first: Session
  /** The suite, written out for this target. */
  readonly suite: readonly Envelope[]
  readonly unwritable: readonly Unwritable[]
  /** How things stand since the last question. */
  now: Moment
  latest: Latest | null = null
  /** What was asked on one connection, to learn how the server answers before the rest is spread; null before that. */
  firstPlan: FirstPlan | null = null
  /** How long we waited for what the mailbox receives, in milliseconds; null where we did not. */
  waitedMs: number | null = null
  /** Whether commands may be sent in groups where the server offers it. Off once its answers were out of step. */
  pipelining = true
  readonly #decided: (row: Assessed) => void
  readonly #rows = new Map<Form, Assessed>()
  readonly #due = new Set<Form>()
  readonly #retries = new Map<Form, number>()
  readonly #askedAlone = new Set<Form>()
  readonly #messages = new Map<Form, MessageTries>()
  readonly #awaited = new Set<Form>()
  readonly #takenSenders = new Set<string>()
  readonly #vouched = new Set<number>()
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
  }

  /** All attempts so far, judged. */
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

  /** How much the server is to be asked at once, by its software and by what it has shown. */
  get pace(): Pace {
    return paceFor(this.#software, this.#learnt)
  }

  /** Whether the outside sender was asked once more at the end of the connection that an attempt was asked on. */
  isVouchedFor({ connection }: Attempt): boolean {
    return connection !== null && this.#vouched.has(connection)
  }

  /** Refusals that the session at hand has given. */
  get refusalsAtHand(): number {
    const ofCurrent = this.rows.filter(({ attempt }) => attempt.connection === this.now.current.number)
    return ofCurrent.flatMap(({ attempt }) => attempt.exchanges.filter(({ reply }) => reply.code >= 400)).length
  }

  /** Whether a form that stands in no suite was asked, by itself and once. */
  wasAskedAlone(id: string): boolean {
    return this.#askedAlone.has(formOf(id))
  }

  /** How often a form was asked again. */
  retriesOf(form: Form): number {
    return this.#retries.get(form) ?? 0
  }

  /** Whether a form is to be asked once more. */
  isDue(form: Form): boolean {
    return this.#due.has(form)
  }

  /** How the message of a form was tried; null where it was not. */
  messageOf(form: Form): MessageTries | null {
    return this.#messages.get(form) ?? null
  }

  /** Whether we have waited for the message of a form to arrive. */
  wasAwaited(form: Form): boolean {
    return this.#awaited.has(form)
  }

  /** Notes what is asked now. */
  asking(question: Question): void {
    this.latest = latestOf(question)
    if (question.ask === 'in-tls') this.#makeDue(question.rows)
    if (question.ask === 'again') this.#makeDueAgain(question.rows)
    if (question.ask === 'first') this.firstPlan = question.first
    if (question.ask === 'alone') this.#askedAlone.add(question.envelope.form)
    if (question.ask === 'arrivals') for (const { attempt } of question.rows) this.#awaited.add(attempt.form)
  }

  /** Keeps what asking showed. */
  hear(shown: Shown): void {
    if (shown.shown === 'attempts') this.#keep(shown.attempts)
    if (shown.shown === 'message') this.#keepMessage(shown.sent, shown.before)
    if (shown.shown === 'arrival') this.#set({ ...shown.row.attempt, seen: shown.seen })
    if (shown.shown === 'waited') this.waitedMs = (this.waitedMs ?? 0) + shown.ms
    if (shown.shown === 'out-of-step') this.#takeBack(shown.session)
    if (shown.shown === 'one-at-a-time') this.#learnt = { ...this.#learnt, atOnce: 1 }
  }

  /** Makes forms due once more. What the first session at the new pace answers shows how to go on. */
  #makeDue(rows: readonly Assessed[]): void {
    for (const { attempt } of rows) this.#due.add(attempt.form)
    this.firstPlan = null
  }

  /** Makes forms due once more, and learns from their failure how the server wants to be asked. */
  #makeDueAgain(rows: readonly Assessed[]): void {
    this.#makeDue(rows)
    for (const { attempt } of rows) this.#retries.set(attempt.form, this.retriesOf(attempt.form) + 1)
    this.#learnt = learn(rows, this.rows, this.#learnt)
    if (rows.every(({ attempt }) => attempt.why !== 'protocol-error')) return
    // Out of step although every command was sent by itself: its RSET cannot be relied on.
    if (!this.pipelining) this.#learnt = { ...this.#learnt, transactions: 1 }
    this.pipelining = false
  }

  #keep(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      this.#due.delete(attempt.form)
      if (attempt.form.id === REPEAT && !this.#isNews(attempt)) continue
      this.#set(this.#withEarlier(attempt))
      const [mail] = attempt.exchanges
      if (attempt.mailFrom !== null && mail && mail.reply.code < 300) this.#takenSenders.add(attempt.mailFrom)
    }
  }

  #keepMessage(sent: Attempt, before: Attempt): void {
    const [mail] = sent.exchanges.slice(before.exchanges.length)
    const count = (this.messageOf(sent.form)?.count ?? 0) + 1
    this.#messages.set(sent.form, { count, mailTaken: mail !== undefined && mail.reply.code < 300 })
    this.#keep([sent])
  }

  /**
   * Takes back what a session out of step seemed to answer. A reply to a final dot stands: it came to a command alone.
   */
  #takeBack(session: number): void {
    for (const { attempt } of this.rows) {
      const isProven = attempt.exchanges.some(({ phase }) => phase === 'dot')
      if (attempt.connection === session && !isProven) this.#set({ ...attempt, exchanges: [], why: 'protocol-error' })
    }
  }

  /** Adds to a go without any answer what an earlier one was told, unless that was to come back in TLS. */
  #withEarlier(attempt: Attempt): Attempt {
    const before = this.#rows.get(attempt.form)
    const counts = before !== undefined && attempt.why !== 'spared' && before.refusal !== 'tls-required'
    return counts && attempt.exchanges.length === 0 ? { ...before.attempt, why: attempt.why } : attempt
  }

  /**
   * Whether a repeat counts: of several, on several connections, the one that was answered unlike the first question.
   */
  #isNews(repeat: Attempt): boolean {
    const row = assess(repeat, this.target.echoes)
    const known = this.row(REPEAT)
    if (row.outcome === 'refused' && row.refusal !== 'tls-required' && repeat.connection !== null) {
      this.#vouched.add(repeat.connection)
    }
    if (row.outcome !== 'refused' && row.outcome !== 'accepted') return known === undefined
    if (known?.refusal === 'tls-required') return true
    return known?.outcome !== 'refused' || isAsBefore(known, this.row('outside-sender'))
  }

  #set(attempt: Attempt): void {
    const row = assess(attempt, this.target.echoes)
    this.#rows.set(attempt.form, row)
    this.#decided(row)
  }
}

/** Returns what a question asks for; null where it asks nothing of the server. */
function latestOf(question: Question): Latest | null {
  switch (question.ask) {
    case 'first':
      return { kind: 'envelopes', forms: formsIn(question.first.plan), within: question.within }
    case 'rest': {
      // A repeat that got no answer comes again at the end of another connection.
      const forms = question.plans.flatMap(formsIn).filter(({ id }) => id !== REPEAT)
      return { kind: 'envelopes', forms, within: question.within }
    }
    case 'alone':
      return { kind: 'envelopes', forms: [question.envelope.form], within: question.within }
    case 'message':
      return { kind: 'message', forms: [question.attempt.form], within: question.within }
    default:
      return null
  }
}
