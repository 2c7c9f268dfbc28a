/** What is right to say when a fault happens at a moment of the dialogue. */
import { FAULT_NAMES, type Fault, happen } from './faults.ts'
import type { Moment, Script, Usual } from './server.ts'

/** What it means where the one thing that would count stays without a sound answer. */
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

/** A server that goes wrong at one moment: which server, and what is right to say of it. */
export const EXPECTED: Readonly<Record<Moment, readonly [Partial<Usual>, Readonly<Record<Fault, string>>]>> = {
  connect: [{}, UNANSWERED],
  // Half a greeting was said: what follows in another code is no reply.
  greeting: [{}, { ...UNANSWERED, '421': 'protocol-error' }],
  EHLO: [{}, UNANSWERED],
  STARTTLS: [{ tls: true }, always('tls-failed')],
  handshake: [{ tls: true }, always('tls-failed')],
  // Only the first session's refusal is read for its words.
  'second EHLO': [{ tls: true }, { ...UNANSWERED, '421': 'greeting-refused' }],
  MAIL: [{}, UNANSWERED],
  RCPT: [{}, UNANSWERED],
  // It took an outside recipient: that is known whatever follows. A 421 is its answer, and says that it is for now.
  DATA: [{ relays: 'plain' }, { ...always('recipient-accepted'), '421': 'server-trouble' }],
  'final dot': [{ relays: 'plain' }, { ...always('recipient-accepted'), '421': 'server-trouble' }],
  // Everything was refused before, in step: how it says farewell takes nothing back.
  RSET: [{}, always('closed')],
  QUIT: [{}, always('closed')],
}

/**
 * Lets a fault happen at a moment, on every connection: in the middle of the greeting; in place of the server's part
 * of the handshake; and at RSET as soon as all four forms have been refused.
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

/** Enough for the first half to have been read: a reset takes with it what was not. */
const HALF_A_GREETING_MS = 100
