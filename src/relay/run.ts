import { setTimeout as sleep } from 'node:timers/promises'
import type { Proof, Suite, Why } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import {
  type Assessed,
  againAfter,
  assess,
  wantsExistingSender,
  wantsPostmasterControl,
  wantsRandomControl,
} from './assess.ts'
import { Connections } from './connections.ts'
import type { Attempt, Findings, Seen } from './findings.ts'
import { causeOf, FORMS, type Form, formOf, formsOf, type TestAddresses } from './forms.ts'
import { ONE_BY_ONE, type Pace, paceFor } from './pace.ts'
import { type ConnectionPlan, type PlannedAttempt, plan, planFirst, spell } from './plan.ts'
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
/** The first go, and what may follow from it: TLS, postscreen's second visit, greylisting. */
const ROUNDS = 4
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
    await visit.probePostmaster()
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
  readonly #retried = new Set<Form>()
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
    for (let round = 1; round <= ROUNDS && due.length > 0; round += 1) {
      await this.#probeAll(due)
      due = await this.#dueAgain()
    }
  }

  async probeExistingSender(): Promise<void> {
    const id = 'own-domain-postmaster'
    const asked = this.#attempts.has(formOf(id))
    if (!asked && wantsExistingSender(this.#assessed(), this.#target.echoes())) await this.#ask(id)
  }

  /** A control can change the verdict only while nothing was relayed and the domain is certain (rules 4a and 4c). */
  async probePostmaster(): Promise<void> {
    const rows = this.#assessed()
    const { domain } = this.#target
    const certain = domain !== null && domain.source !== 'greeting'
    const mayBeRelay = rows.some(
      (row) => row.outcome === 'accepted' && row.attempt.form.recipient.kind === 'plain' && !row.attempt.form.control,
    )
    if (certain && wantsPostmasterControl(rows) && !mayBeRelay) {
      await this.#ask('postmaster-control')
      if (wantsRandomControl(this.#assessed())) await this.#ask('random-local-control')
    }
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
    const ambiguous = oneOfEachCause(taken.filter((row) => !plain.includes(row)))
    const tried: Attempt[] = []
    // A message that was refused at DATA never went out; one whose dot was not answered may have.
    const out = sent.filter(({ exchanges }) =>
      exchanges.some(({ phase, reply }) => phase === 'data' && reply.code === 354),
    ).length
    for (const { attempt } of ambiguous.slice(0, MESSAGES - out)) {
      tried.push(...(await this.#sendUntilAccepted([{ attempt }])))
    }
    const underWay = tried.filter((attempt) => this.#isAccepted(attempt))
    if (underWay.length === 0) return
    await this.#watch(underWay, this.#options.route.deadline - performance.now() - CONTROL_MS)
    if (this.#assessed().every(({ attempt }) => attempt.seen?.kind !== 'message'))
      await this.#ask('random-local-control')
  }

  async #sendUntilAccepted(rows: readonly Pick<Assessed, 'attempt'>[]): Promise<Attempt[]> {
    const sent: Attempt[] = []
    for (const { attempt } of rows) {
      const result = await this.#send(attempt)
      this.#keep([result])
      sent.push(result)
      if (this.#isAccepted(result)) break
    }
    return sent
  }

  /** Waits until one of the messages has arrived, or all are accounted for, or the time is over. */
  async #watch(attempts: readonly Attempt[], ms: number): Promise<void> {
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
   * Asks for all of them: the first connection's worth on the session at hand, the rest, planned anew with what that
   * one showed, on several connections at once.
   */
  async #probeAll(planned: readonly PlannedAttempt[]): Promise<void> {
    const first = planFirst(planned, this.#pace())
    const rest = planned.filter((attempt) => !first.flat().includes(attempt))
    await this.#probe(await this.#connections.live(), first, rest.length > 0)
    const queue = plan(rest, this.#pace(), this.#taken)
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const leave = queue.length > 0
        const session = await this.#connections.another()
        await this.#probe(session, next, leave)
        if (!leave) await this.#connections.goOnWith(session)
      }
    }
    await Promise.all(Array.from({ length: Math.min(this.#pace().atOnce, queue.length) }, work))
  }

  /** What is worth another go, and now due; waits for greylisting that ends in time. */
  async #dueAgain(): Promise<readonly PlannedAttempt[]> {
    const rows = this.#assessed()
    const wantsTls = rows.filter(({ refusal }) => refusal === 'tls-required')
    if (wantsTls.length > 0 && !this.#connections.tls) {
      await this.#connections.goOnInTls()
      return wantsTls.map(({ attempt }) => plannedAgain(attempt))
    }
    const left = this.#options.route.deadline - performance.now()
    const due = rows.flatMap((row) => {
      const ms = this.#retried.has(row.attempt.form) ? null : againAfter(row)
      return ms !== null && (ms === 0 || ms + VISIT_MS <= left) && this.#connections.first?.failure === null
        ? [{ row, ms }]
        : []
    })
    if (due.length === 0 || this.#options.route.stop.aborted) return []
    for (const { row } of due) {
      this.#retried.add(row.attempt.form)
      if (row.attempt.why === 'slowing') this.#seen = { ...this.#seen, ...ONE_BY_ONE }
      if (row.attempt.why === 'connection-limit') this.#seen = { ...this.#seen, atOnce: 1 }
      if (row.attempt.why === 'protocol-error') this.#pipelining = false
      if (row.decisive?.reply.code === 452) this.#seen = { ...this.#seen, recipients: 3 }
    }
    await this.leave()
    const wait = Math.max(...due.map(({ ms }) => ms))
    if (wait > 0) await sleep(wait, null, { signal: this.#options.route.stop }).catch(() => {})
    return due.map(({ row }) => plannedAgain(row.attempt))
  }

  async #ask(id: string): Promise<void> {
    const spelled = spell(formOf(id), this.#target.namesFor(formOf(id)))
    if ('rcptTo' in spelled) await this.#probe(await this.#connections.live(), [[spelled]], false)
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
    if (this.#options.route.stop.aborted) return 'interrupted'
    // A server that took the first connection and turns away another one has had enough of them.
    if (session !== this.#connections.first && session.failure === 'greeting-refused') return 'connection-limit'
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
      // What was learnt before another go that came to nothing is kept.
      const attempt = before && fresh.exchanges.length === 0 ? { ...before, why: fresh.why } : fresh
      this.#attempts.set(attempt.form, attempt)
      const [mail] = attempt.exchanges
      if (attempt.mailFrom !== null && mail && mail.reply.code < 300) this.#taken.add(attempt.mailFrom)
    }
  }

  #assessed(): Assessed[] {
    return [...this.#attempts.values()].map((attempt) => assess(attempt, this.#target.echoes()))
  }
}

function plannedAgain({ form, mailFrom, rcptTo }: Attempt): PlannedAttempt {
  return { form, mailFrom: mailFrom ?? '', rcptTo: rcptTo ?? '' }
}

/** Of several spellings that exploit the same trust one is enough to send. */
function oneOfEachCause(rows: readonly Assessed[]): Assessed[] {
  const causes = rows.map(({ attempt }) => causeOf(attempt.form))
  return rows.filter((_row, index) => causes.indexOf(causes[index] ?? 'everyone') === index)
}
