/**
 * A mail server that behaves as its traits say, without sockets: it gets commands and returns replies. The servers in
 * memory and the scripted servers on sockets both answer with it.
 */

import type { ReceivedMail } from '../../../src/relay/attempt.ts'
import { AMBIGUOUS, AT_ONCE, BAN_AFTER, CONTENT, DELIVERY, GREYLISTED, LISTED, LOGIN_FIRST, TOTAL } from './figures.ts'
import { type Fate, seenOf } from './reports.ts'
import { hasLocalReading, isUser, NAMES, relays, SECOND_HOST, senderKind, takesAsLocal, trusts } from './rules.ts'
import type { Traits } from './traits.ts'
import { BANS, DENIALS, UNKNOWN_USERS } from './words.ts'

/** The answer to one command; `text` is null for silence. */
export interface Said {
  readonly text: string | null
  /** How long it takes, in milliseconds. */
  readonly ms: number
  /** Whether the server closes the connection after it. */
  readonly ends: boolean
}

/** The observations of a model server; `most` is the highest number of connections at the same time. */
export interface Witness {
  connections: number
  most: number
  dots: number
  accepted: number
  commands: number
  /** The recipients of transactions that came to DATA. */
  readonly dataFor: string[]
}

/** A recipient that was accepted, and what becomes of its mail. */
interface Taken {
  readonly recipient: string
  readonly as: 'relayed' | 'local' | 'leftover' | 'denied later'
}

/** How long a ban lasts: fail2ban's bantime. */
const BAN_ENDS_MS = 600_000

/** One model server, and all that it remembers of its visits. */
export class MailModel {
  readonly traits: Traits
  readonly witness: Witness = { connections: 0, most: 0, dots: 0, accepted: 0, commands: 0, dataFor: [] }
  /** The mail that reaches our mailbox, by form, with its time. */
  readonly mail = new Map<string, { readonly at: number; readonly seen: ReceivedMail }>()
  readonly now: () => number
  /** When each sender and recipient was first seen together. */
  readonly triplets = new Map<string, number>()
  refusals = 0
  open = 0

  /** @param now returns the time in milliseconds */
  constructor(traits: Traits, now: () => number) {
    this.traits = traits
    this.now = now
  }

  /** Takes a connection. */
  connect(): ModelSession {
    this.witness.connections += 1
    this.open += 1
    this.witness.most = Math.max(this.witness.most, this.open)
    const { connections } = this.traits
    const isTooMany =
      this.witness.connections > TOTAL[connections] || this.open > (AT_ONCE[connections] ?? Number.POSITIVE_INFINITY)
    return new ModelSession(this, this.witness.connections, isTooMany)
  }

  /** Passes time between two visits. Bans end after ten minutes, and limits of connections are counted in minutes. */
  rest(ms: number): void {
    if (ms >= BAN_ENDS_MS) this.refusals = 0
    this.witness.connections = 0
  }

  /** Whether the server has banned us. */
  get isBanning(): boolean {
    return this.refusals >= BAN_AFTER[this.traits.ban]
  }

  /** Accepts the message of a transaction, and decides what reaches our mailbox. */
  queue(sender: string, taken: readonly Taken[]): void {
    const { smarthost, leftover, locals, delivery } = this.traits
    const dialect = smarthost === 'none' ? 'Postfix' : smarthost
    const ms = DELIVERY[delivery]
    const returnsToUs = senderKind(sender, this.traits) === 'outside'
    for (const { recipient, as } of taken) {
      let fate: Fate | null = null
      if (as === 'relayed') fate = smarthost === 'none' ? 'delivers it' : 'tries to relay it, and reports'
      if (as === 'leftover' && leftover === 'takes it and sends a bounce') fate = 'reports its refusal'
      if (as === 'local' && locals === 'any, and bounces later') fate = 'reports an unknown user'
      if (fate === null || ms === null || (fate !== 'delivers it' && !returnsToUs)) continue
      const form = formIn(recipient)
      if (form) this.mail.set(form, { at: this.now() + ms, seen: seenOf(form, fate, dialect) })
    }
  }
}

/**
 * Returns the id of the form in a recipient. Every spelling contains it, because test addresses are named after forms.
 */
