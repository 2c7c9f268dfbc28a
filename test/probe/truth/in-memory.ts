/** Puts a model server behind the interface of a real one, without sockets and timers: its clock jumps. */
import type { Connected, Dialogue, Server } from '../../../src/probe/server.ts'
import type { ReceivedMail } from '../../../src/relay/attempt.ts'
import type { Form } from '../../../src/relay/forms.ts'
import type { AwaitedReply, Waiting } from '../../../src/smtp/connection.ts'
import { MailModel, type ModelSession, type Said } from './mail-model.ts'
import { replyOf } from './replies.ts'
import type { Traits } from './traits.ts'

/** How long a visit may take, in milliseconds. */
const DEADLINE = 50_000
/** The usual time to wait for a connection. */
const CONNECT_MS = 10_000

const UNANSWERED: AwaitedReply = { reply: null, at: [], ms: 0 }

/** The time of a model server. It jumps to the next moment for which somebody waits. */
class Clock {
  now = 0
  #sleepers: { readonly at: number; readonly wake: () => void }[] = []

  /** Waits, beside others who wait. Short waits pass at once, because most replies take one millisecond. */
  sleep(ms: number): Promise<void> | null {
    if (ms <= SHORT_MS) {
      this.now += ms
      return null
    }
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.now + ms, wake })
      if (this.#sleepers.length === 1) this.#wakeNext()
    })
  }

  #wakeNext(): void {
    // By then, everybody who can go on at this moment has done so, and waits again.
    setImmediate(() => {
      this.#sleepers.sort((a, b) => a.at - b.at)
      const next = this.#sleepers.shift()
      this.now = Math.max(this.now, next?.at ?? 0)
      next?.wake()
      if (this.#sleepers.length > 0) this.#wakeNext()
    })
  }
}

const SHORT_MS = 1

/** A model server in memory, and what it saw. */
export interface InMemory {
  readonly server: Server
  readonly model: MailModel
  /** Lets time pass, so that another visit can begin. */
  later(ms: number): void
}

/**
 * Returns a server in memory.
 *
 * @param log receives each line of the dialogue
 */
export function inMemory(traits: Traits, log: ((line: string) => void) | null = null): InMemory {
  const clock = new Clock()
  const stop = new AbortController()
  const model = new MailModel(traits, () => clock.now)
  let deadline = DEADLINE
  let replies = 0
  let isFirstMail = true
  const at = () => replies++
  const server: Server = {
    get deadline() {
      return deadline
    },
    stop: stop.signal,
    tlsFirst: false,
    now: () => clock.now,
    pause: async (ms) => {
      await clock.sleep(ms)
    },
    connect: async (_number, tlsFirst) => {
      if (tlsFirst) return { failure: 'tls-failed' }
      const { reach, banBy } = traits
      if (clock.now >= deadline) return { failure: 'deadline' }
      const isSilent = reach === 'silent' || (banBy === 'silence' && model.isBanning)
      if (isSilent) {
        const left = deadline - clock.now
        await clock.sleep(Math.min(CONNECT_MS, left))
        return { failure: left < CONNECT_MS ? 'deadline' : 'connect-timeout' }
      }
      if (reach === 'refuses connections') return { failure: 'connection-refused' }
      if (reach === 'unreachable') return { failure: 'unreachable' }
      const connection = new InMemoryDialogue(model, clock, deadline, at, () => stop.abort(), log)
      return { connection, localAddress: null, ehlo: 'relaytest.isp.example', tls: null } satisfies Connected
    },
    arrival: async (form: Form, ms: number): Promise<ReceivedMail | null> => {
      const until = clock.now + ms
      const mail = model.mail.get(form.id)
      const isLost = traits.mailbox === 'refuses' || (traits.mailbox === 'restarts' && isFirstMail)
      if (mail) isFirstMail = false
      const arrives = mail !== undefined && !isLost && mail.at <= until
      await clock.sleep((arrives ? Math.max(clock.now, mail.at) : until) - clock.now)
      return arrives ? mail.seen : null
    },
    troubled: async () => traits.mailbox !== 'works',
  }
  const later = (ms: number) => {
    clock.now += ms
    deadline = clock.now + DEADLINE
    model.rest(ms)
  }
  return { server, model, later }
}

/** After this many commands, the caller of some tests stops them. */
const COMMANDS_UNTIL_STOP = 6

