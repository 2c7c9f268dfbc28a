import { createServer } from 'node:net'
import type { TestContext } from 'node:test'

/** Who was dialled: every address of loopback, on one port. */
export interface Recorder {
  readonly port: number
  /** The address of each connection, in order. */
  readonly dialled: readonly string[]
}

/** A mail server on all of loopback's IPv4 addresses that greets everybody with 554, and ends with the test. */
export async function startRecorder(t: TestContext): Promise<Recorder> {
  const dialled: string[] = []
  const server = createServer((socket) => {
    dialled.push(socket.localAddress ?? '')
    socket.on('error', () => {})
    socket.end('554 5.7.1 not today\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  t.after(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, dialled }
}
