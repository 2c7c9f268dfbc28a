/** Accepts mail to test addresses and reports what arrived. Keeps no mail. */
import type { SMTPServerDataStream, SMTPServerEnvelope, SMTPServerSession } from 'smtp-server'
import { printable } from '../smtp/printable.ts'
import type { DataRefusal } from './commands.ts'
import { MessageLimit } from './message-limit.ts'
import { type MessageFacts, readMessage } from './read-message.ts'
import { type AcceptedRecipient, checkRecipient, type RecipientRules } from './recipients.ts'
import { type ReportFacts, readReport } from './report.ts'
import { SECRET_INSIDE } from './secret.ts'
import type { Visitor, Visitors } from './visitors.ts'

export interface IntakeOptions extends RecipientRules {
  /** The contact for people who write to postmaster or abuse: a mail address or URL in printable ASCII. */
  readonly contact: string
  /** Called for each recipient of a message or bounce, before the mailbox accepts the message. */
  arrived(arrival: Arrival): void | Promise<void>
  /** Called for mail to a sender token that reports nothing about relaying. */
  ignored(): void
  /** Called when mail of any test may be late, because we turned somebody away. */
  troubled(): void
  /** Called whenever we turn somebody away. Mail to the test addresses that it named may be late then. */
  turnedAway(why: TurnedAway, tokens: Iterable<string>): void
  readonly log: Log
  readonly visitors: Visitors
  visitorOf(session: SMTPServerSession): Visitor | undefined
}

/**
 * Why somebody was turned away: too many connections, commands, refused recipients, or messages to one test address.
 */
export type TurnedAway = 'connections' | 'commands' | 'recipients' | 'messages'

interface Log {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A message that arrived: everything that we keep of it. All texts are printable ASCII. */
export interface Arrival extends AcceptedRecipient, MessageFacts {
  /** The facts of a report; null for mail to a recipient token. */
  readonly report: ReportFacts | null
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
  /** Returns the reply to DATA if no message may follow, or null. */
  refusesData(session: SMTPServerSession): DataRefusal | null
  message(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void>
}

/** After this many rejections we hang up, because each one is a line in the log. */
const MAX_REJECTIONS = 20
/** How much of a message we read. We accept messages of any size, because each can be the proof of a test. */
export const MAX_READ = 128 * 1024
/** The longest path of RFC 5321 section 4.5.3.1.3. Longer names are cut in the log. */
const MAX_SHOWN = 256

/** Makes an intake, which accepts mail to test addresses and reports each message as an arrival. */
export function makeIntake(options: IntakeOptions): Intake {
  const { arrived, ignored, troubled, turnedAway, log, visitors, visitorOf } = options
  const limit = new MessageLimit()
  const accepted = new WeakMap<SMTPServerEnvelope, Map<string, AcceptedRecipient>>()
  const rejections = new WeakMap<SMTPServerSession, number>()

  return {
    async recipient(address, session) {
      const { envelope } = session
      const decision = await checkRecipient(address, options).catch((error: unknown) => {
        log.error({ err: error }, 'the mailbox cannot check a recipient')
        throw notNow()
      })
      const visitor = visitorOf(session)
      if ('role' in decision) return
      if ('token' in decision) {
        accepted.set(envelope, (accepted.get(envelope) ?? new Map()).set(decision.token, decision))
        if (visitor) visitors.naming(visitor, decision.token)
        return
      }
      // A mail server with much late mail does not guess addresses: its next command may bring the mail of a test.
      if (decision.code === 451 && visitor) visitor.commands = 0
      if (decision.code === 451) throw reply(decision.code, decision.text)
      log.info({ ...peerOf(session), recipient: shown(address) }, decision.text)
      const count = (rejections.get(session) ?? 0) + 1
      rejections.set(session, count)
      if (count <= MAX_REJECTIONS) throw reply(decision.code, decision.text)
      if (visitor) visitors.turnAway(visitor.source)
      turnedAway('recipients', visitor?.named ?? [])
      throw reply(421, 'too many refused recipients')
    },

    refusesData({ envelope }) {
      const tokens = [...(accepted.get(envelope)?.keys() ?? [])]
      if (envelope.rcptTo.length > 0 && tokens.length === 0) {
        return { code: 550, text: `nobody reads mail here, please ask ${options.contact}` }
      }
      const tooMany = tokens.filter((token) => limit.isTooMany(token))
      if (tooMany.length === 0) return null
      turnedAway('messages', tooMany)
      return { code: 451, text: 'too many messages to this test address, try again later' }
    },

    async message(stream, session) {
      const message = await readBeginning(stream)
      if (message === null) return
      const visitor = visitorOf(session)
      if (visitor) Object.assign(visitor, { commands: 0, since: performance.now() })
      const recipients = [...(accepted.get(session.envelope)?.values() ?? [])]
      const mailFrom = shown(senderOf(session.envelope))
      const common = { ...peerOf(session), mailFrom, ...readMessage(message), receivedAt: new Date() }
      try {
        for (const recipient of recipients) {
          const names = { domain: options.domain.toLowerCase(), token: recipient.token }
          const report = recipient.kind === 'bounce' ? readReport(message, names, peerOf(session)) : null
          if (report && saysNothing(report)) ignored()
          else await arrived({ ...recipient, ...common, report })
        }
      } catch (error) {
        log.error({ err: error }, 'the mailbox cannot report an arrival')
        throw notNow()
      }
    },
  }

  /** Returns the reply for a fault of our own, and notes that there was one. */
  function notNow(): Error {
    troubled()
    return reply(451, 'try again later')
  }
}

/** Whether a report is about no failure, and names nothing that shows an attempt to relay. */
const saysNothing = ({ failed, remote, outside }: ReportFacts): boolean => !failed && !remote && !outside

/** Makes an SMTP reply as smtp-server expects it: an error. smtp-server adds the enhanced status code. */
function reply(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

/** Returns a text as printable ASCII, short enough for a log, and without anything that can be a secret. */
export function shown(text: string): string {
  return printable(Buffer.from(text)).slice(0, MAX_SHOWN).replace(SECRET_INSIDE, '[withheld]')
}

/** Returns the part of a message that we read, when all of it has come. Null if the peer hung up. */
async function readBeginning(stream: SMTPServerDataStream): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let room = MAX_READ
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (room > 0) chunks.push(chunk.subarray(0, room))
      room -= chunk.length
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

function senderOf({ mailFrom }: SMTPServerEnvelope): string {
  if (mailFrom === false) throw new Error('smtp-server does not allow RCPT before MAIL')
  return mailFrom.address
}

const peerOf = (session: SMTPServerSession): { peer: string; helo: string } => ({
  peer: session.remoteAddress,
  helo: shown(session.hostNameAppearsAs),
})
