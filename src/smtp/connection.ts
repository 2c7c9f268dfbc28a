import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket, type ConnectionOptions as TlsOptions } from 'node:tls'
import { printable } from './printable.ts'
import { type Reply, ReplyParser } from './reply.ts'
import type { Transcript } from './transcript.ts'

/** How a connection can end before its time. */
export type ConnectionFault = 'dropped' | 'protocol-error' | 'deadline' | 'tls-failed' | 'slowing'

/** A command and what came back: `reply` is null where the connection failed first. `at` are transcript indexes. */
export interface Answer {
  readonly reply: Reply | null
  readonly at: readonly number[]
  /** How long the server took, in milliseconds from the command or from the answer before it. */
  readonly ms: number
}

/**
 * What a TLS handshake came to. The certificate is reported, not required: who cannot prove its name is still tested.
 */
export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly authorized: boolean
  readonly error: string | null
}

export interface ConnectionOptions {
  readonly socket: Socket
  /** From 1, for the transcript. */
  readonly number: number
  readonly transcript: Transcript
  /** When the waiting ends, in `performance.now()` milliseconds. */
  readonly deadline: number
}

/** Asked after each answer of a group whether the rest is worth waiting for. */
export type Abandon = (answer: Answer) => boolean

interface Waiting {
  readonly command: number | null
  readonly at: number[]
  resolve(answer: Answer): void
}

/** RFC 5321 section 4.5.3.1.4 allows 512 octets a command line, CRLF included. */
const WIRE_LINE = /^[\x20-\x7e]{0,510}$/

/** OpenSSL's lowest demands: what is tested is relaying, and old servers are the ones that relay. */
const LENIENT: TlsOptions = { rejectUnauthorized: false, minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }

/** What ends a session: the answer to QUIT (RFC 5321 section 4.1.1.10), and the one to anything (section 3.8). */
const GOODBYE: ReadonlySet<number> = new Set([221, 421])

const QUIT_MS = 2_000

/**
 * One SMTP connection. It sends a command, or a pipelined group (RFC 2920), waits for the replies and records both.
 * It never throws for what a server does: after a fault every answer has no reply, and `fault` says why.
 */
export class SmtpConnection {
  readonly number: number
  #socket: Socket
  readonly #transcript: Transcript
  readonly #deadline: number
  #parser = new ReplyParser()
  readonly #waiting: Waiting[] = []
  #fault: ConnectionFault | null = null
  #outOfStep = false
  #abandon: Abandon = () => false
  #askedAt = 0
  /** Whether a command may be sent: not before the greeting, not within a message, not after QUIT. */
  #commandable = false
  /** Whether QUIT has been said, and whether it was answered by a goodbye: what comes after that means nothing. */
  #leaving: 'no' | 'asked' | 'over' = 'no'

  constructor({ socket, number, transcript, deadline }: ConnectionOptions) {
    this.number = number
    this.#socket = socket
    this.#transcript = transcript
    this.#deadline = deadline
    this.#listen()
  }

  /** Why the connection is of no use any more, or null. */
  get fault(): ConnectionFault | null {
    return this.#fault
  }

  /**
   * Whether answers may belong to other commands than they seem to: there was one too many, or one that does not fit.
   * What cannot be read in place of the one answer that is awaited leaves those before it as they are.
   */
  get outOfStep(): boolean {
    return this.#outOfStep
  }

