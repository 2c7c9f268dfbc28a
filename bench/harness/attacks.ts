/** The attacks of `prove:siege`, each as one flood. Their names are those of its table. */
import { KEYS } from '../../test/harness/service.ts'
import { asking, type Flood, greeted, idling, repeating, trickling } from './flood.ts'
import { postRelayTest } from './rate.ts'

/** The ports and addresses that the attacks need. */
export interface Besieged {
  readonly http: number
  readonly mailbox: number
  /** The port of servers that answer with faults. */
  readonly faulty: number
  /** A test address that an attacker knows. */
  readonly token: string
}

const head = (line: string, ...fields: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: relay-tests', ...fields, '', ''].join('\r\n')
const authorized = `Authorization: Bearer ${KEYS.desk}`
const preferring = (value: string): string => {
  const body = '{"ip":"203.0.113.1"}'
  const length = `Content-Length: ${body.length}`
  return head('POST /relay-tests', authorized, 'Content-Type: application/json', `Prefer: ${value}`, length) + body
}
const huge = (...fields: readonly string[]): string =>
  head('POST /relay-tests', 'Content-Type: application/json', 'Content-Length: 99999999', ...fields)

/** Texts that look like secrets, in a message of 128 KiB. */
const candidates = Array.from({ length: 4_700 }, (_, n) =>
  n
    .toString(32)
    .padStart(26, 'a')
    .replace(/[0189]/g, 'z'),
).join('\r\n')
/** Ten sources for strangers at the mailbox, and five for those who know a test address. */
const stranger = (connection: number): string => `127.0.3.${1 + (connection % 10)}`
const knowing = (connection: number): string => `127.0.4.${1 + (connection % 5)}`

/** Returns every attack by name: what it sends, and over how many connections. */
export const attacksOn = ({ http, mailbox, faulty, token }: Besieged): Readonly<Record<string, Flood>> => ({
  'Prefer with 7,600 spaces (M3)': {
    port: http,
    connections: 2,
    strike: asking(preferring(`wait${' '.repeat(7_600)}x`), 'HTTP/1.1 '),
  },
  'Prefer with unclosed quotes (M3)': {
    port: http,
    connections: 2,
    strike: asking(preferring('a="'.repeat(2_500)), 'HTTP/1.1 '),
  },
  'messages full of secrets (M7)': {
    port: mailbox,
    connections: 10,
    from: knowing,
    strike: greeted(
      repeating(
        `EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<${token}>\r\nDATA\r\nSubject: x\r\n\r\n${candidates}\r\n.\r\nRSET\r\n`,
      ),
    ),
  },
  'NOOP and RSET at the mailbox (M8)': {
    port: mailbox,
    connections: 50,
    from: stranger,
    strike: greeted(repeating('NOOP\r\nRSET\r\n'.repeat(500))),
  },
  'NOOP after each answer at the mailbox (M8)': {
    port: mailbox,
    connections: 50,
    from: stranger,
    strike: greeted(asking('NOOP\r\n', '250 ')),
  },
  'commands before the greeting (M8)': {
    port: mailbox,
    connections: 10,
    from: stranger,
    strike: repeating('NOOP\r\nRSET\r\n'.repeat(500)),
  },
  'servers with 64 KiB of faults (L5)': {
    port: http,
    connections: 8,
    strike: (socket, sent) => {
      // Each connection tests its own servers, one after the other.
      const at = socket.localPort ?? 0
      let tested = 0
      const next = () => postRelayTest({ ip: `127.${60 + (at % 40)}.${at % 250}.${tested++ % 250}`, port: faulty })
      socket.setEncoding('latin1')
      socket.on('data', (chunk: string) => {
        if (!chunk.includes('HTTP/1.1 ')) return
        sent()
        socket.write(next())
      })
      socket.write(next())
    },
  },
  '404 without a key': { port: http, connections: 10, strike: asking(head('GET /nothing'), 'HTTP/1.1 ') },
  '401 with a wrong key': {
    port: http,
    connections: 10,
    strike: asking(head('GET /limits', `Authorization: Bearer rtk_${'x'.repeat(43)}`), 'HTTP/1.1 '),
  },
  'idle connections': { port: http, connections: 300, strike: idling },
  'idle connections at the mailbox': { port: mailbox, connections: 150, from: stranger, strike: idling },
  'slow requests': { port: http, connections: 100, strike: trickling(head('GET /livez', 'X-Slow: '.repeat(50))) },
  'huge bodies without a key': { port: http, connections: 5, strike: hugeBody(huge()) },
  'huge bodies with a key': { port: http, connections: 5, strike: hugeBody(huge(authorized)) },
})

/** Sends the head of a request, and then its body until the server closes the connection. */
function hugeBody(request: string): Flood['strike'] {
  return (socket, sent) => {
    socket.write(request)
    repeating('x'.repeat(65_536))(socket, sent)
  }
}
