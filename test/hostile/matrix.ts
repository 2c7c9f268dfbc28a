/** The expected reason for each fault at each moment of the dialogue. */
import { FAULT_NAMES, type Fault, happen } from './faults.ts'
import type { Moment, Script, Usual } from './server.ts'

/** The reason for each fault, if the decisive command gets no valid answer. */
const UNANSWERED: Readonly<Record<Fault, string>> = {
  RST: 'dropped',
  FIN: 'dropped',
  silence: 'deadline',
  drip: 'deadline',
  '421': 'server-trouble',
  'no line end': 'deadline',
  'endless multi-line': 'protocol-error',
  'oversize line': 'protocol-error',
  'garbage code': 'protocol-error',
  binary: 'protocol-error',
}

const always = (word: string): Readonly<Record<Fault, string>> => {
  const words = Object.fromEntries(FAULT_NAMES.map((fault) => [fault, word]))
  return { ...UNANSWERED, ...words }
}

/** For each moment: the kind of server, and the expected reason for each fault. */
export const EXPECTED: Readonly<Record<Moment, readonly [Partial<Usual>, Readonly<Record<Fault, string>>]>> = {
  connect: [{}, UNANSWERED],
  // The first half of the greeting has the code 220: a second half with another code is not valid.
  greeting: [{}, { ...UNANSWERED, '421': 'protocol-error' }],
  EHLO: [{}, UNANSWERED],
  STARTTLS: [{ tls: true }, always('tls-failed')],
  handshake: [{ tls: true }, always('tls-failed')],
  // The text of a refusal is read only before TLS.
  'second EHLO': [{ tls: true }, { ...UNANSWERED, '421': 'greeting-refused' }],
  MAIL: [{}, UNANSWERED],
  RCPT: [{}, UNANSWERED],
  // The server accepted an outside recipient, and no later fault changes that. A 421 is an answer: try again later.
  DATA: [{ relays: 'plain' }, { ...always('recipient-accepted'), '421': 'server-trouble' }],
  'final dot': [{ relays: 'plain' }, { ...always('recipient-accepted'), '421': 'server-trouble' }],
  // Everything was refused before, in order. A fault at the end of the session changes nothing.
  RSET: [{}, always('closed')],
  QUIT: [{}, always('closed')],
}

/**
 * Makes a fault happen at a moment on every connection. At `greeting`, it comes in the middle of the greeting; at
 * `handshake`, instead of the server's part of it; at RSET, only after all four forms have been refused.
 */
export function faultAt(fault: Fault, at: Moment): Script {
  let refused = 0
  return (moment, peer) => {
    if (moment === 'RCPT') refused += 1
    if (moment !== at || (moment === 'RSET' && refused < 4)) return undefined
    peer.deaf = true
    if (moment === 'greeting') {
      peer.say('220-mail.example.com ESMTP\r\n')
      setTimeout(() => happen(fault, moment, peer), HALF_A_GREETING_MS)
    } else if (moment === 'handshake') peer.wire.once('data', () => happen(fault, moment, peer))
    else happen(fault, moment, peer)
    return null
  }
}

/** Time for the client to read the first half: a reset discards unread data. */
const HALF_A_GREETING_MS = 100
