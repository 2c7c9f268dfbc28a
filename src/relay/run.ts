import { DOMAIN_NAME } from '../contract/domain.ts'
import type { DomainSource, Proof, Suite, Why } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import { type Assessed, assess, wantsExistingSender, wantsPostmasterControl } from './assess.ts'
import type { Attempt, Findings } from './findings.ts'
import { FORMS, type Form, formOf, formsOf, type TestAddresses } from './forms.ts'
import { type ConnectionPlan, plan } from './plan.ts'
import { isReady, openSession, type Route, type Session } from './session.ts'
import { notRun, probe, send } from './transact.ts'

/** What a run needs to know, and the two functions that keep it apart from the mailbox and the message's wording. */
export interface RunOptions {
  readonly route: Route
  readonly suite: Suite
  readonly proof: Proof
  /** The target's own mail domain, where it is known. */
  readonly domain: { readonly name: string; readonly source: DomainSource } | null
  addressesFor(form: Form): TestAddresses
  messageFor(addresses: TestAddresses): readonly string[]
}

/** What a run found, and the ends of its first connection. */
export interface RunResult {
  readonly findings: Findings
  readonly localAddress: Address | null
  readonly ehlo: string | null
  readonly extensions: readonly string[]
}

const MESSAGES = 3
const CONNECTIONS = 3

/** Runs a suite against one server: plan, probe, ask what only then makes sense, send. Never throws for a server. */
export async function run(options: RunOptions): Promise<RunResult> {
  const first = await openSession(options.route, 1)
  const visit = new Visit(options, first)
  try {
    await visit.probeSuite()
    await visit.probeExistingSender()
    await visit.sendMessages()
    await visit.probePostmaster()
  } finally {
    await visit.leave()
  }
  const { localAddress, ehlo, extensions } = first
  return { findings: visit.findings(), localAddress, ehlo, extensions }
}

const UNASKED = { mailFrom: null, rcptTo: null, connection: null, exchanges: [] } as const

/** One run in progress: the session it is on, and what it has learnt. */
class Visit {
  readonly #options: RunOptions
  readonly #first: Session
  readonly #domain: RunOptions['domain']
  #session: Session
  #connections = 1
  #attempts: Attempt[] = []

  constructor(options: RunOptions, first: Session) {
    this.#options = options
    this.#first = first
    this.#session = first
    this.#domain = options.domain ?? domainOf(first)
  }

  async probeSuite(): Promise<void> {
    const forms = formsOf(this.#options.suite)
    const askable = forms.filter((form) => this.#domain !== null || !form.needsDomain)
    for (const connection of this.#plan(askable)) await this.#probe(connection)
    const why = this.#first.failure ?? 'domain-unknown'
    for (const form of forms) {
      if (!askable.includes(form)) this.#attempts.push({ ...UNASKED, form, why })
    }
  }

  async probeExistingSender(): Promise<void> {
    if (wantsExistingSender(this.#assessed(), this.#names())) await this.#ask('own-domain-postmaster')
  }

  /** A control can change the verdict only while nothing was relayed and the domain is certain (rules 4a and 4c). */
  async probePostmaster(): Promise<void> {
    const rows = this.#assessed()
    const certain = this.#domain !== null && this.#domain.source !== 'greeting'
    if (certain && wantsPostmasterControl(rows) && rows.every((row) => row.outcome === 'refused')) {
      await this.#ask('postmaster-control')
    }
  }

  /** Sends the message for plain forms whose recipient was taken, until one is accepted. */
  async sendMessages(): Promise<void> {
    if (this.#options.proof !== 'message') return
    const candidates = this.#assessed().filter((row) => this.#mayCarryMessage(row))
    for (const { attempt } of candidates.slice(0, MESSAGES)) {
      const sent = await this.#send(attempt)
      this.#attempts = this.#attempts.map((known) => (known === attempt ? sent : known))
      if (assess(sent, this.#names()).evidence === 'message-accepted') return
    }
  }

  async leave(): Promise<void> {
    await this.#session.connection?.quit()
  }

  findings(): Findings {
    return {
      proof: this.#options.proof,
      domain: this.#domain?.name ?? null,
      domainSource: this.#domain?.source ?? null,
      names: this.#names(),
      greeting: this.#first.greeting,
      turnedAway: this.#first.turnedAway,
      // As the suite lists them, whatever order the connection needed.
      attempts: this.#attempts.toSorted((a, b) => FORMS.indexOf(a.form) - FORMS.indexOf(b.form)),
    }
  }

  /** A name that only the greeting gave is good enough to ask with, not to send mail in. */
  #mayCarryMessage({ attempt, outcome }: Assessed): boolean {
    const claimsGreetingName = attempt.form.sender === 'own' && this.#domain?.source === 'greeting'
    return attempt.form.kind === 'plain' && outcome === 'accepted' && !claimsGreetingName
  }

  async #ask(id: string): Promise<void> {
    for (const connection of this.#plan([formOf(id)])) await this.#probe(connection)
  }

  async #probe(connection: ConnectionPlan): Promise<void> {
    const session = await this.#live()
    const attempts = isReady(session)
      ? await probe(session, connection, this.#options.route.stop)
      : notRun(connection.flat(), this.#whyNot(session))
    this.#attempts.push(...attempts)
  }

  async #send(attempt: Attempt): Promise<Attempt> {
    const session = await this.#live()
    if (!isReady(session) || this.#options.route.stop.aborted) return { ...attempt, why: this.#whyNot(session) }
    const message = this.#options.messageFor(this.#options.addressesFor(attempt.form))
    return send(session, attempt, message, this.#options.route.stop)
  }

  #whyNot(session: Session): Why {
    return this.#options.route.stop.aborted
      ? 'interrupted'
      : (session.failure ?? session.connection?.fault ?? 'dropped')
  }

  /** The session to go on with: the present one, or a new one where that has ended and the target may bear another. */
  async #live(): Promise<Session> {
    const spent = this.#connections >= CONNECTIONS || this.#session.connection?.fault === 'deadline'
    if (isReady(this.#session) || this.#first.failure !== null || spent || this.#options.route.stop.aborted)
      return this.#session
    await this.leave()
    this.#connections += 1
    this.#session = await openSession(this.#options.route, this.#connections)
    return this.#session
  }

  #plan(forms: readonly Form[]): ConnectionPlan[] {
    const domain = this.#domain?.name ?? ''
    return plan(forms, (form) => ({ ...this.#options.addressesFor(form), domain }))
  }

  #assessed(): Assessed[] {
    return this.#attempts.map((attempt) => assess(attempt, this.#names()))
  }

  #names(): string[] {
    const { sender } = this.#options.addressesFor(formOf('outside-sender'))
    const ourDomain = sender.slice(sender.lastIndexOf('@') + 1)
    const { ehlo, localAddress } = this.#first
    const names = [ourDomain, ehlo, localAddress?.text, this.#options.route.address.text, this.#domain?.name]
    return names.filter((name) => name !== undefined && name !== null)
  }
}

/** The name that a greeting begins with, where it is a domain name. */
function domainOf({ greeting }: Session): RunOptions['domain'] {
  const [name = ''] = greeting?.reply.lines[0]?.split(' ') ?? []
  return DOMAIN_NAME.test(name) ? { name: name.toLowerCase(), source: 'greeting' } : null
}
