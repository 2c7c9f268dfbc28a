import { setTimeout as sleep } from 'node:timers/promises'
import type { Proof, Suite, Why } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import {
  type Assessed,
  againAfter,
  assess,
  mayArrive,
  wantsExistingSender,
  wantsPostmasterControl,
  wantsRandomControl,
  wantsRepeat,
} from './assess.ts'
import { Connections } from './connections.ts'
import type { Attempt, Findings, Seen } from './findings.ts'
import { causeOf, FORMS, type Form, formOf, formsOf, type TestAddresses } from './forms.ts'
import { lessonFrom } from './lessons.ts'
import { type Pace, paceFor } from './pace.ts'
import { type ConnectionPlan, type PlannedAttempt, planFirst, planWithin, spell } from './plan.ts'
import { isReady, type Route, type Session } from './session.ts'
import { recognise } from './software.ts'
import { type OwnDomain, Target } from './target.ts'
import { type Message, notRun, probe, send } from './transact.ts'

/** What a run needs to know, and the two functions that keep it apart from the mailbox and the message's wording. */
export interface RunOptions {
  readonly route: Route
  readonly suite: Suite
  readonly proof: Proof
  /** The target's own mail domain, where it is known. */
  readonly domain: OwnDomain | null
  /** Whether the target refused things of ours within the last ten minutes, as bans count. */
  readonly refusedBefore: boolean
  /** What the vantage is known by: public addresses and EHLO name. */
  readonly vantage: readonly string[]
  /** How long to wait for the message of a plain form, in milliseconds. */
  readonly deliveryWaitMs: number
  addressesFor(form: Form): TestAddresses
  messageFor(form: Form): Message
  /** What the mailbox sees of a form's message within that time. */
  arrival(form: Form, ms: number): Promise<Seen | null>
}

/** What a run found, and the ends of its first connection. */
export interface RunResult {
  readonly findings: Findings
  readonly localAddress: Address | null
  readonly ehlo: string | null
  readonly extensions: readonly string[]
  readonly tls: Session['tls']
}

const MESSAGES = 3
/** The first go, and what may follow from it: TLS, postscreen's second visit, greylisting, another pace. */
const ROUNDS = 6
/** How often a form is asked again. */
const RETRIES = 2
/** Left over for the control after waiting for ambiguous messages. */
const CONTROL_MS = 3_000
/** Left over for a visit after waiting for greylisting to end. */
const VISIT_MS = 5_000

/** Runs a suite against one server: plan, probe, ask what only then makes sense, send. Never throws for a server. */
export async function run(options: RunOptions): Promise<RunResult> {
  const visit = new Visit(options)
  try {
    await visit.begin()
    await visit.probeSuite()
    await visit.probeExistingSender()
    await visit.sendMessages()
    await visit.probeControls()
  } finally {
    await visit.leave()
  }
  return visit.result()
}

const UNASKED = { mailFrom: null, rcptTo: null, connection: null, exchanges: [], seen: null } as const

/** One run in progress: the connections it has, and what it has learnt. */
class Visit {
  readonly #options: RunOptions
  readonly #attempts = new Map<Form, Attempt>()
  readonly #taken = new Set<string>()
  readonly #retries = new Map<Form, number>()
  readonly #connections: Connections
  readonly #target: Target
  /** Off for a server that was found out of step. */
  #pipelining = true
  #seen: Partial<Pace> = {}

  constructor(options: RunOptions) {
    this.#options = options
    this.#connections = new Connections(options.route, (session) => this.#void(session))
    this.#target = new Target(options.route.address, options.domain, options.addressesFor)
  }

  /** Opens the first connection; the full suite needs more, and has others come along once the first one stands. */
  async begin(): Promise<void> {
    await this.#connections.begin(this.#options.suite === 'full' ? this.#pace().atOnce - 1 : 0)
    this.#target.greeted(this.#connections.first)
  }

