/**
 * Sends and receives the same bytes as the service over plain sockets, without HTTP, judgement or transcript. The
 * service cannot be faster than this floor.
 */
import { connect, createServer, type Socket } from 'node:net'
import { answering } from './processes.ts'

/** The bytes of one request and its test. */
export interface FloorOrder {
  readonly sinkPort: number
  /** The number of bytes in each request. */
  readonly requestLength: number
  readonly steps: readonly Step[]
  readonly response: string
}

/** Read this number of bytes, then write these. */
export interface Step {
  readonly read: number
  readonly write: string
}

/** Runs the steps of one test against the sink. */
function test(host: string, port: number, steps: readonly Step[], done: () => void): void {
  const socket = connect({ host, port, noDelay: true })
  let at = 0
  let received = 0
  socket.on('data', (chunk) => {
    received += chunk.length
    const step = steps[at]
    if (!step || received < step.read) return
    received -= step.read
    at += 1
    if (step.write !== '') socket.write(step.write, 'latin1')
  })
  socket.once('error', () => process.exit(1))
  socket.once('close', done)
}

/** Returns the address in a request. It has the same length in each. */
const addressIn = (request: Buffer): string => /127\.\d{3}\.\d{3}\.\d{3}/.exec(request.toString('latin1'))?.[0] ?? ''

answering(async ({ sinkPort, requestLength, steps, response }: FloorOrder): Promise<number> => {
  const serve = (socket: Socket) => {
    let request = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      request = request.length === 0 ? chunk : Buffer.concat([request, chunk])
      if (request.length < requestLength) return
      const host = addressIn(request)
      request = Buffer.alloc(0)
      test(host, sinkPort, steps, () => socket.write(response, 'latin1'))
    })
  }
  const server = createServer({ noDelay: true }, serve)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
})