  /**
   * Waits for the whole greeting, at most `timeoutMs`, and no longer than a goodbye would take once nobody wants it.
   */
  async greeting(timeoutMs: number, unwanted = NEVER): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined
    const giveUp = () => {
      timer = setTimeout(() => this.close(), QUIT_MS)
    }
    if (unwanted.aborted) giveUp()
    else unwanted.addEventListener('abort', giveUp, { once: true })
    const [answer] = await this.#expect([null], Math.min(performance.now() + timeoutMs, this.#deadline))
    unwanted.removeEventListener('abort', giveUp)
    clearTimeout(timer)
    this.#commandable = answer?.reply != null
    return answer ?? UNANSWERED
  }

  /** Sends one command and waits for its reply. */
  async command(line: string): Promise<Answer> {
    const [answer] = await this.group([line])
    return answer ?? UNANSWERED
  }

  /** Sends several commands in one write and waits for all replies: only where PIPELINING was offered. */
  group(lines: readonly string[], abandon: Abandon = () => false): Promise<Answer[]> {
    if (this.#fault) return Promise.resolve(lines.map(() => UNANSWERED))
    const commands = lines.map((line) => this.#record('client', line))
    this.#write(lines)
    return this.#expect(commands, this.#deadline, abandon)
  }

  /**
   * Says STARTTLS and shakes hands (RFC 3207): old protocols and ciphers are allowed, certificates not required. What a
   * server says in plain text after its reply is an injection: the connection ends there. Resolves with what was
   * agreed, or null where the connection failed or the server declined; `fault` tells which.
   */
  async startTls(): Promise<TlsFacts | null> {
    const { reply } = await this.command('STARTTLS')
    if (reply?.code !== 220 || this.#fault !== null) return null
    if (this.#parser.pendingBytes > 0) {
      this.#fail('protocol-error', 'the server went on in plain text after its reply to STARTTLS')
      return null
    }
    const plain = this.#socket
    plain.removeAllListeners()
    plain.on('error', () => {})
    const secure = connectTls({ socket: plain, ...LENIENT })
    this.#socket = secure
    this.#parser = new ReplyParser()
    const failure = await this.#handshake(secure)
    if (failure !== null) {
      this.#fail('tls-failed', `no TLS: ${failure}`)
      return null
    }
    secure.removeAllListeners('error')
    this.#listen()
    const facts = {
      protocol: secure.getProtocol() ?? 'unknown',
      cipher: secure.getCipher().name,
      authorized: secure.authorized,
      error: secure.authorized ? null : printable(String(secure.authorizationError ?? 'unknown')),
    }
    this.#record('event', `TLS: ${facts.protocol}, ${facts.cipher}, certificate ${facts.error ?? 'good'}`)
    return facts
  }

  /** Resolves with null when the handshake is done, else with what went wrong. */
  #handshake(secure: TLSSocket): Promise<string | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('no answer in time'), Math.max(0, this.#deadline - performance.now()))
      const end = (failure: string | null) => {
        clearTimeout(timer)
        resolve(failure)
      }
      secure.once('secureConnect', () => end(null))
      secure.on('error', (error) => end(errno(error)))
      secure.once('close', () => end('the server closed the connection'))
    })
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#fail('dropped', 'the server closed the connection'))
    socket.on('error', (error) => this.#fail('dropped', `the connection broke (${errno(error)})`))
    socket.on('close', () => this.#fail('dropped', 'the connection is closed'))
  }

  /** Sends a message after a 354, dot-stuffed, with the final dot; the answer is the reply to that dot. The transcript
   * shows it without the secret. */
  async message(lines: readonly string[], secret: string | null = null): Promise<Answer> {
    if (this.#fault) return UNANSWERED
    const stuffed = lines.map((line) => (line.startsWith('.') ? `.${line}` : line))
    for (const line of stuffed) this.#record('client', secret === null ? line : line.replaceAll(secret, '[withheld]'))
    const dot = this.#record('client', '.')
    this.#commandable = false
    this.#write([...stuffed, '.'])
    const [answer] = await this.#expect([dot])
    this.#commandable = answer?.reply != null
    return answer ?? UNANSWERED
  }

  /**
   * Sends a group with QUIT as its last command (RFC 2920 section 3.1), and closes when all is answered: a goodbye that
   * does not come costs two seconds and no answer.
   */
  async farewell(lines: readonly string[], abandon?: Abandon): Promise<Answer[]> {
    if (this.#fault) return lines.map(() => UNANSWERED)
    const commands = lines.map((line) => this.#record('client', line))
    const quit = this.#record('client', 'QUIT')
    this.#write([...lines, 'QUIT'])
    this.#commandable = false
    this.#leaving = 'asked'
    const answers = this.#expect(commands, this.#deadline, abandon)
    const goodbye = this.#queue(quit)
    const answered = await answers
    await this.#seeOut(goodbye)
    return answered
  }

  /** The server answered something else than it was asked: nothing it said here can be relied on, however it ended. */
  desynchronised(): void {
    if (this.#outOfStep) return
    this.#outOfStep = true
    this.#fault = null
    this.#fail('protocol-error', 'the answers do not fit the commands')
  }

  /**
   * Says QUIT, also after waiting in vain for another reply, gives the server two seconds to answer, but never beyond
   * the deadline by more than that, and closes.
   */
  async quit(): Promise<void> {
    if (this.#commandable && (this.#fault === null || isPatient(this.#fault))) {
      const command = this.#record('client', 'QUIT')
      this.#write(['QUIT'])
      this.#commandable = false
      this.#leaving = 'asked'
      await this.#seeOut(this.#fault === null ? this.#queue(command) : Promise.resolve(UNANSWERED))
    }
    this.close()
  }

  /**
   * Waits for the goodbye, and closes. A server may give it another code than 221, and then has to leave it at that: if
   * it goes on, it has answered something else than QUIT.
   */
  async #seeOut(goodbye: Promise<Answer>): Promise<void> {
    const { reply } = await Promise.race([goodbye, this.#closed().then(() => UNANSWERED)])
    if (this.#fault !== null && isPatient(this.#fault)) await this.#closed(() => this.#socket.end())
    else if (reply && !GOODBYE.has(reply.code)) await this.#closed()
    this.close()
  }

  /**
   * Resolves when the connection is closed, but at the latest after the time that QUIT has, and that soon after the
   * deadline.
   */
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

  /** Closes at once. */
  close(): void {
    this.#fault ??= 'dropped'
    this.#socket.destroy()
    // Whoever still waits would wait for ever: no event comes after a fault.
    this.#release()
  }

  async #expect(
    commands: readonly (number | null)[],
    until = this.#deadline,
    abandon: Abandon = () => false,
  ): Promise<Answer[]> {
    const answers = commands.map((command) => this.#queue(command))
    this.#abandon = abandon
    this.#askedAt = performance.now()
    if (this.#fault) this.#release()
    const timer = setTimeout(() => this.#fail('deadline', 'no answer in time'), Math.max(0, until - performance.now()))
    const replies = await Promise.all(answers)
    clearTimeout(timer)
    return replies
  }

  /** The answer to come for a command, in its turn. */
  #queue(command: number | null): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push({ command, at: command === null ? [] : [command], resolve })
    })
  }

  #read(chunk: Buffer): void {
    for (const event of this.#parser.push(chunk)) {
      if (this.#fault || this.#leaving === 'over') return
      const waiting = this.#waiting[0]
      if (event.kind === 'line') {
        const at = this.#record('server', event.line, waiting?.command ?? null)
        if (at !== null) waiting?.at.push(at)
      } else if (event.kind === 'fault' && this.#leaving === 'asked' && this.#waiting.length <= 1) {
        this.#fail('dropped', 'the server said goodbye in its own way')
      } else if (event.kind === 'fault') {
        this.#outOfStep ||= this.#waiting.length !== 1
        this.#fail('protocol-error', event.fault)
      } else if (waiting) {
        this.#waiting.shift()
        const now = performance.now()
        const answer = { reply: event.reply, at: waiting.at, ms: now - this.#askedAt }
        this.#askedAt = now
        if (this.#leaving === 'asked' && this.#waiting.length === 0 && GOODBYE.has(event.reply.code))
          this.#leaving = 'over'
        waiting.resolve(answer)
        if (this.#waiting.length > 0 && this.#abandon(answer)) this.#fail('slowing', 'left: each refusal takes longer')
      } else if (event.reply.code === 421) {
        // RFC 5321 section 3.8: a server that shuts down may say so without being asked.
        this.#fail('dropped', 'the server ended the session')
      } else {
        this.#outOfStep = true
        this.#fail('protocol-error', 'the server answered before it was asked')
      }
    }
  }

  /** The only place where bytes leave: nothing but printable ASCII in lines that RFC 5321 allows. */
  #write(lines: readonly string[]): void {
    for (const line of lines) {
      if (!WIRE_LINE.test(line)) throw new Error('a line that must not reach the wire was held back')
    }
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
  }

  #record(from: 'client' | 'server' | 'event', line: string, answers: number | null = null): number | null {
    return this.#transcript.add(from, this.number, line, answers)
  }

  #fail(fault: ConnectionFault, event: string): void {
    if (this.#fault) return
    this.#fault = fault
    this.#record('event', event)
    // After a deadline the socket stays until quit() has said farewell.
    if (!isPatient(fault)) this.#socket.destroy()
    this.#release()
  }

  #release(): void {
    for (const { at, resolve } of this.#waiting.splice(0)) resolve({ reply: null, at, ms: 0 })
  }
}

/** Faults of ours: the server does not know of them yet. */
const isPatient = (fault: ConnectionFault): boolean => fault === 'deadline' || fault === 'slowing'

const NEVER = new AbortController().signal

const UNANSWERED: Answer = { reply: null, at: [], ms: 0 }

const errno = (error: NodeJS.ErrnoException): string => error.code ?? 'unknown error'