  async probeSuite(): Promise<void> {
    const planned: PlannedAttempt[] = []
    for (const form of formsOf(this.#options.suite)) {
      const spelled = spell(form, this.#target.namesFor(form))
      if ('rcptTo' in spelled) planned.push(spelled)
      else this.#keep([{ ...UNASKED, form, why: this.#connections.first?.failure ?? spelled.why }])
    }
    let due: readonly PlannedAttempt[] = planned
    for (let round = 1; round < ROUNDS && due.length > 0; round += 1) due = await this.#probeRound(due)
    this.#keep(
      notRun(
        due.filter(({ form }) => !this.#attempts.has(form)),
        'connection-limit',
      ),
    )
  }

  async probeExistingSender(): Promise<void> {
    const id = 'own-domain-postmaster'
    const asked = this.#attempts.has(formOf(id))
    if (!asked && wantsExistingSender(this.#assessed(), this.#target.echoes())) await this.#ask(id)
  }

  /** A control can change the verdict only while nothing was relayed and the domain is certain (rules 4a to 4c). */
  async probeControls(): Promise<void> {
    const rows = this.#assessed()
    const { domain } = this.#target
    const certain = domain !== null && domain.source !== 'greeting'
    const mayBeRelay = rows.some(
      (row) => row.outcome === 'accepted' && row.attempt.form.recipient.kind === 'plain' && !row.attempt.form.control,
    )
    if (!certain || mayBeRelay) return
    if (wantsPostmasterControl(rows)) await this.#ask('postmaster-control')
    if (wantsRandomControl(this.#assessed())) await this.#ask('random-local-control')
    if (wantsRepeat(rows, this.#target.echoes())) await this.#ask('outside-sender-again')
  }

  /**
   * Sends the message for plain forms whose recipient was taken, until one is accepted; where none is and arrival is the
   * proof, for ambiguous ones, each spelling once. Then waits for what the mailbox sees.
   */
  async sendMessages(): Promise<void> {
    if (this.#options.proof === 'recipient') return
    const taken = this.#assessed().filter(
      ({ attempt, outcome }) => outcome === 'accepted' && this.#target.mayCarryMessage(attempt.form),
    )
    const plain = taken.filter(({ attempt }) => attempt.form.recipient.kind === 'plain')
    const sent = await this.#sendUntilAccepted(plain.slice(0, MESSAGES))
    if (this.#options.proof !== 'delivery') return
    const accepted = sent.find((attempt) => this.#isAccepted(attempt))
    if (accepted) return this.#watch([accepted], this.#options.deliveryWaitMs)
    await this.#watch(sent.filter(mayArrive), this.#options.deliveryWaitMs)
    if (this.#hasArrived()) return
    const ambiguous = oneOfEachCause(taken.filter((row) => !plain.includes(row)))
    const tried: Attempt[] = []
    // A message that was refused at DATA never went out; one whose dot was not answered may have.
    const out = sent.filter(({ exchanges }) =>
      exchanges.some(({ phase, reply }) => phase === 'data' && reply.code === 354),
    ).length
    for (const { attempt } of ambiguous.slice(0, MESSAGES - out)) {
      tried.push(...(await this.#sendUntilAccepted([{ attempt }])))
    }
    const underWay = tried.filter(mayArrive)
    if (underWay.length === 0) return
    await this.#watch(underWay, this.#options.route.deadline - performance.now() - CONTROL_MS)
    if (!this.#hasArrived()) await this.#ask('random-local-control')
  }

  #hasArrived(): boolean {
    return this.#assessed().some(({ evidence }) => evidence === 'delivered')
  }

  async #sendUntilAccepted(rows: readonly Pick<Assessed, 'attempt'>[]): Promise<Attempt[]> {
    const sent: Attempt[] = []
    for (const { attempt } of rows) {
      let result = await this.#send(attempt)
      this.#keep([result])
      if (await this.#goesOnInTls(attempt.form)) {
        result = await this.#send(attempt)
        this.#keep([result])
      }
      sent.push(result)
      if (this.#isAccepted(result)) break
    }
    return sent
  }

  /** Waits until one of the messages has arrived, or all are accounted for, or the time is over. */
  async #watch(attempts: readonly Attempt[], ms: number): Promise<void> {
    if (attempts.length === 0) return
    const wait = Math.max(0, Math.min(ms, this.#options.route.deadline - performance.now()))
    const watches = attempts.map(async (attempt) => {
      const seen = await this.#options.arrival(attempt.form, wait)
      if (seen) this.#keep([{ ...attempt, seen }])
      if (seen?.kind !== 'message') await Promise.reject(new Error('not arrived'))
    })
    await Promise.any(watches).catch(() => {})
  }

  #isAccepted(attempt: Attempt): boolean {
    return assess(attempt, this.#target.echoes()).evidence === 'message-accepted'
  }

  leave(): Promise<void> {
    return this.#connections.leave()
  }

  /** Takes back what a connection out of step seemed to answer. */
  #void(session: Session): void {
    for (const [form, attempt] of this.#attempts) {
      const proven = attempt.exchanges.some(({ phase }) => phase === 'dot')
      if (attempt.connection !== session.number || proven) continue
      this.#attempts.set(form, { ...attempt, exchanges: [], why: 'protocol-error' })
    }
  }

  result(): RunResult {
    const { first, current } = this.#connections
    const { localAddress = null, ehlo = null, extensions = [], greeting = null, turnedAway = null } = first ?? {}
    const { domain } = this.#target
    const findings = {
      proof: this.#options.proof,
      refusedBefore: this.#options.refusedBefore,
      vantage: [...this.#options.vantage, ehlo, localAddress?.text].filter((name) => typeof name === 'string'),
      domain: domain?.name ?? null,
      domainSource: domain?.source ?? null,
      names: this.#target.echoes(),
      greeting,
      turnedAway,
      // As the suite lists them, whatever order the connections needed.
      attempts: [...this.#attempts.values()].sort((a, b) => FORMS.indexOf(a.form) - FORMS.indexOf(b.form)),
    }
    return { findings, localAddress, ehlo, extensions, tls: current?.tls ?? null }
  }

  /**
   * Asks on the session at hand what one connection bears, and looks at what that shows; asks the rest on several at once,
   * if nothing stands against it. Returns what is to be asked in another round.
   */
  async #probeRound(planned: readonly PlannedAttempt[]): Promise<readonly PlannedAttempt[]> {
    const first = planFirst(planned, this.#pace())
    const rest = planned.filter((attempt) => !first.flat().includes(attempt))
    await this.#probe(await this.#connections.live(), first, rest.length > 0)
    const again = await this.#dueAgain(first.flat())
    if (again.length > 0) return [...again, ...rest]
    if (rest.length === 0) return []
    await this.#probeRest(rest)
    return this.#dueAgain(rest)
  }

  async #probeRest(rest: readonly PlannedAttempt[]): Promise<void> {
    const { first } = this.#connections
    if (first && first.failure !== null) return this.#keep(notRun(rest, this.#whyNot(first)))
    if (await this.#connections.hasRefusedSpares()) this.#goOnAlone()
    const pace = this.#pace()
    const { plans, spared } = planWithin(rest, pace, this.#taken, this.#connections.left)
    this.#keep(notRun(spared, 'spared'))
    let workers = Math.min(pace.atOnce, plans.length)
    const work = async () => {
      for (let next = plans.shift(); next; next = plans.shift()) {
        await this.#connections.leaveCurrent()
        const session = await this.#connections.another()
        if (!isReady(session) && workers > 1) {
          // Whoever is in goes on alone.
          plans.unshift(next)
          this.#goOnAlone()
          await this.#connections.end(session)
          break
        }
        const leave = plans.length > 0
        await this.#probe(session, next, leave)
        if (!leave) await this.#connections.goOnWith(session)
      }
      workers -= 1
    }
    await Promise.all(Array.from({ length: workers }, work))
  }

  /** What of that is worth another go, and now due; waits for greylisting that ends in time. */
  async #dueAgain(asked: readonly PlannedAttempt[]): Promise<readonly PlannedAttempt[]> {
    const { first, left, tls } = this.#connections
    if (first?.failure !== null || left === 0 || this.#options.route.stop.aborted) return []
    const rows = this.#assessed().filter(({ attempt }) => asked.some(({ form }) => form === attempt.form))
    const wantsTls = rows.filter(({ refusal }) => refusal === 'tls-required')
    if (wantsTls.length > 0 && !tls) {
      await this.#connections.goOnInTls()
      return wantsTls.map(({ attempt }) => plannedAgain(attempt))
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
    if (due.some(({ row }) => row.refusal === 'greylisted')) await this.leave()
    else await this.#connections.leaveCurrent()
    const wait = Math.max(...due.map((each) => each.wait))
    if (wait > 0) await sleep(wait, null, { signal: this.#options.route.stop }).catch(() => {})
    return due.map(({ row }) => plannedAgain(row.attempt))
  }

  #retriesOf(form: Form): number {
    return this.#retries.get(form) ?? 0
  }

  /** Takes from what failed how the server wants to be asked. */
  #learn(failed: readonly Assessed[]): void {
    this.#seen = lessonFrom(failed, this.#assessed(), this.#seen)
    if (this.#seen.atOnce === 1) this.#goOnAlone()
    if (failed.every(({ attempt }) => attempt.why !== 'protocol-error')) return
    // Still out of step with one command at a time: its RSET cannot be relied on.
    if (!this.#pipelining) this.#seen = { ...this.#seen, transactions: 1 }
    this.#pipelining = false
  }

  /** It lets no more than one of us in at once. */
  #goOnAlone(): void {
    this.#seen = { ...this.#seen, atOnce: 1 }
    this.#connections.goOnAlone()
  }

  /** Asks a form outside the suite; in TLS, if that is what it takes. */
  async #ask(id: string): Promise<void> {
    const spelled = spell(formOf(id), this.#target.namesFor(formOf(id)))
    if (!('rcptTo' in spelled)) return
    await this.#probe(await this.#connections.live(), [[spelled]], false)
    if (await this.#goesOnInTls(formOf(id))) await this.#probe(await this.#connections.live(), [[spelled]], false)
  }

  /** Whether a form was refused for want of TLS, and there is TLS now. */
  async #goesOnInTls(form: Form): Promise<boolean> {
    const row = this.#assessed().find(({ attempt }) => attempt.form === form)
    if (row?.refusal !== 'tls-required' || this.#connections.tls) return false
    await this.#connections.goOnInTls()
    return true
  }

  async #probe(session: Session, connection: ConnectionPlan, leave: boolean): Promise<void> {
    if (connection.length === 0) return
    const { stop } = this.#options.route
    if (!isReady(session)) {
      this.#keep(notRun(connection.flat(), this.#whyNot(session)))
      // Nobody comes back to a session that was refused.
      if (session !== this.#connections.current) await this.#connections.end(session)
      return
    }
    this.#keep(await probe(session, connection, { stop, leave, pipelining: session.pipelining && this.#pipelining }))
    if (session.connection.fault === 'protocol-error') this.#void(session)
    if (leave) await this.#connections.end(session)
  }

  async #send(attempt: Attempt): Promise<Attempt> {
    const session = await this.#connections.live()
    const { stop } = this.#options.route
    if (!isReady(session) || stop.aborted) return { ...attempt, why: this.#whyNot(session) }
    return send(session, attempt, this.#options.messageFor(attempt.form), stop)
  }

  #whyNot(session: Session): Why {
    const { first } = this.#connections
    if (this.#options.route.stop.aborted) return 'interrupted'
    // A server that took the first connection and turns away another one has had enough of them.
    const isLater = session !== first && first?.failure === null
    if (isLater && session.failure !== null && TURNED_AWAY.has(session.failure)) return 'connection-limit'
    return session.failure ?? session.connection?.fault ?? 'dropped'
  }

  #pace(): Pace {
    const { greeting = null, extensions = [] } = this.#connections.first ?? {}
    const shown = { greeting: greeting?.reply.lines.join(' ') ?? '', extensions, replies: [] }
    return paceFor(recognise(shown), this.#seen)
  }

  #keep(attempts: readonly Attempt[]): void {
    for (const fresh of attempts) {
      const before = this.#attempts.get(fresh.form)
      // What was learnt before another go that came to nothing is kept, but for a call for TLS that was heeded.
      const stands = before && assess(before, this.#target.echoes()).refusal !== 'tls-required'
      const attempt = stands && fresh.exchanges.length === 0 ? { ...before, why: fresh.why } : fresh
      this.#attempts.set(attempt.form, attempt)
      const [mail] = attempt.exchanges
      if (attempt.mailFrom !== null && mail && mail.reply.code < 300) this.#taken.add(attempt.mailFrom)
    }
  }

  #assessed(): Assessed[] {
    return [...this.#attempts.values()].map((attempt) => assess(attempt, this.#target.echoes()))
  }
}

/** How a later connection ends before it begins, where a server has had enough of them. */
const TURNED_AWAY: ReadonlySet<Why> = new Set<Why>(['greeting-refused', 'dropped', 'connection-refused'])

function plannedAgain({ form, mailFrom, rcptTo }: Attempt): PlannedAttempt {
  return { form, mailFrom: mailFrom ?? '', rcptTo: rcptTo ?? '' }
}

/** Of several spellings that exploit the same trust one is enough to send. */
function oneOfEachCause(rows: readonly Assessed[]): Assessed[] {
  const causes = rows.map(({ attempt }) => causeOf(attempt.form))
  return rows.filter((_row, index) => causes.indexOf(causes[index] ?? 'everyone') === index)
}
