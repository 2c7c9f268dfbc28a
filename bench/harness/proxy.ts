import { connect, createServer, type Socket } from 'node:net'

/**
 * A TCP proxy that makes a link of a given round trip and counts the waits of the client: `proxy.ts HOST DELAY_MS
 * TARGET` listens on port 25 of HOST and goes on to port 25 of TARGET. Each direction takes half the delay. When a
 * connection ends it prints, as JSON, how many times the server spoke after the client did, one wait each, the greeting
 * included, and how many connections are still there.
 */
const [, , host = '', delay = '0', target = ''] = process.argv
const half = Number(delay) / 2

/** Passes bytes on after the time of flight, and the end after the last byte. */
function fly(from: Socket, to: Socket, spoke: () => void): void {
  const later = (work: () => void) => (half > 0 ? setTimeout(work, half) : work())
  from.on('data', (chunk) => {
    spoke()
    later(() => to.write(chunk))
  })
  from.on('end', () => later(() => to.end()))
  from.on('error', () => to.destroy())
}

let open = 0

const server = createServer({ noDelay: true }, (client) => {
  let turns = 0
  open += 1
  let last: 'client' | 'server' = 'client'
  const upstream = connect({ host: target, port: 25, noDelay: true })
  fly(client, upstream, () => {
    last = 'client'
  })
  fly(upstream, client, () => {
    if (last === 'client') turns += 1
    last = 'server'
  })
  client.once('close', () => {
    upstream.destroy()
    open -= 1
    process.stdout.write(`${JSON.stringify({ turns, open })}\n`)
  })
})

server.listen(25, host, () => process.stdout.write('"listening"\n'))
