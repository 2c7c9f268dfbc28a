/** Runs the mail server that the bench tests, in its own process. It costs very little compared with the service. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Script, scriptedServer } from '../../test/harness/mail-server.ts'
import { answering } from './processes.ts'

/**
 * `closed` refuses every recipient at once, and `distant` does so after 25 ms. `open` takes every message. `tarpit`
 * says nothing after its greeting. `faulty` answers EHLO with 64 KiB of lines that are no reply.
 */
export interface SinkOrder {
  readonly kind: 'closed' | 'distant' | 'open' | 'tarpit' | 'faulty'
}

const REPLIES: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    EHLO: '250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 ENHANCEDSTATUSCODES\r\n',
    RCPT: '554 5.7.1 <recipient>: Relay access denied\r\n',
    QUIT: '221 2.0.0 Bye\r\n',
  }).map(([verb, text]) => [verb, Buffer.from(text)]),
)
const OK = Buffer.from('250 2.0.0 Ok\r\n')
const GO_ON = Buffer.from('354 Go on\r\n')
const FAULTS = Buffer.from('2\r\n'.repeat(65_536 / 3))
const AWAY_MS = 25

const refusing = (line: string): Buffer => REPLIES[line.slice(0, 4)] ?? OK

const KINDS: Readonly<Record<SinkOrder['kind'], Script['say']>> = {
  closed: refusing,
  distant: async (line) => sleep(AWAY_MS, refusing(line)),
  open: (line) => (line === 'DATA' ? GO_ON : line.startsWith('RCPT') ? OK : refusing(line)),
  tarpit: () => null,
  faulty: () => FAULTS,
}

/** Starts the server on every loopback address, and answers with its port. It ends with the process. */
answering(async ({ kind }: SinkOrder): Promise<number> => {
  const script = { say: KINDS[kind], inGroups: true, keepsNothing: true }
  const { port } = await scriptedServer({ after() {} }, script, { hosts: ['0.0.0.0'] })
  return port
})
