/** Runs the mail server that the bench tests, in its own process. It costs very little compared with the service. */
import { scriptedServer } from '../../test/harness/mail-server.ts'
import { answering } from './processes.ts'

/** `closed` refuses every recipient at once. `tarpit` says nothing after its greeting. */
export interface SinkOrder {
  readonly kind: 'closed' | 'tarpit'
}

const REPLIES: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    EHLO: '250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 ENHANCEDSTATUSCODES\r\n',
    RCPT: '554 5.7.1 <recipient>: Relay access denied\r\n',
    QUIT: '221 2.0.0 Bye\r\n',
  }).map(([verb, text]) => [verb, Buffer.from(text)]),
)
const OK = Buffer.from('250 2.0.0 Ok\r\n')

/** Starts the server on every loopback address, and answers with its port. It ends with the process. */
answering(async ({ kind }: SinkOrder): Promise<number> => {
  const say = (line: string) => (kind === 'tarpit' ? null : (REPLIES[line.slice(0, 4)] ?? OK))
  const script = { say, inGroups: true, keepsNothing: true }
  const { port } = await scriptedServer({ after() {} }, script, { hosts: ['0.0.0.0'] })
  return port
})
