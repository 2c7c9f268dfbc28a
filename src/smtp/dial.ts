import { connect, type LookupFunction, type Socket } from 'node:net'
import { type Address, parseAddress } from '../ip/address.ts'

/** Why a connection did not come about. */
export type DialFault = 'connect-timeout' | 'connection-refused' | 'unreachable' | 'dropped'

export interface DialOptions {
  readonly address: Address
  readonly port: number
  /** Local source address; null leaves it to the routing table. */
  readonly bind: Address | null
  readonly timeoutMs: number
}

/** What `connect` says, by errno; anything else means that the address cannot be reached from here. */
const FAULTS: Readonly<Record<string, DialFault>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'dropped',
  ETIMEDOUT: 'connect-timeout',
}

/**
 * Opens a TCP connection to exactly the address that was checked: from its canonical text, without a name look-up, and
 * verified against the peer address of the socket. Resolves with the socket or with the fault and its errno.
 */
export function dial({
  address,
  port,
  bind,
  timeoutMs,
}: DialOptions): Promise<{ socket: Socket } | { fault: DialFault; errno: string | null }> {
  return new Promise((resolve) => {
    const socket = connect({
      host: address.text,
      port,
      family: address.family,
      autoSelectFamily: false,
      noDelay: true,
      lookup: refuseLookup,
      ...(bind ? { localAddress: bind.text } : {}),
    })
    const fail = (fault: DialFault, errno: string | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ fault, errno })
    }
    const timer = setTimeout(() => fail('connect-timeout', null), timeoutMs)
    socket.once('error', (error: NodeJS.ErrnoException) => {
      fail(FAULTS[error.code ?? ''] ?? 'unreachable', error.code ?? null)
    })
    socket.once('connect', () => {
      // A socket that was reset at once has no peer any more; one with another peer must never be spoken to.
      if (socket.remoteAddress === undefined) return fail('dropped', 'ECONNRESET')
      const peer = parseAddress(socket.remoteAddress)
      if (peer?.family !== address.family || peer.value !== address.value) return fail('unreachable', null)
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve({ socket })
    })
  })
}

/** Node resolves names only where the host is no literal; ours always is, so a look-up is a fault of this program. */
const refuseLookup: LookupFunction = () => {
  throw new Error('a relay test never looks up a name')
}
