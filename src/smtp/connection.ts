import type { Socket } from 'node:net'
import { type Reply, ReplyParser } from './reply.ts'
import type { Transcript } from './transcript.ts'

/** How a connection can end before its time. */
export type ConnectionFault = 'dropped' | 'protocol-error' | 'deadline'

/** A command and what came back: `reply` is null where the connection failed first. `at` are transcript indexes. */
export interface Answer {
  readonly reply: Reply | null
  readonly at: readonly number[]
}

export interface ConnectionOptions {
  readonly socket: Socket
  /** From 1, for the transcript. */
  readonly number: number
  readonly transcript: Transcript
  /** When the waiting ends, in `performance.now()` milliseconds. */
  readonly deadline: number
}

interface Waiting {
  readonly command: number | null
  readonly at: number[]
  resolve(answer: Answer): void
}

/** RFC 5321 section 4.5.3.1.4 allows 512 octets a command line, CRLF included. */
const WIRE_LINE = /^[\x20-\x7e]{0,510}$/

const QUIT_MS = 2_000

/**
 * One SMTP connection. It sends a command, or a pipelined group (RFC 2920), waits for the replies and records both.
 * It never throws for what a server does: after a fault every answer has no reply, and `fault` says why.
 */
export class SmtpConnection {
  readonly number: number
  readonly #socket: Socket
  readonly #transcript: Transcript
  readonly #deadline: number
  readonly #parser = new ReplyParser()
  readonly #waiting: Waiting[] = []
  #fault: ConnectionFault | null = null
  /** Whether a command may be sent: not before the greeting, and not within a message. */
  #commandable = false

  constructor({ socket, number, transcript, deadline }: ConnectionOptions) {
    this.number = number
    this.#socket = socket
    this.#transcript = transcript
    this.#deadline = deadline
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#fail('dropped', 'the server closed the connection'))
    socket.on('error', (error) => this.#fail('dropped', `the connection broke (${errno(error)})`))
    socket.on('close', () => this.#fail('dropped', 'the connection is closed'))
  }

  /** Why the connection is of no use any more, or null. */
  get fault(): ConnectionFault | null {
    return this.#fault
  }

  /** Waits for the whole greeting, at most `timeoutMs`. */
  async greeting(timeoutMs: number): Promise<Answer> {
    const [answer] = await this.#expect([null], Math.min(performance.now() + timeoutMs, this.#deadline))
    this.#commandable = answer?.reply != null
    return answer ?? UNANSWERED
  }

  /** Sends one command and waits for its reply. */
  async command(line: string): Promise<Answer> {
    const [answer] = await this.group([line])
    return answer ?? UNANSWERED
  }

  /** Sends several commands in one write and waits for all replies: only where PIPELINING was offered. */
  group(lines: readonly string[]): Promise<Answer[]> {
    if (this.#fault) return Promise.resolve(lines.map(() => UNANSWERED))
    const commands = lines.map((line) => this.#record('client', line))
    this.#write(lines)
    return this.#expect(commands)
  }

  /** Sends a message after a 354, dot-stuffed, with the final dot; the answer is the reply to that dot. */
  async message(lines: readonly string[]): Promise<Answer> {
    if (this.#fault) return UNANSWERED
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
   * Says QUIT, also after waiting in vain for another reply, gives the server two seconds to answer and closes.
   */
  async quit(): Promise<void> {
    if (this.#commandable && this.#fault === null) {
      const command = this.#record('client', 'QUIT')
      this.#write(['QUIT'])
      await this.#expect([command], performance.now() + QUIT_MS)
    } else if (this.#commandable && this.#fault === 'deadline') {
      this.#record('client', 'QUIT')
      this.#write(['QUIT'])
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, QUIT_MS)
        this.#socket.once('close', () => resolve(clearTimeout(timer)))
        this.#socket.end()
      })
    }
    this.#fault ??= 'dropped'
    this.#socket.destroy()
  }

  async #expect(commands: readonly (number | null)[], until = this.#deadline): Promise<Answer[]> {
    const answers = commands.map(
      (command) =>
        new Promise<Answer>((resolve) => {
          this.#waiting.push({ command, at: command === null ? [] : [command], resolve })
        }),
    )
    if (this.#fault) this.#release()
    const timer = setTimeout(() => this.#fail('deadline', 'no answer in time'), Math.max(0, until - performance.now()))
    const replies = await Promise.all(answers)
    clearTimeout(timer)
    return replies
  }

  #read(chunk: Buffer): void {
    for (const event of this.#parser.push(chunk)) {
      if (this.#fault) return
      const waiting = this.#waiting[0]
      if (event.kind === 'line') {
        const at = this.#record('server', event.line, waiting?.command ?? null)
        if (at !== null) waiting?.at.push(at)
      } else if (event.kind === 'fault') {
        this.#fail('protocol-error', event.fault)
      } else if (waiting) {
        this.#waiting.shift()
        waiting.resolve({ reply: event.reply, at: waiting.at })
      } else if (event.reply.code === 421) {
        // RFC 5321 section 3.8: a server that shuts down may say so without being asked.
        this.#fail('dropped', 'the server ended the session')
      } else {
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
    if (fault !== 'deadline') this.#socket.destroy()
    this.#release()
  }

  #release(): void {
    for (const { at, resolve } of this.#waiting.splice(0)) resolve({ reply: null, at })
  }
}

const UNANSWERED: Answer = { reply: null, at: [] }

const errno = (error: NodeJS.ErrnoException): string => error.code ?? 'unknown error'
