import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerAddress } from 'smtp-server'

/** A mail server of the demo, on loopback. */
export interface DemoServer {
  readonly port: number
  close(): Promise<void>
}

/** A mail server for example.com: closed as it should be, or open to whoever claims a sender at example.com. */
export async function startMailServer(relays: boolean): Promise<DemoServer> {
  const server = new SMTPServer({
    name: 'mail.example.com',
    banner: relays ? 'open (demo)' : 'closed (demo)',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo({ address }, session, done) {
      const local = isLocal(address)
      const trusted = relays && session.envelope.mailFrom !== false && isLocal(session.envelope.mailFrom.address)
      if (local && !address.includes('%')) return done()
      if (trusted) return done()
      done(refusal(554, `5.7.1 <${address}>: Relay access denied`))
    },
    onData(stream, _session, done) {
      stream.resume()
      stream.once('end', () => done(null, 'Ok: queued as 3F2A91C04D'))
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

const isLocal = (address: SMTPServerAddress['address']): boolean => address.toLowerCase().endsWith('@example.com')

const refusal = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode })
