import { connect } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail server of the demo, on loopback. */
export interface DemoServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * How a mail server for example.com treats strangers: `closed` as it should, `open` to whoever claims a sender at its own
 * domain, `catch-all` closed, but with a mailbox for every local part.
 */
export type Manners = 'closed' | 'open' | 'catch-all'

/** Starts a mail server; what it relays goes to the mail server on `exit`, a port of loopback. */
export async function startMailServer(manners: Manners, exit: number): Promise<DemoServer> {
  const server = new SMTPServer({
    name: 'mail.example.com',
    banner: `${manners} (demo)`,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onRcptTo({ address }, { envelope: { mailFrom } }, done) {
      const trusted = manners === 'open' && mailFrom !== false && isLocal(mailFrom.address)
      const mailbox = isLocal(address) && (manners === 'catch-all' || !address.includes('%'))
      if (trusted || mailbox) return done()
      done(refusal(554, `5.7.1 <${address}>: Relay access denied`))
    },
    onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.once('end', () => {
        done(null, 'Ok: queued as 3F2A91C04D')
        const sender = mailFrom === false ? '' : mailFrom.address
        for (const { address } of rcptTo) {
          if (!isLocal(address)) relay(exit, sender, address, Buffer.concat(chunks).toString('latin1'))
        }
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('the mail server has no port')
  return { port: address.port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

const isLocal = (address: string): boolean => address.toLowerCase().endsWith('@example.com')

const refusal = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode })

/** Brings a message to the next server, as a relay does: with a Received field that says who brought it here. */
function relay(port: number, sender: string, recipient: string, message: string): void {
  const received = 'Received: from [127.0.0.1] by mail.example.com'
  const commands = [
    'EHLO mail.example.com',
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
    'DATA',
    `${received}\r\n${message.replace(/^\./gm, '..')}\r\n.`,
    'QUIT',
  ]
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (text) => {
    // One command for each complete reply; a demo need not know what to do about refusals.
    if (/^\d{3}(?: .*)?\r\n$/m.test(String(text))) socket.write(`${commands.shift() ?? ''}\r\n`)
  })
}
