import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { listening } from './listening.ts'

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
  return { port: await listening(t, server, new Set(), '0.0.0.0'), dialled }
}