/** One connection in memory. */
class InMemoryDialogue implements Dialogue {
  fault: Dialogue['fault'] = null
  outOfStep = false
  spoke: Dialogue['spoke'] = 'nothing'
  readonly #model: MailModel
  readonly #session: ModelSession
  readonly #clock: Clock
  readonly #deadline: number
  readonly #at: () => number
  readonly #stop: () => void
  readonly #log: ((line: string) => void) | null
  #slowest = 0

  constructor(
    model: MailModel,
    clock: Clock,
    deadline: number,
    at: () => number,
    stop: () => void,
    log: ((line: string) => void) | null,
  ) {
    this.#model = model
    this.#session = model.connect()
    this.#clock = clock
    this.#deadline = deadline
    this.#at = at
    this.#stop = stop
    this.#log = log
  }

  async greeting(timeoutMs: number): Promise<AwaitedReply> {
    const { reach } = this.#model.traits
    if (reach === 'hangs up at once') {
      this.#fail('dropped')
      return UNANSWERED
    }
    if (reach === 'no mail server') {
      this.#fail('protocol-error')
      return UNANSWERED
    }
    this.spoke = 'text'
    return this.#hear(this.#session.greeting(), timeoutMs)
  }

  async command(line: string, waiting: Waiting = {}): Promise<AwaitedReply> {
    const [answer = UNANSWERED] = await this.group([line], waiting)
    return answer
  }

  async group(lines: readonly string[], { abandon, patience }: Waiting = {}): Promise<AwaitedReply[]> {
    const { pipelining, stop } = this.#model.traits
    const answers: AwaitedReply[] = []
    const isBroken = lines.length > 1 && !['works', 'not offered'].includes(pipelining)
    for (const line of lines) {
      if (this.fault !== null) {
        answers.push(UNANSWERED)
        continue
      }
      const isLost = isBroken && (pipelining !== 'only the first' || answers.length > 0)
      if (isLost && pipelining === 'hangs up') this.#fail('dropped')
      this.#log?.(`C: ${line}`)
      const said: Said = isLost
        ? { text: null, ms: Number.POSITIVE_INFINITY, ends: false }
        : this.#session.command(line)
      if (stop === 'after 6 commands' && this.#model.witness.commands >= COMMANDS_UNTIL_STOP) this.#stop()
      const answer = await this.#hear(said, patience?.(this.#slowest), lines.length > 1)
      answers.push(answer)
      if (answer.reply && this.fault === null && answers.length < lines.length && abandon?.(answer))
        this.fault = 'slowing'
    }
    return answers
  }

  async farewell(lines: readonly string[], waiting: Waiting = {}): Promise<AwaitedReply[]> {
    const answers = await this.group(lines, waiting)
    await this.quit()
    return answers
  }

  async message(lines: readonly string[]): Promise<AwaitedReply> {
    if (this.fault !== null) return UNANSWERED
    this.#log?.(lines.length > 0 ? 'C: (the message) .' : 'C: .')
    return this.#hear(this.#session.message(lines.length === 0))
  }

  async quit(): Promise<void> {
    this.#fail('dropped')
  }

  async startTls() {
    const { reply } = await this.command('STARTTLS')
    if (reply?.code !== 220) return null
    this.#session.tls = true
    return { protocol: 'TLSv1.3', cipher: 'model', authorized: false, error: 'self-signed' }
  }

  desynchronised(): void {
    this.outOfStep = true
    this.fault = 'protocol-error'
    this.#session.end()
  }

  /** Waits for an answer, at most `patience` milliseconds, and never beyond the deadline. */
  async #hear({ text, ms, ends }: Said, patience = Number.POSITIVE_INFINITY, isGroup = false): Promise<AwaitedReply> {
    if (this.fault !== null) return UNANSWERED
    const left = Math.max(0, this.#deadline - this.#clock.now)
    const waited = Math.min(ms, patience, left)
    const sleep = this.#clock.sleep(waited)
    if (sleep !== null) await sleep
    // Another part of the test may have ended the connection meanwhile.
    if (this.fault !== null) return UNANSWERED
    if (text === null || waited < ms) {
      this.outOfStep ||= isGroup && patience < left
      this.#fail(patience < left ? 'protocol-error' : 'deadline')
      return UNANSWERED
    }
    this.#slowest = Math.max(this.#slowest, ms)
    this.#log?.(`S: ${text.replaceAll('\n', ' / ')}`)
    if (ends) this.#fail('dropped')
    return { reply: replyOf(text), at: [this.#at()], ms }
  }

  #fail(fault: NonNullable<Dialogue['fault']>): void {
    this.fault ??= fault
    this.#session.end()
  }
}
