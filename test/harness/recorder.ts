/** Mail servers that record their connections and messages, and answer every client in the same way. */
import { type Place, scriptedServer } from './mail-server.ts'
import type { Ending } from './service.ts'

/** The addresses of loopback that were dialled, on one port. */
export interface Recorder {
  readonly port: number
  /** The address of each connection, in order. */
  readonly dialled: readonly string[]
}

/** Starts a mail server on all of loopback's IPv4 addresses that greets everybody with 554. It ends with the test. */
export async function startRecorder(t: Ending): Promise<Recorder> {
  const dialled: string[] = []
  const { port } = await scriptedServer(
    t,
    {
      greeting({ address, socket }) {
        dialled.push(address)
        socket.end('554 5.7.1 not today\r\n')
        return null
      },
      say: () => null,
    },
    { hosts: ['0.0.0.0'] },
  )
  return { port, dialled }
}

export interface RecordedMail {
  /** The address that delivered it. */
  readonly peer: string
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
}

const REPLIES: Readonly<Record<string, string>> = { DATA: '354 Go ahead', QUIT: '221 Bye', '.': '250 Kept' }

export interface MailRecorder {
  readonly port: number
  /** The messages so far. */
  readonly mails: readonly RecordedMail[]
}

/** Starts a mail server that takes every message and keeps it. It ends with the test. */
export async function startMailRecorder(t: Ending, place: Place): Promise<MailRecorder> {
  const mails: RecordedMail[] = []
  const envelopes = new WeakMap<object, { from: string; to: string[] }>()
  const { port } = await scriptedServer(
    t,
    {
      greeting: '220 mx.relaytest.isp.example ESMTP',
      say(line, session) {
        const [verb = ''] = line.toUpperCase().split(/[ :]/)
        const address = /<(.*)>/.exec(line)?.[1] ?? ''
        const { from, to } = envelopes.get(session) ?? { from: '', to: [] }
        if (verb === 'MAIL') envelopes.set(session, { from: address, to: [] })
        if (verb === 'RCPT') envelopes.set(session, { from, to: [...to, address] })
        if (verb === '.') {
          const message = Buffer.from(session.message.join('\n'), 'latin1').toString('utf8')
          mails.push({ peer: session.socket.remoteAddress ?? '', from, to, message })
        }
        return REPLIES[verb] ?? '250 Ok'
      },
    },
    place,
  )
  return { port, mails }
}
