/** One SMTP connection: sends commands, waits for the replies, and records both. */
import type { Socket } from 'node:net'
import { AwaitedReplies, type AwaitedReply, UNANSWERED } from './awaited-replies.ts'
import { type Reply, ReplyParser } from './reply.ts'
import { isOwnError } from './socket-errors.ts'
import { beginTls, factsOf, type TlsFacts } from './tls.ts'
import type { Transcript } from './transcript.ts'

export type { AwaitedReply } from './awaited-replies.ts'
export type { TlsFacts } from './tls.ts'

/**
 * Why a connection ended early. `deadline`, `slowing`, `interrupted` and `vantage-failed` (our own system broke the
 * connection) are ours: the server does not know of them.
 */
export type ConnectionFault =
  | 'dropped'
  | 'protocol-error'
  | 'deadline'
  | 'tls-failed'
  | 'slowing'
  | 'interrupted'
  | 'vantage-failed'

export interface ConnectionOptions {
  readonly socket: Socket
  /** Counts from 1. The transcript shows it. */
  readonly number: number
  readonly transcript: Transcript
  /** The time when we stop waiting, in `performance.now()` milliseconds. */
  readonly deadline: number
}

/** Called after each answer of a group. Returns true if the rest is not worth waiting for. */
export type IsEnough = (answer: AwaitedReply) => boolean

/** How to wait for answers. */
export interface Waiting {
  readonly abandon?: IsEnough
  /** Returns how long the next answer may take, given the slowest one so far, in milliseconds. Default: no limit. */
  readonly patience?: (slowestMs: number) => number
}

/** The kinds of bytes that a server has sent so far: nothing, TLS records where we expected text, or text. */
export type SentSoFar = 'nothing' | 'tls' | 'text'

/** How to wait for a greeting. */
export interface GreetingWait {
  /** After this is aborted, we wait two more seconds at most. */
  readonly unwanted?: AbortSignal
  /** Called if the server has sent nothing for `quietMs` milliseconds. */
  readonly quiet?: () => void
  readonly quietMs?: number
}

/** RFC 5321 section 4.5.3.1.4: a command line has at most 512 octets, CRLF included. */
const WIRE_LINE = /^[\x20-\x7e]{0,510}$/

/** The replies that end a session: 221 to QUIT (RFC 5321 section 4.1.1.10), and 421 at any time (section 3.8). */
const GOODBYE: ReadonlySet<number> = new Set([221, 421])

const QUIT_MS = 2_000

/**
 * Sends a command, or a pipelined group (RFC 2920), and waits for the replies. Never throws because of something that a
 * server does: after a fault, answers have no reply, and `fault` says why.
 */
export class SmtpConnection {
  readonly number: number
  #socket: Socket
  readonly #transcript: Transcript
  readonly #deadline: number
  #parser: ReplyParser
  readonly #awaited = new AwaitedReplies()
  #fault: ConnectionFault | null = null
  #outOfStep = false
  #waiting: Waiting = {}
  #patience: NodeJS.Timeout | undefined
  /** How long the slowest answer to a command took, in milliseconds. */
  #slowestMs = 0
  /** Whether we may send a command: not before the greeting, not inside a message, and not after QUIT. */
  #commandable = false
  #spoke: SentSoFar = 'nothing'
  /** Whether we said QUIT (`asked`), and whether the server answered it (`over`). We ignore everything after that. */
  #leaving: 'no' | 'asked' | 'over' = 'no'

  constructor({ socket, number, transcript, deadline }: ConnectionOptions) {
    this.number = number
    this.#socket = socket
    this.#transcript = transcript
    this.#deadline = deadline
    this.#parser = this.#newParser()
    this.#listen()
  }

  /** Why the connection can no longer be used, or null. */
  get fault(): ConnectionFault | null {
    return this.#fault
  }

  /**
   * Whether answers may belong to other commands: there was one too many, or one did not fit its command. If the reply
   * to the only awaited command cannot be read, this stays false, because the answers before it are certain.
   */
  get outOfStep(): boolean {
    return this.#outOfStep
  }

  /** The kind of bytes that the server has sent so far. */
  get spoke(): SentSoFar {
    return this.#spoke
  }

