/** The ten faults that a server can show at any moment of a dialogue. */
import { randomBytes } from 'node:crypto'
import type { Moment, Peer } from './server.ts'

/** The reply code that the client expects at a moment; 250 at all others. */
const CODES: Partial<Record<Moment, string>> = {
  connect: '220',
  greeting: '220',
  STARTTLS: '220',
  handshake: '220',
  DATA: '354',
  QUIT: '221',
}
const codeAt = (moment: Moment): string => CODES[moment] ?? '250'

/** The pause between two bytes: short enough that no idle timer runs out, although the line never ends. */
const DRIP_MS = 250

/** The names of the faults. */
export const FAULT_NAMES = [
  'RST',
  'FIN',
  'silence',
  'drip',
  '421',
  'no line end',
  'endless multi-line',
  'oversize line',
  'garbage code',
  'binary',
] as const
export type Fault = (typeof FAULT_NAMES)[number]

/** Faults that the client can notice only at its deadline. */
export const SILENT: ReadonlySet<Fault> = new Set<Fault>(['silence', 'drip', 'no line end'])

/** A fault that a server shows instead of its reply. After that, it sends nothing more. */
const FAULTS: Readonly<Record<Fault, (peer: Peer, code: string) => void>> = {
  RST: ({ wire }) => wire.resetAndDestroy(),
  FIN: ({ socket }) => socket.end(),
  silence: () => {},
  drip(peer, code) {
    peer.say(`${code} `)
    const timer = setInterval(() => peer.say('x'), DRIP_MS)
    peer.wire.once('close', () => clearInterval(timer))
  },
  '421'(peer) {
    peer.say('421 4.3.2 Service shutting down\r\n')
    peer.socket.end()
  },
  'no line end': (peer, code) => peer.say(`${code} Ok`),
  'endless multi-line': (peer, code) => flood(peer, `${code}-and one more\r\n`.repeat(500)),
  'oversize line': (peer, code) => peer.say(`${code} ${'x'.repeat(100_000)}\r\n`),
  'garbage code': (peer) => peer.say('2x0 Ok\r\n'),
  binary: (peer) => peer.say(Buffer.concat([Buffer.from([0xff, 0x00, 0x1b]), randomBytes(61), Buffer.from('\r\n')])),
}

/** Makes a fault happen instead of the server's reply at a moment. */
export const happen = (fault: Fault, moment: Moment, peer: Peer): void => FAULTS[fault](peer, codeAt(moment))

/** Writes a piece again and again, as fast as it is read, until `bytes` bytes are written. */
export function flood(peer: Peer, piece: string | Buffer, bytes = Number.POSITIVE_INFINITY): void {
  const { socket } = peer
  const chunk = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece
  let left = bytes
  const pour = () => {
    for (let more = true; more && left > 0 && socket.writable; left -= chunk.length) more = socket.write(chunk)
  }
  socket.on('drain', pour)
  pour()
}
