import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface RecordedMail {
  /** Who brought it. */
  readonly peer: string
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
}

export interface Recorder {
  /** What has arrived so far. */
  readonly mails: readonly RecordedMail[]
  close(): Promise<void>
}

const REPLIES: Readonly<Record<string, string>> = { DATA: '354 Go ahead', QUIT: '221 Bye' }

/** A small mail server in this process that takes everything and keeps it. */
export async function recorder(...addresses: readonly string[]): Promise<Recorder> {
  const mails: RecordedMail[] = []
  const sockets = new Set<Socket>()
  const receive = (socket: Socket) => {
    sockets.add(socket)
    const peer = socket.remoteAddress ?? ''
    const say = (line: string) => void socket.write(`${line}\r\n`)
    let from = ''
    let to: string[] = []
    let message: string[] | null = null
    let received = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (text: string) => {
      const lines = `${received}${text}`.split('\r\n')
      received = lines.pop() ?? ''
      for (const line of lines) {
        if (message !== null && line !== '.') {
          message.push(line.replace(/^\./, ''))
          continue
        }
        if (message !== null) {
          mails.push({ peer, from, to, message: message.join('\n') })
          message = null
          say('250 Kept')
          continue
        }
        const [verb = ''] = line.toUpperCase().split(/[ :]/)
        const address = /<(.*)>/.exec(line)?.[1] ?? ''
        if (verb === 'MAIL') {
          from = address
          to = []
        }
        if (verb === 'RCPT') to.push(address)
        if (verb === 'DATA') message = []
        say(REPLIES[verb] ?? '250 Ok')
        if (verb === 'QUIT') socket.end()
      }
    })
    say('220 mx.relaytest.isp.example ESMTP')
  }
  const servers = addresses.map((host) => createServer(receive).listen({ host, port: 25 }))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  return {
    mails,
    async close() {
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => once(server, 'close')))
    },
  }
}
