import type { SMTPServerDataStream, SMTPServerEnvelope, SMTPServerSession } from 'smtp-server'
import { printable } from '../smtp/printable.ts'
import { type Addresses, decide, type Taken } from './recipients.ts'
import { type Scan, scan } from './scan.ts'

export interface IntakeOptions extends Addresses {
  /** Called for each known recipient of a message or bounce, just before the message is accepted. */
  arrived(arrival: Arrival): void | Promise<void>
  readonly log: Log
}

interface Log {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A message that came in: all that is kept of it. Every text is printable ASCII. */
export interface Arrival extends Taken, Omit<Scan, 'failed'> {
  /** The address of the peer in canonical form. */
  readonly peer: string
  readonly helo: string
  /** Empty for the null sender. */
  readonly mailFrom: string
  readonly receivedAt: Date
}

/** What the mailbox says to RCPT and DATA: nothing (taken), or an error that carries the reply. */
export interface Intake {
  recipient(address: string, session: SMTPServerSession): Promise<void>
  message(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void>
}

/** A peer that guesses is told so this many times, then no more: each refusal is a line in the log. */
const MAX_REFUSALS = 20
/** The longest path of RFC 5321 section 4.5.3.1.3 and, within one, the longest domain: enough of any name to show. */
const MAX_SHOWN = 256

/** Takes recipients that are test addresses, and turns the messages to them into arrivals. */
export function makeIntake(options: IntakeOptions): Intake {
  const { arrived, log } = options
  const taken = new WeakMap<SMTPServerEnvelope, Map<string, Taken>>()
  const refusals = new WeakMap<SMTPServerSession, number>()

  return {
    async recipient(address, session) {
      const { envelope } = session
      const decision = await decide(address, senderOf(envelope) === '', options).catch((error: unknown) => {
        log.error({ err: error }, 'the mailbox cannot tell who is a test address')
        throw reply(451, 'try again later')
      })
      if ('token' in decision) {
        taken.set(envelope, (taken.get(envelope) ?? new Map()).set(decision.token, decision))
        return
      }
      if (decision.code === 550) log.info({ ...peerOf(session), recipient: shown(address) }, decision.text)
      const count = (refusals.get(session) ?? 0) + 1
      refusals.set(session, count)
      throw count > MAX_REFUSALS ? reply(421, 'too many refused recipients') : reply(decision.code, decision.text)
    },

    async message(stream, session) {
      const message = await readToEnd(stream)
      if (message === null) return
      const mailFrom = shown(senderOf(session.envelope))
      const { failed, ...read } = scan(message)
      const common = { ...peerOf(session), mailFrom, ...read, receivedAt: new Date() }
      try {
        for (const recipient of taken.get(session.envelope)?.values() ?? []) {
          if (recipient.kind === 'message' || failed) await arrived({ ...recipient, ...common })
        }
      } catch (error) {
        log.error({ err: error }, 'the mailbox cannot hand on what arrived')
        throw reply(451, 'try again later')
      }
    },
  }
}

/** An SMTP reply in the form that smtp-server takes; it adds the enhanced status code of the code. */
export function reply(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

/** Any text as printable ASCII, and not too long for a log. */
export function shown(text: string): string {
  return printable(Buffer.from(text)).slice(0, MAX_SHOWN)
}

/** The whole message, or null when it is over the size (smtp-server then says 552) or the peer left in the middle. */
async function readToEnd(stream: SMTPServerDataStream): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) if (!stream.sizeExceeded) chunks.push(chunk)
  } catch {
    return null
  }
  return stream.sizeExceeded ? null : Buffer.concat(chunks)
}

function senderOf({ mailFrom }: SMTPServerEnvelope): string {
  if (mailFrom === false) throw new Error('smtp-server lets no RCPT pass before MAIL')
  return mailFrom.address
}

const peerOf = (session: SMTPServerSession): { peer: string; helo: string } => ({
  peer: session.remoteAddress,
  helo: shown(session.hostNameAppearsAs),
})
