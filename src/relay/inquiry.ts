import { setTimeout as sleep } from 'node:timers/promises'
import type { Refusal, Suite, Why } from '../contract/words.ts'
import {
  type Assessed,
  againAfter,
  assess,
  isAsBefore,
  isPositive,
  mayRelay,
  wantsPostmasterControl,
} from './assess.ts'
import { Connections } from './connections.ts'
import type { Attempt } from './findings.ts'
import { type Form, formOf, formsOf, type TestAddresses } from './forms.ts'
import { lessonFrom } from './lessons.ts'
import { type Pace, paceFor } from './pace.ts'
import {
  type ConnectionPlan,
  type Manner,
  type PlannedAttempt,
  planFirst,
  planLook,
  planWithin,
  spell,
} from './plan.ts'
import { isReady, type Route, type Session } from './session.ts'
import { recognise } from './software.ts'
import { type OwnDomain, Target } from './target.ts'
import { type Message, notRun, probe, send } from './transact.ts'

/** Whom to ask, and in which words. */
export interface InquiryOptions {
  readonly route: Route
  readonly suite: Suite
  /** The target's own mail domain, where it is known. */
  readonly domain: OwnDomain | null
  addressesFor(form: Form): TestAddresses
  /** Told of every attempt as it stands now, and again where more becomes known of it. */
  decided?(row: Assessed): void
}

/** The first go, and what may follow from it: TLS, postscreen's second visit, greylisting, another pace. */
const ROUNDS = 6
/** How often a form is asked again. */
const RETRIES = 2
/** Left over for a visit after waiting for greylisting to end. */
const VISIT_MS = 5_000

const UNASKED = { mailFrom: null, rcptTo: null, connection: null, exchanges: [], seen: null } as const

/**
 * Asks one server for forms: on how many connections, how fast, and what once more, as it turns out to bear
 * (docs/pacing.md). It knows what was answered, and judges nothing.
 */
export class Inquiry {
  readonly target: Target
  readonly connections: Connections
  readonly #options: InquiryOptions
  readonly #attempts = new Map<Form, Attempt>()
  readonly #taken = new Set<string>()
  readonly #retries = new Map<Form, number>()
  /** The connections on which the outside sender was asked once more at the end, and answered. */
  readonly #vouched = new Set<number>()
  /** Off for a server that was found out of step. */
  #pipelining = true
  #seen: Partial<Pace> = {}

  constructor(options: InquiryOptions) {
    this.#options = options
    this.connections = new Connections(options.route, (session) => this.#void(session))
    this.target = new Target(options.route.address, options.domain, options.addressesFor)
  }

  /** Of several repeats, on as many connections, the one that was answered otherwise than at the beginning is kept. */
  #isNews(repeat: Attempt): boolean {
    const row = this.#assess(repeat)
    const known = this.#rowOf(repeat.form)
    if (row.outcome === 'refused' && row.refusal !== 'tls-required' && repeat.connection !== null) {
      this.#vouched.add(repeat.connection)
    }
    if (row.outcome !== 'refused' && row.outcome !== 'accepted') return known === undefined
    if (known?.refusal === 'tls-required') return true
    const outside = this.#rowOf(formOf('outside-sender'))
    return known?.outcome !== 'refused' || isAsBefore(known, outside, this.target.echoes())
  }

