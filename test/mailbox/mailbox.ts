/** Starts our own mailbox for tests. */
import type { TestContext } from 'node:test'
import type { Arrival } from '../../src/mailbox/intake.ts'
import { type MailboxListener, type MailboxOptions, startMailbox } from '../../src/mailbox/listener.ts'
import { type Client, type ConnectOptions, connectTo } from './client.ts'

export const DOMAIN = 'relaytest.isp.example'
export const CONTACT = 'abuse@isp.example'
export const RECIPIENT = 'recipient2222222'
export const SECOND = 'recipient3333333'
export const SENDER = 'sender2222222222'
/** The recipient of the form that is at a name of our zone, and the only valid name of the zone. */
export const STEERED = 'steered222222222'
export const STEERED_DOMAIN = 'label.mail.example.com.steer.isp.example'

const KINDS = { [RECIPIENT]: 'recipient', [SECOND]: 'recipient', [STEERED]: 'steered', [SENDER]: 'sender' } as const
const kindOf = (token: string) => Object.entries(KINDS).find(([known]) => known === token)?.[1] ?? null

export interface LogLine {
  readonly level: 'info' | 'error'
  readonly fields: object
  readonly message: string
}

/** A mailbox that knows three recipients and a sender, and what it made of its visitors. */
export interface TestMailbox extends MailboxListener {
  readonly arrivals: readonly Arrival[]
  readonly logged: readonly LogLine[]
  /** Mail that was ignored, and times that mail of any test may be late. */
  readonly counted: readonly ('ignored' | 'troubled')[]
  /** Why visitors were turned away, each with the test addresses that it named. */
  readonly turnedAway: readonly string[]
  /** A client that has not read the greeting yet. */
  connect(options?: ConnectOptions): Promise<Client>
  /** A client that has read the greeting and said EHLO. */
  greeted(helo?: string): Promise<Client>
}

/** Starts a mailbox on loopback that ends with the test. */
export async function testMailbox(t: TestContext, changes: Partial<MailboxOptions> = {}): Promise<TestMailbox> {
  const arrivals: Arrival[] = []
  const logged: LogLine[] = []
  const counted: ('ignored' | 'troubled')[] = []
  const turnedAway: string[] = []
  const mailbox = await startMailbox({
    host: '127.0.0.1',
    port: 0,
    domain: DOMAIN,
    contact: CONTACT,
    knows: async (token) => kindOf(token),
    isSteered: (name) => name.toLowerCase() === STEERED_DOMAIN,
    mayHaveForgotten: () => false,
    arrived: (arrival) => void arrivals.push(arrival),
    ignored: () => void counted.push('ignored'),
    troubled: () => void counted.push('troubled'),
    turnedAway: (why, tokens) => void turnedAway.push([why, ...tokens].join(' ')),
    log: {
      info: (fields, message) => void logged.push({ level: 'info', fields, message }),
      error: (fields, message) => void logged.push({ level: 'error', fields, message }),
    },
    ...changes,
  })
  const clients: Client[] = []
  t.after(() => {
    for (const client of clients) client.leave()
    return mailbox.close()
  })
  const connect = async (options?: ConnectOptions) => {
    const client = await connectTo(mailbox.port, options)
    clients.push(client)
    return client
  }
  return {
    ...mailbox,
    arrivals,
    logged,
    counted,
    turnedAway,
    connect,
    async greeted(helo = 'mx.example.net') {
      const client = await connect()
      await client.reply()
      await client.say(`EHLO ${helo}`)
      return client
    },
  }
}

/** Sends one message whole, and returns the replies to MAIL, to each RCPT, to DATA and to the final dot. */
export async function deliver(
  client: Client,
  { from, to, message }: { from: string; to: readonly string[]; message: string },
): Promise<string[]> {
  const replies = [await client.say(`MAIL FROM:<${from}>`)]
  for (const recipient of to) replies.push(await client.say(`RCPT TO:<${recipient}>`))
  replies.push(await client.say('DATA'))
  replies.push(await client.say(`${message.replaceAll('\n', '\r\n')}\r\n.`))
  return replies
}
