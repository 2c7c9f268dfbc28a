/** Accepts mail to test addresses and reports what arrived. Keeps no mail. */
import type { SMTPServerDataStream, SMTPServerEnvelope, SMTPServerSession } from 'smtp-server'
import { printable } from '../smtp/printable.ts'
import { type MessageFacts, readMessage } from './read-message.ts'
import { type AcceptedRecipient, checkRecipient, type RecipientRules } from './recipients.ts'

export interface IntakeOptions extends RecipientRules {
  /** Called for each recipient of a message or bounce, before the mailbox accepts the message. */
  arrived(arrival: Arrival): void | Promise<void>
  readonly log: Log
}

interface Log {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A message that arrived: everything that we keep of it. All texts are printable ASCII. */
export interface Arrival extends AcceptedRecipient, Omit<MessageFacts, 'failed'> {
  /** The address of the peer, in canonical form. */
  readonly peer: string
  readonly helo: string
  /** Empty for the null sender. */
  readonly mailFrom: string
  readonly receivedAt: Date
}

/** The mailbox's answers to RCPT and DATA. Resolving means accepted; an error carries the reply that rejects. */
export interface Intake {
  recipient(address: string, session: SMTPServerSession): Promise<void>
  message(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void>
}

/** After this many rejections we hang up, because each one is a line in the log. */
const MAX_REJECTIONS = 20
/** The longest path of RFC 5321 section 4.5.3.1.3. Longer names are cut in the log. */
const MAX_SHOWN = 256

/** Makes an intake, which accepts mail to test addresses and reports each message as an arrival. */
export function makeIntake(options: IntakeOptions): Intake {
  const { arrived, log } = options
  const accepted = new WeakMap<SMTPServerEnvelope, Map<string, AcceptedRecipient>>()
  const rejections = new WeakMap<SMTPServerSession, number>()

  return {
    async recipient(address, session) {
      const { envelope } = session
      const decision = await checkRecipient(address, senderOf(envelope) === '', options).catch((error: unknown) => {
        log.error({ err: error }, 'the mailbox cannot check a recipient')
        throw reply(451, 'try again later')
      })
      if ('token' in decision) {
        accepted.set(envelope, (accepted.get(envelope) ?? new Map()).set(decision.token, decision))
        return
      }
      if (decision.code === 550) log.info({ ...peerOf(session), recipient: shown(address) }, decision.text)
      const count = (rejections.get(session) ?? 0) + 1
      rejections.set(session, count)
      throw count > MAX_REJECTIONS ? reply(421, 'too many refused recipients') : reply(decision.code, decision.text)
    },

    async message(stream, session) {
      const message = await readToEnd(stream)
      if (message === null) return
      const mailFrom = shown(senderOf(session.envelope))
      const { failed, ...read } = readMessage(message)
      const common = { ...peerOf(session), mailFrom, ...read, receivedAt: new Date() }
      try {
        for (const recipient of accepted.get(session.envelope)?.values() ?? []) {
          if (recipient.kind === 'message' || failed) await arrived({ ...recipient, ...common })
        }
      } catch (error) {
        log.error({ err: error }, 'the mailbox cannot report an arrival')
        throw reply(451, 'try again later')
      }
    },
  }
}

/** Makes an SMTP reply as smtp-server expects it: an error. smtp-server adds the enhanced status code. */
export function reply(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

/** Returns a text as printable ASCII, short enough for a log. */
export function shown(text: string): string {
  return printable(Buffer.from(text)).slice(0, MAX_SHOWN)
}

/** Returns the message, or null if it is too large (smtp-server replies 552) or the peer hung up. */
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
  if (mailFrom === false) throw new Error('smtp-server does not allow RCPT before MAIL')
  return mailFrom.address
}

const peerOf = (session: SMTPServerSession): { peer: string; helo: string } => ({
  peer: session.remoteAddress,
  helo: shown(session.hostNameAppearsAs),
})