  #rowOf(form: Form): Assessed | undefined {
    const attempt = this.#attempts.get(form)
    return attempt && this.#assess(attempt)
  }

  #assess(attempt: Attempt): Assessed {
    return assess(attempt, this.target.echoes())
  }

  get attempts(): readonly Attempt[] {
    return [...this.#attempts.values()]
  }

  /** All attempts so far, each with what it came to. */
  assessed(): Assessed[] {
    return this.attempts.map((attempt) => this.#assess(attempt))
  }

  /** Opens the first connection; the full suite needs more, and has others come along once the first one stands. */
  async begin(): Promise<void> {
    await this.connections.begin(this.#options.suite === 'full' ? this.#pace().atOnce - 1 : 0)
    this.target.greeted(this.connections.first)
  }

  /** Asks for every form of the suite. */
  async askSuite(): Promise<void> {
    const planned: PlannedAttempt[] = []
    for (const form of formsOf(this.#options.suite)) {
      const spelled = spell(form, this.target.namesFor(form))
      if ('rcptTo' in spelled) planned.push(spelled)
      else this.keep([{ ...UNASKED, form, why: this.connections.first?.failure ?? spelled.why }])
    }
    let due: readonly PlannedAttempt[] = planned
    for (let round = 1; round < ROUNDS && due.length > 0; round += 1) due = await this.#probeRound(due)
    const unasked = due.filter(({ form }) => !this.#attempts.has(form))
    this.keep(notRun(unasked, 'connection-limit'))
  }

  /** Asks for a form outside the suite, in TLS if that is what it takes; postmaster only if the full suite did not yet. */
  async ask(id: string): Promise<void> {
    const form = formOf(id)
    if (id === POSTMASTER && this.#rowOf(form)?.decisive) return
    const spelled = spell(form, this.target.namesFor(form))
    if (!('rcptTo' in spelled)) return
    await this.#askOnce(spelled)
    if (await this.#goesOnInTls(form)) await this.#askOnce(spelled)
    const row = this.#rowOf(form)
    if (!row || againAfter(row) !== 0 || this.connections.left === 0) return
    await this.connections.leaveCurrent()
    await this.#askOnce(spelled)
  }

  /** On the session at hand, unless that bears no more. */
  async #askOnce(attempt: PlannedAttempt): Promise<void> {
    const { current } = this.connections
    const refused = this.attempts.filter(({ connection }) => connection === current?.number).flatMap(refusalsIn).length
    if (refused >= this.#pace().refusals) await this.connections.leaveCurrent()
    await this.#probe(await this.connections.live(), [[attempt]], false)
  }

  /**
   * Sends the message of a form whose recipient was taken, and returns the attempt with what followed; once more on another
   * session, where this one takes no more senders or has ended.
   */
  async send(attempt: Attempt, message: Message): Promise<Attempt> {
    const sent = await this.#send(attempt, message)
    if (await this.#goesOnInTls(attempt.form)) return this.#send(attempt, message)
    const [sender] = sent.exchanges.slice(attempt.exchanges.length)
    if ((sender && isPositive(sender)) || this.connections.left === 0 || this.#isOver()) return sent
    await this.connections.leaveCurrent()
    return this.#send(attempt, message)
  }

  async #send(attempt: Attempt, message: Message): Promise<Attempt> {
    const session = await this.connections.live()
    const { stop } = this.#options.route
    const isPossible = isReady(session) && !stop.aborted
    const sent = isPossible ? await send(session, attempt, message, stop) : { ...attempt, why: this.#whyNot(session) }
    this.keep([sent])
    return sent
  }

  /** Notes attempts; what was learnt before another go that came to nothing stands, but for a call for TLS that was heeded. */
  keep(attempts: readonly Attempt[]): void {
    for (const fresh of attempts) {
      if (fresh.form.id === REPEAT && !this.#isNews(fresh)) continue
      const before = this.#attempts.get(fresh.form)
      const stands = before && fresh.why !== 'spared' && this.#rowOf(fresh.form)?.refusal !== 'tls-required'
      const attempt = stands && fresh.exchanges.length === 0 ? { ...before, why: fresh.why } : fresh
      this.#set(attempt)
      const [mail] = attempt.exchanges
      if (attempt.mailFrom !== null && mail && mail.reply.code < 300) this.#taken.add(attempt.mailFrom)
    }
  }

  /**
   * Asks on the session at hand what one connection bears, or the first thing alone where each answer is waited for and much
   * is borne, and looks at what that shows; asks the rest on several at once, if nothing stands against it. Returns what is to be
   * asked in another round.
   */
  async #probeRound(planned: readonly PlannedAttempt[]): Promise<readonly PlannedAttempt[]> {
    const session = await this.connections.live()
    const manner = this.#manner()
    const look = planned.length > 1 && !this.#isPipelined(session) ? planLook(planned, manner) : []
    const first = look.length > 0 ? look : planFirst(planned, manner)
    const rest = planned.filter((attempt) => !first.flat().includes(attempt))
    await this.#probe(session, first, look.length === 0 && rest.length > 0)
    const again = await this.#dueAgain(first.flat())
    if (again.length > 0) return [...again, ...rest]
    if (rest.length === 0) return []
    const withControl = [...rest, ...this.#postmasterControl()]
    await this.#probeRest(withControl, look)
    return this.#dueAgain(withControl)
  }

  /** @param look what the session at hand was asked, if it is to be asked more */
  async #probeRest(rest: readonly PlannedAttempt[], look: ConnectionPlan): Promise<void> {
    const { first, current } = this.connections
    if (first && first.failure !== null) return this.keep(notRun(rest, this.#whyNot(first)))
    if (await this.connections.hasRefusedSpares()) this.#goOnAlone()
    const own = look.length > 0 && current && isReady(current) ? current : null
    if (!own) await this.connections.leaveCurrent()
    const isSparable = (form: Form) => NOTHING_LEARNT.has(this.#rowOf(form)?.refusal ?? null)
    const within = this.connections.left - this.#reserve() + (own ? 1 : 0)
    const spares = Array.from({ length: this.connections.spares }, () => [])
    const standing = own ? [look, ...spares] : spares
    const { plans, spared } = planWithin(rest, this.#manner(), within, isSparable, standing)
    this.keep(notRun(spared, 'spared'))
    let workers = Math.min(this.#pace().atOnce, plans.length)
    const work = async (at: Session | null) => {
      let session = at
      for (let next = plans.shift(); next; next = plans.shift()) {
        session ??= await this.connections.another()
        if (!isReady(session) && workers > 1) {
          // Whoever is in goes on alone.
          plans.unshift(next)
          this.#goOnAlone()
          await this.connections.end(session)
          break
        }
        // A server that serves one after the other would keep the others waiting for whoever stays.
        const leave = plans.length > 0 || workers > 1
        await this.#probe(session, next, leave)
        if (!leave) await this.connections.goOnWith(session)
        session = null
      }
      workers -= 1
    }
    await Promise.all(Array.from({ length: workers }, (_, index) => work(index === 0 ? own : null)))
  }

  /** The control that a vague refusal of the outside sender asks for (docs/verdict.md, rule 4a), to be asked with the others. */
  #postmasterControl(): readonly PlannedAttempt[] {
    const { domain } = this.target
    const form = formOf(POSTMASTER)
    const isCertain = domain !== null && domain.source !== 'greeting'
    if (this.#options.suite !== 'full' || !isCertain || this.#attempts.has(form)) return []
    if (mayRelay(this.assessed()) || !wantsPostmasterControl(this.assessed())) return []
    const spelled = spell(form, this.target.namesFor(form))
    return 'rcptTo' in spelled ? [spelled] : []
  }

  /** What of that is worth another go, and now due; waits for greylisting that ends in time. */
  async #dueAgain(asked: readonly PlannedAttempt[]): Promise<readonly PlannedAttempt[]> {
    const { first, left, tls } = this.connections
    if (first?.failure !== null || left <= this.#reserve() || this.#options.route.stop.aborted) return []
    const rows = this.assessed().filter(({ attempt }) => asked.some(({ form }) => form === attempt.form))
    if (rows.some(({ refusal }) => refusal === 'tls-required') && !tls) {
      await this.connections.goOnInTls()
      const wanting = rows.filter((row) => row.refusal === 'tls-required' || againAfter(row) === 0)
      return wanting.map(({ attempt }) => plannedAgain(attempt))
    }
    const ms = this.#options.route.deadline - performance.now()
    const due = rows.flatMap((row) => {
      const wait = this.#retriesOf(row.attempt.form) < RETRIES ? againAfter(row) : null
      return wait !== null && (wait === 0 || wait + VISIT_MS <= ms) ? [{ row, wait }] : []
    })
    if (due.length === 0) return []
    for (const { row } of due) this.#retries.set(row.attempt.form, this.#retriesOf(row.attempt.form) + 1)
    this.#learn(due.map(({ row }) => row))
    // Who greylists, or is postscreen, wants to see us come back; in any other case those that wait are as good as new.
    if (due.some(({ row }) => row.refusal === 'greylisted')) await this.connections.leave()
    else await this.connections.leaveCurrent()
    const wait = Math.max(...due.map((each) => each.wait))
    if (wait > 0) await sleep(wait, null, { signal: this.#options.route.stop }).catch(() => {})
    return due.map(({ row }) => plannedAgain(row.attempt))
  }

  #retriesOf(form: Form): number {
    return this.#retries.get(form) ?? 0
  }

  /** A connection is kept for the message, once there is something to send. */
  #reserve(): number {
    return mayRelay(this.assessed()) ? 1 : 0
  }

  /** What every connection of the full suite ends in: the outside sender once more, which shows a ban (docs/verdict.md, rule 4b). */
  #sentinel(): PlannedAttempt | null {
    if (this.#options.suite !== 'full') return null
    const form = formOf(REPEAT)
    const spelled = spell(form, this.target.namesFor(form))
    return 'rcptTo' in spelled ? spelled : null
  }

  /** Whether the outside sender was asked once more on the session that an attempt was asked on, and answered. */
  isVouchedFor({ connection }: Attempt): boolean {
    return connection !== null && this.#vouched.has(connection)
  }

  #isOver(): boolean {
    return this.#options.route.stop.aborted || performance.now() >= this.#options.route.deadline
  }

  /** Takes from what failed how the server wants to be asked. */
  #learn(failed: readonly Assessed[]): void {
    this.#seen = lessonFrom(failed, this.assessed(), this.#seen)
    if (this.#seen.atOnce === 1) this.#goOnAlone()
    if (failed.every(({ attempt }) => attempt.why !== 'protocol-error')) return
    // Still out of step with one command at a time: its RSET cannot be relied on.
    if (!this.#pipelining) this.#seen = { ...this.#seen, transactions: 1 }
    this.#pipelining = false
  }

  /** It lets no more than one of us in at once. */
  #goOnAlone(): void {
    this.#seen = { ...this.#seen, atOnce: 1 }
    this.connections.goOnAlone()
  }

  /** Whether a form was refused for want of TLS, and there is TLS now. */
  async #goesOnInTls(form: Form): Promise<boolean> {
    if (this.#rowOf(form)?.refusal !== 'tls-required' || this.connections.tls) return false
    await this.connections.goOnInTls()
    return true
  }

  async #probe(session: Session, connection: ConnectionPlan, leave: boolean): Promise<void> {
    if (connection.length === 0) return
    const { stop } = this.#options.route
    if (!isReady(session)) {
      this.keep(notRun(connection.flat(), this.#whyNot(session)))
      // Nobody comes back to a session that was refused.
      if (session !== this.connections.current) await this.connections.end(session)
      return
    }
    this.keep(await probe(session, connection, { stop, leave, pipelining: this.#isPipelined(session) }))
    if (session.connection.outOfStep) this.#void(session)
    if (leave) await this.connections.end(session)
  }

  /** Takes back what a connection out of step seemed to answer. */
  #void(session: Session): void {
    for (const attempt of this.#attempts.values()) {
      const proven = attempt.exchanges.some(({ phase }) => phase === 'dot')
      if (attempt.connection !== session.number || proven) continue
      this.#set({ ...attempt, exchanges: [], why: 'protocol-error' })
    }
  }

  #set(attempt: Attempt): void {
    this.#attempts.set(attempt.form, attempt)
    this.#options.decided?.(this.#assess(attempt))
  }

  #whyNot(session: Session): Why {
    const { first } = this.connections
    if (this.#options.route.stop.aborted) return 'interrupted'
    // A server that took the first connection and turns away another one has had enough of them.
    const isLater = session !== first && first?.failure === null && session.tls === null
    if (isLater && session.failure !== null && TURNED_AWAY.has(session.failure)) return 'connection-limit'
    return session.failure ?? session.connection?.fault ?? 'dropped'
  }

  #isPipelined(session: Session): boolean {
    return session.pipelining && this.#pipelining
  }

  #manner(): Manner {
    return { pace: this.#pace(), taken: this.#taken, sentinel: this.#sentinel() }
  }

  #pace(): Pace {
    const { greeting = null, extensions = [] } = this.connections.first ?? {}
    const shown = { greeting: greeting?.reply.lines.join(' ') ?? '', extensions, replies: [] }
    return paceFor(recognise(shown), this.#seen)
  }
}

/** What an attempt came to of which nothing is lost if it is given up. */
const NOTHING_LEARNT: ReadonlySet<Refusal | null> = new Set<Refusal | null>([null, 'throttled'])

/** How a later connection ends before it begins, where a server has had enough of them. */
const TURNED_AWAY: ReadonlySet<Why> = new Set<Why>(['greeting-refused', 'dropped', 'connection-refused'])

/** The control that repeats the first question. */
const REPEAT = 'outside-sender-again'

/** The control that a healthy server takes. */
const POSTMASTER = 'postmaster-control'

const refusalsIn = ({ exchanges }: Attempt) => exchanges.filter(({ reply }) => reply.code >= 400)

function plannedAgain({ form, mailFrom, rcptTo }: Attempt): PlannedAttempt {
  return { form, mailFrom: mailFrom ?? '', rcptTo: rcptTo ?? '' }
}
