/** The mail servers that the demo tests: small scripts on loopback, so that it needs no real server. */
import { connect } from 'node:net'
import { type ScriptedSession, scriptedServer } from '../test/harness/mail-server.ts'

/** A mail server of the demo, on loopback. */
export interface DemoServer {
  readonly port: number
  close(): void
}

/**
 * How a mail server for example.com treats strangers. `closed`: as it should. `open`: it relays for senders that claim
 * its own domain. `catch-all`: closed, with a mailbox for every local part.
 */
export type Manners = 'closed' | 'open' | 'catch-all'

const REPLIES: Readonly<Record<string, string | readonly string[]>> = {
  EHLO: ['250-mail.example.com Nice to meet you, [127.0.0.1]', '250-PIPELINING', '250-8BITMIME', '250 SMTPUTF8'],
  MAIL: '250 Accepted',
  RCPT: '250 Accepted',
  DATA: '354 End data with <CR><LF>.<CR><LF>',
  '.': '250 Ok: queued as 3F2A91C04D',
  RSET: '250 Flushed',
  NOOP: '250 OK',
  QUIT: '221 Bye',
}

/** The sender and recipients of a transaction so far. */
interface Envelope {
  sender: string
  recipients: string[]
}

const isLocal = (address: string): boolean => address.toLowerCase().endsWith('@example.com')

/** Starts a mail server. It passes relayed messages to the mail server on `exit`, a port of loopback. */
export async function startMailServer(manners: Manners, exit: number): Promise<DemoServer> {
  const envelopes = new WeakMap<ScriptedSession, Envelope>()
  const takes = (address: string, sender: string): boolean =>
    (manners === 'open' && isLocal(sender)) || (isLocal(address) && (manners === 'catch-all' || !address.includes('%')))

  const say = (line: string, session: ScriptedSession): string | readonly string[] => {
    const [verb = ''] = line.toUpperCase().split(/[ :]/)
    const address = /<(.*)>/.exec(line)?.[1] ?? ''
    if (verb === 'RCPT' && !/^[^@"]+@[^@]+$/.test(address)) return '501 Error: Bad recipient address syntax'
    const envelope = envelopes.get(session) ?? { sender: '', recipients: [] }
    envelopes.set(session, verb === 'MAIL' ? { sender: address, recipients: [] } : envelope)
    if (verb === 'RCPT' && !takes(address, envelope.sender)) return `554 5.7.1 <${address}>: Relay access denied`
    if (verb === 'RCPT') envelope.recipients.push(address)
    if (verb === '.') {
      for (const recipient of envelope.recipients) {
        if (!isLocal(recipient)) relay(exit, envelope.sender, recipient, session.message)
      }
    }
    return REPLIES[verb] ?? '500 Error: command not recognized'
  }
  const endings: (() => unknown)[] = []
  const ending = { after: (work: () => unknown) => void endings.push(work) }
  const { port } = await scriptedServer(ending, { greeting: `220 mail.example.com ESMTP ${manners} (demo)`, say })
  return {
    port,
    close() {
      for (const end of endings) end()
    },
  }
}

/** Passes a message to the next server as a relay does: adds a Received field with the server that sent it here. */
function relay(port: number, sender: string, recipient: string, message: readonly string[]): void {
  const stuffed = ['Received: from [127.0.0.1] by mail.example.com', ...message].map((line) =>
    line.replace(/^\./, '..'),
  )
  const commands = [
    'EHLO mail.example.com',
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
    'DATA',
    [...stuffed, '.'].join('\r\n'),
    'QUIT',
  ]
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (text) => {
    // Sends one command after each complete reply. Ignores refusals: this is only a demo.
    if (/^\d{3}(?: .*)?\r\n$/m.test(String(text))) socket.write(`${commands.shift() ?? ''}\r\n`)
  })
}
