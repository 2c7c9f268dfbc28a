import { connect, createServer, type Socket } from 'node:net'
import { answering } from './processes.ts'

/** One request and its test, as bytes: what there is to read and to write, in turns. */
export interface FloorOrder {
  readonly sinkPort: number
  /** Whole requests of so many bytes. */
  readonly requestLength: number
  readonly steps: readonly Step[]
  readonly response: string
}

/** So many bytes are read, then these are written. */
export interface Step {
  readonly read: number
  readonly write: string
}

/** Goes through the steps with the sink. */
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

/** Where a request names its address: it is as long in each. */
const addressIn = (request: Buffer): string => /127\.\d{3}\.\d{3}\.\d{3}/.exec(request.toString('latin1'))?.[0] ?? ''

/** The floor below the service: the same bytes over plain sockets, without HTTP, judgement or transcript. */
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
