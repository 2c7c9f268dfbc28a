/** A plain SMTP client for the tests of the lab itself. */
import { connect } from 'node:net'
import { PATIENCE_MS } from '../harness/waiting.ts'

export interface DialogueOptions {
  readonly host: string
  /** The address we dial from. */
  readonly from: string
  readonly timeoutMs?: number
  /** Default: 25. */
  readonly port?: number
}

/** Sends each command after the reply to the one before. Resolves with all replies; the first one is the greeting. */
export function dialogue(options: DialogueOptions, commands: readonly string[]): Promise<string[]> {
  const { host, from, timeoutMs = PATIENCE_MS, port = 25 } = options
  return new Promise((resolve, reject) => {
    const replies: string[] = []
    let received = ''
    const socket = connect({ host, port, localAddress: from })
    const timer = setTimeout(() => fail(new Error(`no complete reply within ${timeoutMs} ms`)), timeoutMs)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(`${error.message} (replies so far: ${JSON.stringify(replies)})`))
    }
    socket.setEncoding('utf8')
    socket.once('error', fail)
    socket.once('end', () => fail(new Error('the server hung up')))
    socket.on('data', (text: string) => {
      received += text
      if (!/^\d{3}(?: .*)?\r\n$/m.test(received)) return
      replies.push(received.trimEnd())
      received = ''
      const command = commands[replies.length - 1]
      if (command !== undefined) return void socket.write(`${command}\r\n`)
      clearTimeout(timer)
      socket.removeAllListeners('end').end()
      resolve(replies)
    })
  })
}
