/**
 * The mail server as a probe meets it, with everything else that comes from outside: connections, time, and what
 * reaches our mailbox. The engine knows only this interface, so that a model in memory can take the place of sockets
 * and clocks.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Why } from '../contract/words.ts'
import { type Address, addressLiteral, hostText } from '../ip/address.ts'
import type { Seen } from '../relay/attempt.ts'
import type { Form } from '../relay/forms.ts'
import { SmtpConnection } from '../smtp/connection.ts'
import type { Dial } from '../smtp/dial.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { FIGURES } from './pace.ts'

/** What a probe does with one connection. It never throws for what a server does. */
export type Dialogue = Pick<
  SmtpConnection,
  | 'fault'
  | 'outOfStep'
  | 'greeting'
  | 'command'
  | 'group'
  | 'message'
  | 'farewell'
  | 'quit'
  | 'startTls'
  | 'desynchronised'
>

/** A connection that stands, before its greeting. */
export interface Connected {
  readonly connection: Dialogue
  /** Our end of it; null behind a proxy, which shows the server another one. */
  readonly localAddress: Address | null
  /** The name that we give in EHLO. */
  readonly ehlo: string
}

/** The outside of a probe. Times are milliseconds of its own clock. */
export interface Server {
  readonly deadline: number
  /** Aborted when the test is to end before its time. */
  readonly stop: AbortSignal
  now(): number
  /** Waits that long, or until the test is stopped. */
  pause(ms: number): Promise<void>
  /** Opens a connection, the first one being number 1, or says why there is none. */
  connect(number: number): Promise<Connected | { readonly failure: Why }>
  /** Waits up to that long for the message of a form. Resolves with what the mailbox received, or null. */
  arrival(form: Form, ms: number): Promise<Seen | null>
}

/** Where to connect, from where and under which name. Times are `performance.now()` milliseconds. */
export interface Route {
  readonly address: Address
  readonly port: number
  /** Opens connections from the vantage. */
  readonly dial: Dial
  /** Our name; null stands for the address literal of our end (RFC 5321 section 4.1.4). */
  readonly ehlo: string | null
  readonly deadline: number
  readonly transcript: Transcript
  readonly stop: AbortSignal
  /** Told of every connection before it is dialled. */
  dialling(address: Address): void
}

/** The real server behind a route. */
export function serverAt(route: Route, arrival: Server['arrival']): Server {
  const { deadline, stop } = route
  return {
    deadline,
    stop,
    now: () => performance.now(),
    pause: (ms) => sleep(ms, undefined, { signal: stop }).catch(() => {}),
    connect: (number) => connect(route, number),
    arrival,
  }
}

async function connect(route: Route, number: number): Promise<Connected | { readonly failure: Why }> {
  const { address, port, transcript, deadline } = route
  const told = (event: string) => void transcript.add('event', number, event)
  told(`connecting to ${hostText(address)}:${port}`)
  const left = deadline - performance.now()
  if (left <= 0) return { failure: 'deadline' }
  route.dialling(address)
  const dialled = await route.dial(address, port, Math.min(FIGURES.connectMs, left))
  if ('fault' in dialled) {
    const { fault, detail } = dialled
    // A wait that our own deadline cut short says nothing about the server.
    if (detail === null && left < FIGURES.connectMs) {
      told('no connection before the deadline')
      return { failure: 'deadline' }
    }
    told(`no connection: ${fault}${detail ? ` (${detail})` : ''}`)
    return { failure: fault }
  }
  const { socket, localAddress } = dialled
  const ownName = localAddress ? addressLiteral(localAddress) : '[127.0.0.1]'
  const connection = new SmtpConnection({ socket, number, transcript, deadline })
  return { connection, localAddress, ehlo: route.ehlo ?? ownName }
}
