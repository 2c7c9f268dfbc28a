import type { Proof } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import {
  type Assessed,
  assess,
  mayArrive,
  mayRelay,
  needsRepeat,
  wantsExistingSender,
  wantsPostmasterControl,
  wantsRandomControl,
} from './assess.ts'
import type { Attempt, Findings, Seen } from './findings.ts'
import { causeOf, FORMS, type Form, formOf } from './forms.ts'
import { Inquiry, type InquiryOptions } from './inquiry.ts'
import type { Session } from './session.ts'
import type { Message } from './transact.ts'

/** What a run needs to know, and the two functions that keep it apart from the mailbox and the message's wording. */
export interface RunOptions extends InquiryOptions {
  readonly proof: Proof
  /** Whether the target refused things of ours within the last ten minutes, as bans count. */
  readonly refusedBefore: boolean
  /** What the vantage is known by: public addresses and EHLO name. */
  readonly vantage: readonly string[]
  /** How long to wait for the message of a plain form, in milliseconds. */
  readonly deliveryWaitMs: number
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
  /** Null where nothing was dialled. */
  readonly phases: Phases | null
}

/** How long each part of a run took, in milliseconds; null where it did not come to that. */
export interface Phases {
  /** Until the first connection stood. */
  readonly connect: number | null
  /** From then on to its greeting. */
  readonly greeting: number | null
  /** Everything else that was said, on all connections. */
  readonly dialogue: number | null
  /** Waiting for what the mailbox sees. */
  readonly delivery: number | null
}

const MESSAGES = 3
/** Left over for the control after waiting for ambiguous messages. */
const CONTROL_MS = 3_000

/** Runs a suite against one server: ask, ask what only then makes sense, send. Never throws for a server. */
export async function run(options: RunOptions): Promise<RunResult> {
  const visit = new Visit(options)
  try {
    await visit.inquiry.begin()
    await visit.inquiry.askSuite()
    await visit.askExistingSender()
    await visit.sendMessages()
    await visit.askControls()
  } finally {
    await visit.inquiry.connections.leave()
  }
  return visit.result()
}

/** One run in progress: what is asked besides the suite, and the messages. */
class Visit {
  readonly inquiry: Inquiry
  readonly #options: RunOptions
  readonly #startedAt = performance.now()
  #watchedMs: number | null = null

  constructor(options: RunOptions) {
    this.#options = options
    this.inquiry = new Inquiry(options)
  }

  async askExistingSender(): Promise<void> {
    const id = 'own-domain-postmaster'
    const asked = this.inquiry.attempts.some(({ form }) => form === formOf(id))
    if (!asked && wantsExistingSender(this.inquiry.assessed(), this.inquiry.target.echoes())) await this.inquiry.ask(id)
  }

  /** A control can change the verdict only while nothing was relayed and the domain is certain (rules 4a to 4c). */
  async askControls(): Promise<void> {
    const rows = this.inquiry.assessed()
    const { domain } = this.inquiry.target
    const certain = domain !== null && domain.source !== 'greeting'
    if (!certain || mayRelay(rows)) return
    if (wantsPostmasterControl(rows)) await this.inquiry.ask('postmaster-control')
    if (wantsRandomControl(this.inquiry.assessed())) await this.inquiry.ask('random-local-control')
    const names = this.inquiry.target.echoes()
    const suspects = rows.filter((row) => needsRepeat(row, rows, names))
    if (suspects.some(({ attempt }) => !this.inquiry.isVouchedFor(attempt))) {
      await this.inquiry.ask('outside-sender-again')
    }
  }

  /**
   * Sends the message for plain forms whose recipient was taken, until one is accepted; where none is and arrival is the
   * proof, for ambiguous ones, each spelling once. Then waits for what the mailbox sees.
   */
  async sendMessages(): Promise<void> {
    if (this.#options.proof === 'recipient') return
    const taken = this.inquiry
      .assessed()
      .filter(({ attempt, outcome }) => outcome === 'accepted' && this.inquiry.target.mayCarryMessage(attempt.form))
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
    if (!this.#hasArrived()) await this.inquiry.ask('random-local-control')
  }

  #hasArrived(): boolean {
    return this.inquiry.assessed().some(({ evidence }) => evidence === 'delivered')
  }

  async #sendUntilAccepted(rows: readonly Pick<Assessed, 'attempt'>[]): Promise<Attempt[]> {
    const sent: Attempt[] = []
    for (const { attempt } of rows) {
      const result = await this.inquiry.send(attempt, this.#options.messageFor(attempt.form))
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
      if (seen) this.inquiry.keep([{ ...attempt, seen }])
      if (seen?.kind !== 'message') await Promise.reject(new Error('not arrived'))
    })
    const watchedFrom = performance.now()
    await Promise.any(watches).catch(() => {})
    this.#watchedMs = (this.#watchedMs ?? 0) + performance.now() - watchedFrom
  }

  #isAccepted(attempt: Attempt): boolean {
    return assess(attempt, this.inquiry.target.echoes()).evidence === 'message-accepted'
  }

  result(): RunResult {
    const { first, current } = this.inquiry.connections
    const { localAddress = null, ehlo = null, extensions = [], greeting = null, turnedAway = null } = first ?? {}
    const { domain } = this.inquiry.target
    const findings = {
      proof: this.#options.proof,
      refusedBefore: this.#options.refusedBefore,
      vantage: [...this.#options.vantage, ehlo, localAddress?.text].filter((name) => typeof name === 'string'),
      domain: domain?.name ?? null,
      domainSource: domain?.source ?? null,
      names: this.inquiry.target.echoes(),
      greeting,
      turnedAway,
      // As the suite lists them, whatever order the connections needed.
      attempts: [...this.inquiry.attempts].sort((a, b) => FORMS.indexOf(a.form) - FORMS.indexOf(b.form)),
    }
    return { findings, localAddress, ehlo, extensions, tls: current?.tls ?? null, phases: this.#phases() }
  }

  #phases(): Phases {
    const { connectMs: connect = null, greetingMs: greeting = null } = this.inquiry.connections.first ?? {}
    const delivery = this.#watchedMs
    const others = (connect ?? 0) + (greeting ?? 0) + (delivery ?? 0)
    const dialogue = greeting === null ? null : performance.now() - this.#startedAt - others
    return { connect, greeting, dialogue, delivery }
  }
}

/** Of several spellings that exploit the same trust one is enough to send. */
function oneOfEachCause(rows: readonly Assessed[]): Assessed[] {
  const causes = rows.map(({ attempt }) => causeOf(attempt.form))
  return rows.filter((_row, index) => causes.indexOf(causes[index] ?? 'everyone') === index)
}
