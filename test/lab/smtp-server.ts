/** Starts a server made with the npm package smtp-server in the lab. */
import { fileURLToPath } from 'node:url'
import { SMTPServer, type SMTPServerAddress } from 'smtp-server'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { script, startProgram } from './program.ts'

/** Starts a mail server such as many applications make with the package smtp-server: one domain, one user. */
export function startSmtpServer(network: LabNetwork): Promise<LabServer> {
  const address = network.nextAddress()
  const args = script(fileURLToPath(import.meta.url), address)
  return startProgram(network, { software: 'smtp-server', address, args })
}

function takeOwn({ address }: SMTPServerAddress): Error | null {
  if (address.toLowerCase() === 'postmaster@example.com') return null
  const message = address.endsWith('@example.com') ? 'No such user here' : 'Relaying denied'
  return Object.assign(new Error(message), { responseCode: 550 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = new SMTPServer({
    name: 'mail.example.com',
    authOptional: true,
    disabledCommands: ['AUTH'],
    onRcptTo: (recipient, _session, done) => done(takeOwn(recipient)),
    onData: (stream, _session, done) => void stream.resume().once('end', () => done()),
  })
  server.on('error', () => {}) // a client may hang up
  server.listen(25, process.argv[2])
}
