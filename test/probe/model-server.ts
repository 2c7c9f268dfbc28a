/**
 * A mail server in memory, with the same interface as a real one but without sockets and timers. Its traits are chosen
 * before the test, so that the right verdict is known.
 */
import type { Connected, Dialogue, Server } from '../../src/probe/server.ts'
import type { ReceivedMail } from '../../src/relay/attempt.ts'
import type { Form } from '../../src/relay/forms.ts'
import type { AwaitedReply, GreetingWait, TlsFacts, Waiting } from '../../src/smtp/connection.ts'

/** How a model server behaves. */
export interface Traits {
  readonly extensions: readonly string[]
  /** The replies to MAIL and RCPT. A code below 400 accepts. */
  mail(sender: string): string
  rcpt(sender: string, recipient: string): string
  /** The reply to the final dot. */
  readonly dot: string
  /** How long an accepted message takes to reach our mailbox, in milliseconds; null if it never arrives. */
  readonly deliveryMs: number | null
  /** How many connections it greets. It turns later ones away. */
  readonly connections: number
  /** How many connections it accepts at the same time. */
  readonly atOnce: number
  /** How many refusals a connection can have. The next one is a 421, and closes it. */
  readonly refusals: number
  /** How many recipients a transaction can have. Further ones get 452. */
  readonly recipients: number
  /** Whether MAIL needs STARTTLS first. */
  readonly needsTls: boolean
  /** The time from which it accepts recipients, in milliseconds. Before that, it answers each with `deferral`. */
  readonly acceptsAtMs: number
  readonly deferral: string
  /** The time from which it greets, in milliseconds. Before that, it has too many connections. */
  readonly greetsAtMs: number
  /** Whether TLS begins with the first byte. Without it, the server says nothing. */
  readonly tlsFirst: boolean
  /** How it treats a group of commands, whether it offers PIPELINING or not. */
  readonly groups: 'answered' | 'held back' | 'only the first' | 'hangs up'
  /** The reply to RSET; null for none. A code below 400 ends the transaction, unless `nested`. */
  readonly rset: string | null
  /** Whether a second EHLO ends the transaction. */
  readonly ehloResets: boolean
  /** Whether RSET ends nothing, so that another MAIL is refused. */
  readonly nested: boolean
}

/** The observations of a model server; `most` is the highest number of connections at the same time. */
export interface Witness {
  connections: number
  /** When each connection was opened, in milliseconds. */
  readonly openedAt: number[]
  most: number
  dots: number
  accepted: number
  readonly commands: string[]
  /** How many replies it has given: the place of each in the transcript. */
  replies: number
  /** The recipients of transactions that came to DATA. */
  readonly dataFor: string[]
}

const UNANSWERED: AwaitedReply = { reply: null, at: [], ms: 0 }

/** Returns a model server, and what it saw. */
export function modelServer(traits: Traits, deadline = 50_000): { readonly server: Server; readonly witness: Witness } {
  const witness: Witness = {
    ...{ connections: 0, openedAt: [], most: 0, dots: 0, accepted: 0 },
    ...{ commands: [], replies: 0, dataFor: [] },
  }
  const clock = { now: 0 }
  const open = new Set<Model>()
  const delivered = new Set<string>()
  const server: Server = {
    deadline,
    stop: new AbortController().signal,
    tlsFirst: false,
    now: () => clock.now,
    pause: async (ms) => {
      clock.now += ms
    },
    connect: async (_number, tlsFirst): Promise<Connected | { readonly failure: 'tls-failed' }> => {
      witness.connections += 1
      witness.openedAt.push(clock.now)
      const connection = new Model(traits, clock, witness, delivered, open)
      if (tlsFirst && !traits.tlsFirst) return { failure: 'tls-failed' }
      connection.isMute = traits.tlsFirst && !tlsFirst
      open.add(connection)
      witness.most = Math.max(witness.most, open.size)
      return { connection, localAddress: null, ehlo: 'relaytest.isp.example', tls: tlsFirst ? TLS : null }
    },
    arrival: async (form: Form, ms: number): Promise<ReceivedMail | null> => {
      const arrives = delivered.has(form.id) && traits.deliveryMs !== null && traits.deliveryMs <= ms
      clock.now += arrives ? (traits.deliveryMs ?? 0) : ms
      return arrives ? SEEN : null
    },
    troubled: async () => false,
  }
  return { server, witness }
}

