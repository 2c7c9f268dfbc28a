import { createServer } from 'node:net'
import { answering } from './processes.ts'

/** `closed` refuses every recipient at once; `tarpit` says nothing beyond its greeting. */
export interface SinkOrder {
  readonly kind: 'closed' | 'tarpit'
}

const EHLO = '250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 ENHANCEDSTATUSCODES\r\n'

const REPLIES: Readonly<Record<string, string>> = {
  EHLO,
  RCPT: '554 5.7.1 <recipient>: Relay access denied\r\n',
  QUIT: '221 2.0.0 Bye\r\n',
}

/** A mail server on a port of every loopback address that costs next to nothing; it says on which. */
answering(async ({ kind }: SinkOrder): Promise<number> => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.setEncoding('latin1').write('220 mail.example.com ESMTP\r\n')
    let rest = ''
    socket.on('data', (chunk: string) => {
      if (kind === 'tarpit') return
      const lines = `${rest}${chunk}`.split('\r\n')
      rest = lines.pop() ?? ''
      const said = lines.map((line) => REPLIES[line.slice(0, 4)] ?? '250 2.0.0 Ok\r\n').join('')
      if (lines.includes('QUIT')) socket.end(said)
      else socket.write(said)
    })
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
})
