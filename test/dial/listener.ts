import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Ending } from '../harness/service.ts'

/** One connection that somebody opened: to which address, and when. */
export interface Dialled {
  /** What was really dialled: the local end of the connection. */
  readonly address: string
  readonly at: number
  /** Every byte that came, as latin1. */
  readonly bytes: string
}

/** What a server says to a line, without line ends; null says nothing. */
export type Replies = (line: string, dialled: { readonly address: string }) => string | null

export interface ListenOptions {
  readonly hosts: readonly string[]
  readonly port: number
  readonly greeting: (address: string) => string
  readonly replies: Replies
}

export interface Listener {
  readonly port: number
  /** In the order in which they were opened. */
  readonly dialled: readonly Dialled[]
}

/** A fast server in this process that relays for nobody, and lets the whole session come in one group. */
export const closedReplies: Replies = (line) => {
  const verb = line.slice(0, 4).toUpperCase()
  if (verb === 'EHLO') return '250-mail.example.com\r\n250 PIPELINING'
  if (verb === 'RCPT') return '554 5.7.1 Relay access denied'
  if (verb === 'QUIT') return '221 2.0.0 Bye'
  return '250 2.0.0 Ok'
}

/** Listens on all these addresses at one port, keeps what comes, and ends with the test. Port 0 takes a free one. */
export async function listen(t: Ending, { hosts, port, greeting, replies }: ListenOptions): Promise<Listener> {
  const dialled: { address: string; at: number; bytes: string }[] = []
  const sockets = new Set<Socket>()
  const servers: Server[] = []
  const serve = (socket: Socket) => {
    const one = { address: socket.localAddress ?? '', at: Date.now(), bytes: '' }
    dialled.push(one)
    sockets.add(socket)
    socket.setNoDelay().setEncoding('latin1')
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    let rest = ''
    let inMessage = false
    socket.on('data', (text: string) => {
      one.bytes += text
      const lines = `${rest}${text}`.split('\r\n')
      rest = lines.pop() ?? ''
      const said: string[] = []
      for (const line of lines) {
        if (inMessage && line !== '.') continue
        inMessage = false
        const reply = replies(line, one)
        if (reply !== null) said.push(`${reply}\r\n`)
        inMessage = reply?.startsWith('354') === true
      }
      if (said.length > 0 && socket.writable) socket.write(said.join(''), 'latin1')
      if (lines.at(-1)?.toUpperCase() === 'QUIT') socket.end()
    })
    socket.write(`${greeting(one.address)}\r\n`, 'latin1')
  }
  let bound = port
  for (const host of hosts) {
    const server = createServer(serve).listen({ host, port: bound, backlog: 4096, ipv6Only: true })
    await once(server, 'listening')
    servers.push(server)
    const address = server.address()
    if (typeof address === 'object' && address) bound = address.port
  }
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers) server.close()
  })
  return { port: bound, dialled }
}