  /** Waits for the whole greeting, at most `timeoutMs`. */
  async greeting(
    timeoutMs: number,
    { unwanted = NEVER, quiet = () => {}, quietMs = timeoutMs }: GreetingWait = {},
  ): Promise<AwaitedReply> {
    const quietTimer = setTimeout(() => {
      if (this.#spoke === 'nothing' && this.#fault === null) quiet()
    }, quietMs)
    let timer: NodeJS.Timeout | undefined
    const giveUp = () => {
      timer = setTimeout(() => this.close(), QUIT_MS)
    }
    if (unwanted.aborted) giveUp()
    else unwanted.addEventListener('abort', giveUp, { once: true })
    const [answer] = await this.#expect([null], Math.min(performance.now() + timeoutMs, this.#deadline))
    unwanted.removeEventListener('abort', giveUp)
    clearTimeout(timer)
    clearTimeout(quietTimer)
    this.#commandable = answer?.reply != null
    return answer ?? UNANSWERED
  }

  /** Sends one command and waits for its reply. */
  async command(line: string, waiting: Waiting = {}): Promise<AwaitedReply> {
    const [answer] = await this.group([line], waiting)
    return answer ?? UNANSWERED
  }

  /** Sends several commands in one write and waits for all replies. Use it only if the server offers PIPELINING. */
  group(lines: readonly string[], waiting: Waiting = {}): Promise<AwaitedReply[]> {
    if (this.#fault) return Promise.resolve(lines.map(() => UNANSWERED))
    const commands = lines.map((line) => this.#record('client', line))
    this.#write(lines)
    return this.#expect(commands, this.#deadline, waiting)
  }

  /**
   * Sends STARTTLS and does the handshake (RFC 3207). Plain text after the reply is an injection, so it ends the
   * connection. Resolves with what was agreed, or with null if the server declined or the connection failed; then
   * `fault` is set.
   */
  async startTls(): Promise<TlsFacts | null> {
    const { reply } = await this.command('STARTTLS')
    if (reply?.code !== 220 || this.#fault !== null) return null
    if (this.#parser.pendingBytes > 0) {
      this.#fail('protocol-error', 'the server went on in plain text after its reply to STARTTLS')
      return null
    }
    return this.handshake(this.#deadline - performance.now())
  }

  /**
   * Does the TLS handshake now, within `timeoutMs`: after STARTTLS, or at a port where TLS begins with the first byte
   * (RFC 8314 section 3.3). Resolves with what was agreed, or with null after a failure; then `fault` is set.
   */
  async handshake(timeoutMs: number): Promise<TlsFacts | null> {
    const { secure, done } = beginTls(this.#socket, Math.min(timeoutMs, this.#deadline - performance.now()))
    this.#socket = secure
    this.#parser = this.#newParser()
    const failure = await done
    if (failure !== null) {
      this.#fail(failure.isOurs ? 'vantage-failed' : 'tls-failed', `no TLS: ${failure.what}`)
      return null
    }
    secure.removeAllListeners('error')
    this.#listen()
    const facts = factsOf(secure)
    this.#record('event', `TLS: ${facts.protocol}, ${facts.cipher}, certificate ${facts.error ?? 'good'}`)
    return facts
  }

  /**
   * Sends a message after a 354 reply, dot-stuffed, with the final dot. The answer is the reply to that dot. From now
   * on, no line and no answer shows the secrets, whatever the server repeats.
   */
  async message(lines: readonly string[], secrets: readonly string[] = []): Promise<AwaitedReply> {
    if (this.#fault) return UNANSWERED
    this.#transcript.withheld.add(secrets)
    const stuffed = lines.map((line) => (line.startsWith('.') ? `.${line}` : line))
    for (const line of stuffed) this.#record('client', line)
    const dot = this.#record('client', '.')
    this.#commandable = false
    this.#write([...stuffed, '.'])
    const [answer] = await this.#expect([dot])
    this.#commandable = answer?.reply != null
    return answer ?? UNANSWERED
  }

  /**
   * Sends a group that ends in QUIT (RFC 2920 section 3.1), and closes after the answers. A missing reply to QUIT costs
   * two seconds, but the other answers count.
   */
  async farewell(lines: readonly string[], waiting: Waiting = {}): Promise<AwaitedReply[]> {
    if (this.#fault) return lines.map(() => UNANSWERED)
    const commands = lines.map((line) => this.#record('client', line))
    const quit = this.#record('client', 'QUIT')
    this.#write([...lines, 'QUIT'])
    this.#commandable = false
    this.#leaving = 'asked'
    const answers = this.#expect(commands, this.#deadline, waiting)
    const goodbye = this.#awaited.add(quit)
    const answered = await answers
    await this.#seeOut(goodbye)
    return answered
  }

  /** Marks the session as out of step: a reply did not fit its command, so no reply of the session is reliable. */
  desynchronised(): void {
    if (this.#outOfStep) return
    this.#outOfStep = true
    this.#fault = null
    this.#fail('protocol-error', 'the answers do not fit the commands')
  }

  /**
   * Sends QUIT, waits up to two seconds for the reply, and closes. Also works after a reply that did not come in time.
   * Lasts at most two seconds beyond the deadline.
   */
  async quit(): Promise<void> {
    if (this.#commandable && !this.#socket.destroyed) {
      const command = this.#record('client', 'QUIT')
      this.#write(['QUIT'])
      this.#commandable = false
      this.#leaving = 'asked'
      await this.#seeOut(this.#fault === null ? this.#awaited.add(command) : Promise.resolve(UNANSWERED))
    }
    this.close()
  }

  /** Closes at once. */
  close(): void {
    this.#fault ??= 'dropped'
    this.#socket.destroy()
    // No event comes after a fault, so nothing else would resolve these answers.
    this.#awaited.release()
  }

  /** Closes at once, because the test was stopped. */
  cut(): void {
    this.#fail('interrupted', 'the test was stopped')
    this.close()
  }

  /**
   * Waits for the reply to QUIT, and closes. The reply can have another code than 221 if the server then closes. If the
   * server goes on, that reply belonged to another command.
   */
  async #seeOut(goodbye: Promise<AwaitedReply>): Promise<void> {
    const { reply } = await Promise.race([goodbye, this.#closed().then(() => UNANSWERED)])
    if (this.#fault !== null && !this.#socket.destroyed) await this.#closed(() => this.#socket.end())
    else if (reply && !GOODBYE.has(reply.code)) await this.#closed()
    this.close()
  }

  /** Resolves when the connection is closed, or after two seconds, counted from the deadline if that has passed. */
  #closed(begin = () => {}): Promise<void> {
    return new Promise((resolve) => {
      const until = Math.min(performance.now(), this.#deadline) + QUIT_MS
      const timer = setTimeout(resolve, Math.max(0, until - performance.now()))
      this.#socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      begin()
    })
  }

  /** Waits for the answers to commands, at most until a time. */
  async #expect(
    commands: readonly (number | null)[],
    until = this.#deadline,
    waiting: Waiting = {},
  ): Promise<AwaitedReply[]> {
    const answers = commands.map((command) => this.#awaited.add(command))
    this.#waiting = waiting
    this.#awaited.restartClock()
    if (this.#fault) this.#awaited.release()
    this.#restartPatience(commands.length > 1)
    const timer = setTimeout(() => this.#fail('deadline', 'no answer in time'), Math.max(0, until - performance.now()))
    const replies = await Promise.all(answers)
    clearTimeout(timer)
    clearTimeout(this.#patience)
    return replies
  }

  /** Begins to wait for the next answer. If it does not come, the session is over, but we can still say QUIT. */
  #restartPatience(isGroup: boolean): void {
    clearTimeout(this.#patience)
    if (this.#fault || this.#awaited.count === 0) return
    const ms = this.#waiting.patience?.(this.#slowestMs)
    if (ms === undefined) return
    this.#patience = setTimeout(() => {
      // One answer of a group is missing, and we cannot know which one.
      this.#outOfStep ||= isGroup
      this.#fail('protocol-error', `no answer for ${Math.round(ms / 1000)} seconds`, true)
    }, ms)
  }

  /** Returns a parser that takes the secrets out of what the server says, before anything else sees it. */
  #newParser(): ReplyParser {
    return new ReplyParser((line) => this.#transcript.withheld.maskNext(line))
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#fail('dropped', 'the server closed the connection'))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#fail(
        isOwnError(error) ? 'vantage-failed' : 'dropped',
        `the connection broke (${error.code ?? 'unknown error'})`,
      )
    })
    socket.on('close', () => this.#fail('dropped', 'the connection is closed'))
  }

  #read(chunk: Buffer): void {
    if (this.#spoke === 'nothing' && this.#fault === null) {
      this.#spoke = TLS_RECORDS.has(chunk[0] ?? 0) ? 'tls' : 'text'
      if (this.#spoke === 'tls') this.#fail('protocol-error', 'the server sent a TLS record instead of text')
    }
    if (this.#isDeaf()) return
    for (const event of this.#parser.read(chunk)) {
      if (event.kind === 'line') this.#awaited.addLine(this.#record('server', event.line, this.#awaited.command))
      else if (event.kind === 'fault') this.#unreadable(event.fault)
      else this.#replied(event.reply)
      // A stranger may have sent thousands of lines at once. After a fault, none of them is read.
      if (this.#isDeaf()) return
    }
  }

  /** Whether we ignore everything that the server sends from now on. */
  #isDeaf(): boolean {
    return this.#fault !== null || this.#leaving === 'over'
  }

  /** Handles bytes that are no reply. Some servers answer QUIT with them. */
  #unreadable(fault: string): void {
    const { count } = this.#awaited
    if (this.#leaving === 'asked' && count <= 1) {
      this.#fail('dropped', 'the server answered QUIT with something that is not a reply')
      return
    }
    this.#outOfStep ||= count !== 1
    this.#fail('protocol-error', fault)
  }

  #replied(reply: Reply): void {
    const answer = this.#awaited.answer(reply)
    if (answer) {
      const { count } = this.#awaited
      if (this.#leaving === 'asked' && count === 0 && GOODBYE.has(reply.code)) this.#leaving = 'over'
      // Before the first command, the answer is the greeting. Its time says nothing about commands.
      if (this.#commandable || this.#leaving !== 'no') this.#slowestMs = Math.max(this.#slowestMs, answer.ms)
      // What we send now is the text of a message.
      if (reply.code === 354) this.#commandable = false
      this.#restartPatience(true)
      if (count > 0 && this.#waiting.abandon?.(answer))
        this.#fail('slowing', 'we stop asking: each refusal takes longer than the one before')
    } else if (reply.code === 421) {
      // RFC 5321 section 3.8: a server that shuts down may say so without being asked.
      this.#fail('dropped', 'the server ended the session')
    } else {
      this.#outOfStep = true
      this.#fail('protocol-error', 'the server answered before it was asked')
    }
  }

  /** The only place where bytes leave. Sends only printable ASCII, in lines that RFC 5321 allows. */
  #write(lines: readonly string[]): void {
    for (const line of lines) {
      if (!WIRE_LINE.test(line)) throw new Error('a line was not sent: it is too long or not printable ASCII')
    }
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
  }

  #record(from: 'client' | 'server' | 'event', line: string, answers: number | null = null): number | null {
    return this.#transcript.add(from, this.number, line, answers)
  }

  /** @param mayLeave whether the socket stays open, so that quit() can send QUIT */
  #fail(fault: ConnectionFault, event: string, mayLeave = keepsSocket(fault)): void {
    if (this.#fault) return
    this.#fault = fault
    this.#record('event', event)
    if (!mayLeave) this.#socket.destroy()
    this.#awaited.release()
  }
}

/** The first bytes of the TLS records that a server begins with: an alert, a handshake (RFC 8446 section 5.1). */
const TLS_RECORDS: ReadonlySet<number> = new Set([0x15, 0x16])

/** Whether the socket stays open after a fault, so that quit() can send QUIT: we only stopped waiting. */
const keepsSocket = (fault: ConnectionFault): boolean => fault === 'deadline' || fault === 'slowing'

const NEVER = new AbortController().signal