const formIn = (recipient: string): string | null =>
  /([a-z-]+)[@%]isp\.example(?!,)/.exec(recipient)?.[1] ?? /isp\.example!([a-z-]+)/.exec(recipient)?.[1] ?? null

/** One connection to a model server. */
export class ModelSession {
  tls = false
  readonly #model: MailModel
  readonly #isTooMany: boolean
  readonly #number: number
  #sender: string | null = null
  #taken: Taken[] = []
  #asked = 0
  #refused = 0
  #ended = false

  constructor(model: MailModel, number: number, isTooMany: boolean) {
    this.#model = model
    this.#number = number
    this.#isTooMany = isTooMany
  }

  /** Notes that the connection is closed. */
  end(): void {
    if (!this.#ended) this.#model.open -= 1
    this.#ended = true
  }

  /** Returns the greeting. */
  greeting(): Said {
    const { traits, isBanning } = this.#model
    if (this.#isTooMany) return this.#ends('421 4.7.0 Too many connections')
    if (isBanning && traits.banBy === 'silence') return SILENCE
    if (isBanning && traits.banBy === 'hanging up') return this.#ends(BANS['hanging up'].says)
    if (traits.reach === 'turns everybody away') return this.#ends('554 5.3.2 No SMTP service here')
    if (traits.screening === 'block list at the greeting') return this.#ends(LISTED)
    return this.#say(`220 ${this.#host} ESMTP`)
  }

  /** Returns the reply to a command. */
  command(line: string): Said {
    const { traits, witness, isBanning } = this.#model
    witness.commands += 1
    if (isBanning && traits.banBy === 'silence') return SILENCE
    if (isBanning && traits.banBy === 'hanging up') return this.#ends(BANS['hanging up'].says)
    const text = this.#replyTo(line)
    if (text === null) return SILENCE
    const isRefusal = text >= '4'
    if (isRefusal) {
      this.#refused += 1
      if (/^(?:MAIL|RCPT)/.test(line)) this.#model.refusals += 1
    }
    const most = traits.errors === 'any' ? Number.POSITIVE_INFINITY : Number(traits.errors)
    return this.#refused > most ? this.#ends('421 4.7.0 Too many errors') : this.#say(text, isRefusal)
  }

  /** Returns the reply to the final dot. A message without lines is a lone dot, which ends DATA. */
  message(isEmpty: boolean): Said {
    const { witness, traits } = this.#model
    const sender = this.#sender ?? ''
    const taken = this.#taken
    this.#reset()
    if (!isEmpty) witness.dots += 1
    if (taken.some(({ as }) => as === 'denied later')) return this.#say(this.#denial(taken), true)
    const isInner = traits.locals === 'any, and the inner server refuses at the dot'
    if (isInner && taken.some(({ as }) => as === 'local')) {
      return this.#say(filled(UNKNOWN_USERS[traits.unknownUser].says, taken[0]?.recipient), true)
    }
    const text = CONTENT[traits.content]
    if (text < '4' && !isEmpty) witness.accepted += 1
    if (traits.content === 'queued') this.#model.queue(sender, taken)
    return this.#say(text, text >= '4')
  }

  get #host(): string {
    return this.#isSecond && this.#model.traits.nodeNames === 'two names' ? SECOND_HOST : NAMES.host
  }

  /** Whether the connection is on the second node, which answers every second one. */
  get #isSecond(): boolean {
    return this.#model.traits.nodes !== 'one' && this.#number % 2 === 0
  }