const TLS: TlsFacts = { protocol: 'TLSv1.3', cipher: 'model', authorized: false, error: 'self-signed' }

const SEEN: ReceivedMail = {
  kind: 'message',
  peer: '203.0.113.25',
  helo: 'mail.example.com',
  received: 'from relaytest.isp.example (198.51.100.7)',
  receivedAt: '2026-11-28T12:00:00.000Z',
  report: null,
}

/** One connection of a model server. */
class Model implements Dialogue {
  fault: Dialogue['fault'] = null
  spoke: Dialogue['spoke'] = 'nothing'
  /** Whether it waits for TLS, and says nothing before that. */
  isMute = false
  outOfStep = false
  readonly #traits: Traits
  readonly #clock: { now: number }
  readonly #witness: Witness
  readonly #delivered: Set<string>
  readonly #open: Set<Model>
  readonly #turnedAway: boolean
  #tls = false
  #sender: string | null = null
  #recipients: string[] = []
  #asked = 0
  #refused = 0

  constructor(traits: Traits, clock: { now: number }, witness: Witness, delivered: Set<string>, open: Set<Model>) {
    this.#traits = traits
    this.#clock = clock
    this.#witness = witness
    this.#delivered = delivered
    this.#open = open
    this.#turnedAway =
      witness.connections > traits.connections || open.size >= traits.atOnce || clock.now < traits.greetsAtMs
  }

  async greeting(_timeoutMs: number, { quiet, quietMs = 0, unwanted }: GreetingWait = {}): Promise<AwaitedReply> {
    if (this.isMute) {
      this.#clock.now += quietMs
      quiet?.()
      if (unwanted?.aborted === false) await new Promise((resolve) => unwanted.addEventListener('abort', resolve))
      return this.#end('')
    }
    this.spoke = 'text'
    return this.#turnedAway ? this.#end('421 too many connections') : this.#answer('220 mail.example.com ESMTP')
  }

  async command(line: string, waiting: Waiting = {}): Promise<AwaitedReply> {
    const [answer = UNANSWERED] = await this.group([line], waiting)
    return answer
  }

  async group(lines: readonly string[], { abandon, patience }: Waiting = {}): Promise<AwaitedReply[]> {
    const { groups, rset } = this.#traits
    const answers: AwaitedReply[] = []
    for (const line of lines) {
      const isLost = lines.length > 1 && groups !== 'answered' && (groups !== 'only the first' || answers.length > 0)
      const isSilent = isLost || (line === 'RSET' && rset === null && this.fault === null)
      answers.push(isSilent ? UNANSWERED : this.#say(line))
      if (isSilent && this.fault === null) this.#silence(lines.length > 1, groups, patience)
      const last = answers.at(-1)
      if (last?.reply && abandon?.(last)) this.fault = 'slowing'
    }
    return answers
  }

  /** Says no more. The client waits as long as it wants to, and hears why the connection is of no use. */
  #silence(isGroup: boolean, groups: Traits['groups'], patience: Waiting['patience']): void {
    if (isGroup && groups === 'hangs up') this.fault = 'dropped'
    else {
      this.#clock.now += patience?.(0) ?? Number.POSITIVE_INFINITY
      this.fault = patience ? 'protocol-error' : 'deadline'
      this.outOfStep ||= isGroup
    }
  }

  async farewell(lines: readonly string[], waiting: Waiting = {}): Promise<AwaitedReply[]> {
    const answers = await this.group(lines, waiting)
    await this.quit()
    return answers
  }