  get #session(): { readonly tls: boolean; readonly isClosedNode: boolean } {
    const { nodes } = this.#model.traits
    const closed = nodes === 'two, the second is closed' ? this.#isSecond : nodes !== 'one' && !this.#isSecond
    return { tls: this.tls, isClosedNode: closed }
  }

  #replyTo(line: string): string | null {
    const { reset } = this.#model.traits
    if (line.startsWith('EHLO')) {
      if (!reset.endsWith('EHLO too')) this.#reset()
      return this.#hello()
    }
    if (line.startsWith('HELO')) return `250 ${this.#host}`
    if (line === 'QUIT') return '221 2.0.0 Bye'
    if (line === 'STARTTLS') return this.#model.traits.tls.includes('broken') ? '454 4.7.0 TLS not available' : '220 Go'
    if (line === 'RSET') return this.#replyToReset()
    const sender = /^MAIL FROM:<(.*)>$/.exec(line)?.[1]
    if (sender !== undefined) return this.#replyToMail(sender)
    const recipient = /^RCPT TO:<?(.*?)>?$/.exec(line)?.[1]
    if (recipient !== undefined) return this.#replyToRcpt(recipient)
    return line === 'DATA' ? this.#replyToData() : '500 5.5.2 What?'
  }

  #hello(): string {
    const { pipelining, tls } = this.#model.traits
    const extensions = [
      ...(pipelining === 'not offered' ? [] : ['PIPELINING']),
      ...(tls === 'none' || this.tls ? [] : ['STARTTLS']),
      'ENHANCEDSTATUSCODES',
    ]
    return [this.#host, ...extensions].map((name) => `250 ${name}`).join('\n')
  }

  #replyToReset(): string | null {
    const { reset } = this.#model.traits
    if (reset.startsWith('silent')) return null
    if (reset.startsWith('unknown')) return '502 5.5.1 Command not implemented'
    if (reset === 'refused') return '550 5.7.1 No'
    if (reset === 'works') this.#reset()
    return '250 2.0.0 Ok'
  }

  #reset(): void {
    this.#sender = null
    this.#taken = []
    this.#asked = 0
  }

  #replyToMail(sender: string): string {
    const { traits } = this.#model
    if (this.#sender !== null) return '503 5.5.1 Error: nested MAIL command'
    if (traits.tls.startsWith('required') && !this.tls) return '530 5.7.0 Must issue a STARTTLS command first'
    if (traits.screening === 'block list at MAIL') return LISTED
    const refusal = trusts(sender, this.#session, traits) ? null : this.#refusalAtMail(sender)
    if (refusal !== null) return refusal
    this.#reset()
    this.#sender = sender
    return '250 2.1.0 Ok'
  }

  /** Returns how MAIL of an untrusted sender is refused; null if it is accepted. */
  #refusalAtMail(sender: string): string | null {
    const { traits } = this.#model
    const kind = senderKind(sender, traits)
    if (kind === 'null' && traits.nullSender === 'refused at MAIL') return '550 5.7.1 Null sender refused'
    if (kind === 'existing' || kind === 'invented') {
      if (traits.ownSenders === 'SPF at MAIL') return '550 5.7.23 SPF validation failed'
      if (traits.ownSenders === 'login at MAIL') return LOGIN_FIRST
      if (traits.ownSenders === 'unknown ones are refused at MAIL' && kind === 'invented') {
        return '550 5.1.0 Sender unknown here'
      }
    }
    // This server knows the sender, and says so: Postfix reject_sender_login_mismatch.
    if (kind === 'existing' && traits.relays === 'senders without a login') return LOGIN_FIRST
    return traits.deniesAt === 'MAIL' ? filled(DENIALS[traits.denial].says, sender) : null
  }

  #replyToRcpt(recipient: string): string {
    const { traits } = this.#model
    if (this.#sender === null) return '503 5.5.1 Error: need MAIL command'
    this.#asked += 1
    if (traits.recipients !== 'any' && this.#asked > Number(traits.recipients)) return '452 4.5.3 Too many recipients'
    const isUnknown = this.#isUnknown(recipient)
    if (isUnknown && traits.banSpares === 'unknown users') return this.#unknownUser(recipient)
    if (this.#model.isBanning && !this.#isSpared(recipient)) return filled(BANS[traits.banBy].says, recipient)
    if (traits.screening === 'block list at RCPT') return LISTED
    const callout = this.#callout()
    if (callout !== null) return callout
    const isFirst = traits.greylists === 'before the relay check'
    const greylisted = isFirst ? this.#greylist(recipient) : null
    if (greylisted !== null) return greylisted
    const decided = this.#decide(recipient)
    if (typeof decided === 'string') return decided
    const later = isFirst ? null : this.#greylist(recipient)
    if (later !== null) return later
    this.#taken.push(decided)
    return '250 2.1.5 Ok'
  }

  /** Whether a ban spares a recipient. */
  #isSpared(recipient: string): boolean {
    const { banSpares } = this.#model.traits
    const isPostmaster = recipient === `postmaster@${NAMES.domain}`
    if (banSpares === 'postmaster') return isPostmaster
    if (banSpares === 'roles') return isPostmaster || recipient === `info@${NAMES.domain}`
    return banSpares === 'local recipients' && /^[\w-]+@example\.com$/.test(recipient)
  }

  /** Returns the reply of a check of our own sender; null if it passes. */
  #callout(): string | null {
    const { traits } = this.#model
    if (senderKind(this.#sender ?? '', traits) !== 'outside') return null
    if (traits.screening === 'callout that fails') return '550 Sender verify failed'
    if (traits.screening !== 'callout that is put off') return null
    return '450 4.1.7 Sender address rejected: unverified address: verification in progress'
  }

  #greylist(recipient: string): string | null {
    const { traits, triplets, now } = this.#model
    if (traits.greylisting === 'none') return null
    const [text, ms] = GREYLISTED[traits.greylisting]
    const key = `${this.#sender} ${recipient}`
    const since = triplets.get(key) ?? now()
    triplets.set(key, since)
    return now() - since < ms ? text : null
  }

  /** Decides about a recipient that no ban or check of our address stops: how it is taken, or the refusal. */
  #decide(recipient: string): Taken | string {
    const { traits } = this.#model
    const sender = this.#sender ?? ''
    const asked = { sender, recipient, ...this.#session }
    if (relays(asked, traits)) return { recipient, as: 'relayed' }
    if (isUser(recipient, traits)) return { recipient, as: 'local' }
    if (hasLocalReading(recipient)) {
      if (takesAsLocal(recipient, traits)) return { recipient, as: 'local' }
      if (this.#isUnknown(recipient) || traits.ambiguous === 'as an unknown user') return this.#unknownUser(recipient)
      if (traits.ambiguous !== 'as it denies relaying') return AMBIGUOUS[traits.ambiguous]
    }
    if (traits.leftover !== 'refuses it') return { recipient, as: 'leftover' }
    const kind = senderKind(sender, traits)
    const needsLogin = traits.relays === 'senders without a login' || traits.ownSenders === 'login at RCPT'
    if (kind === 'existing' && needsLogin) return LOGIN_FIRST
    if (kind === 'invented' && traits.ownSenders === 'login at RCPT') return LOGIN_FIRST
    if (traits.deniesAt === 'DATA' || traits.deniesAt === 'dot') return { recipient, as: 'denied later' }
    return filled(DENIALS[traits.denial].says, recipient)
  }

  /** Whether a recipient is a plain local part that nobody has. */
  #isUnknown(recipient: string): boolean {
    const { traits } = this.#model
    return /^[\w-]+@example\.com$/.test(recipient) && !isUser(recipient, traits) && !takesAsLocal(recipient, traits)
  }

  #unknownUser(recipient: string): string {
    return filled(UNKNOWN_USERS[this.#model.traits.unknownUser].says, recipient)
  }

  #replyToData(): string {
    const { traits, witness } = this.#model
    if (this.#taken.length === 0) return '503 5.5.1 Error: need RCPT command'
    const isDenied = traits.deniesAt === 'DATA' && this.#taken.some(({ as }) => as === 'denied later')
    if (isDenied) return this.#denial(this.#taken)
    witness.dataFor.push(...this.#taken.map(({ recipient }) => recipient))
    return '354 Go ahead'
  }

  #denial([first]: readonly Taken[]): string {
    return filled(DENIALS[this.#model.traits.denial].says, first?.recipient)
  }

  #say(text: string, isRefusal = false): Said {
    const { tarpit } = this.#model.traits
    if (tarpit === 'growing')
      return { text, ms: isRefusal ? 5_000 * 2 ** Math.min(this.#refused - 1, 6) : 1, ends: false }
    const ms = tarpit === '1 second' ? 1_000 : tarpit === '3 seconds' ? 3_000 : 1
    return { text, ms, ends: false }
  }

  #ends(text: string): Said {
    return { text, ms: 1, ends: true }
  }
}

const SILENCE: Said = { text: null, ms: Number.POSITIVE_INFINITY, ends: false }

const filled = (text: string, to = ''): string => text.replaceAll('{to}', to)