  async message(lines: readonly string[]): Promise<AwaitedReply> {
    if (this.fault !== null) return UNANSWERED
    const { dot } = this.#traits
    if (lines.length > 0) this.#witness.dots += 1
    if (lines.length > 0 && dot.startsWith('2')) this.#witness.accepted += 1
    if (dot.startsWith('2')) for (const recipient of this.#recipients) this.#delivered.add(formIn(recipient))
    this.#sender = null
    return this.#answer(dot)
  }

  async quit(): Promise<void> {
    this.fault ??= 'dropped'
    this.#open.delete(this)
  }

  async startTls() {
    this.#tls = true
    return TLS
  }

  desynchronised(): void {
    this.outOfStep = true
    this.fault = 'protocol-error'
  }

  #say(line: string): AwaitedReply {
    if (this.fault !== null) return UNANSWERED
    this.#witness.commands.push(line)
    const said = this.#replyTo(line)
    const isRefusal = said >= '4'
    if (isRefusal) this.#refused += 1
    return this.#refused > this.#traits.refusals ? this.#end('421 too many errors') : this.#answer(said)
  }

  #replyTo(line: string): string {
    const { extensions, needsTls, acceptsAtMs, deferral, recipients, rset, nested, ehloResets } = this.#traits
    if (line.startsWith('EHLO') && ehloResets) this.#sender = null
    if (line.startsWith('EHLO')) return ['250-mail.example.com', ...extensions.map((name) => `250-${name}`)].join('\n')
    if (line === 'RSET') {
      const said = rset ?? ''
      if (said < '4' && !nested) this.#sender = null
      return said
    }
    const sender = /^MAIL FROM:<(.*)>$/.exec(line)?.[1]
    if (sender !== undefined) {
      const resets = rset !== null && rset < '4' && !nested
      if (this.#sender !== null && !resets) return '503 5.5.1 nested MAIL command'
      this.#sender = null
      this.#recipients = []
      this.#asked = 0
      if (needsTls && !this.#tls) return '530 5.7.0 Must issue a STARTTLS command first'
      const said = this.#traits.mail(sender)
      if (said < '4') this.#sender = sender
      return said
    }
    const recipient = /^RCPT TO:<?(.*?)>?$/.exec(line)?.[1]
    if (recipient !== undefined) {
      if (this.#sender === null) return '503 5.5.1 need MAIL command'
      this.#asked += 1
      if (this.#asked > recipients) return '452 4.5.3 Too many recipients'
      if (this.#clock.now < acceptsAtMs) return deferral
      const said = this.#traits.rcpt(this.#sender, recipient)
      if (said < '4') this.#recipients.push(recipient)
      return said
    }
    if (line !== 'DATA') return '500 what?'
    if (this.#recipients.length === 0) return '503 5.5.1 need RCPT command'
    this.#witness.dataFor.push(...this.#recipients)
    return '354 go ahead'
  }

  #answer(text: string): AwaitedReply {
    this.#witness.replies += 1
    return answerOf(text, this.#witness.replies)
  }

  #end(last: string): AwaitedReply {
    this.fault = 'dropped'
    this.#open.delete(this)
    return this.#answer(last)
  }
}

/**
 * Returns the id of the form in a recipient. Every spelling contains it, because test addresses are named after forms.
 */
const formIn = (recipient: string): string => /[a-z-]+(?=@isp\.example|%isp\.example)/.exec(recipient)?.[0] ?? recipient

function answerOf(text: string, at: number): AwaitedReply {
  const lines = text.split('\n').map((line) => line.slice(4))
  const enhanced = /^\d{3} (\d\.\d+\.\d+)/.exec(text)?.[1] ?? null
  return { reply: { code: Number(text.slice(0, 3)), enhanced, lines, words: lines.join(' ') }, at: [at], ms: 1 }
}
