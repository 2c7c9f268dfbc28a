/** Opens the TCP connection of a test to exactly the address that was checked. */
import { connect, type LookupFunction, type Socket } from 'node:net'
import { type Address, parseAddress } from '../ip/address.ts'

/** Why there is no connection. `vantage-failed` says nothing about the target: our own proxy failed. */
export type DialFault = 'connect-timeout' | 'connection-refused' | 'unreachable' | 'dropped' | 'vantage-failed'

/**
 * A connection, or why there is none. `localAddress` is our address as the target sees it, or null if we cannot know
 * it. `detail` is an errno, or the failure of the proxy; null if the time ran out.
 */
export type Dialled =
  | { readonly socket: Socket; readonly localAddress: Address | null }
  | { readonly fault: DialFault; readonly detail: string | null }

/** Opens a connection to an address and port. Resolves in any case, at the latest after `timeoutMs` milliseconds. */
export type Dial = (address: Address, port: number, timeoutMs: number) => Promise<Dialled>

/** The errors of `connect`, by errno. Any other error means that we cannot reach the address. */
const FAULTS: Readonly<Record<string, DialFault>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'dropped',
  ETIMEDOUT: 'connect-timeout',
}

/**
 * Returns a `Dial` that connects directly, without a name lookup, and checks the peer address of the socket.
 *
 * @param bind local source addresses, at most one of each family; without one, the routing table chooses
 */
export const dialFrom =
  (bind: readonly Address[]): Dial =>
  (address, port, timeoutMs) =>
    new Promise((resolve) => {
      const source = bind.find(({ family }) => family === address.family)
      const socket = connect({
        host: address.text,
        port,
        family: address.family,
        autoSelectFamily: false,
        noDelay: true,
        lookup: refuseLookup,
        ...(source ? { localAddress: source.text } : {}),
      })
      const fail = (fault: DialFault, detail: string | null) => {
        clearTimeout(timer)
        socket.destroy()
        resolve({ fault, detail })
      }
      const timer = setTimeout(() => fail('connect-timeout', null), timeoutMs)
      socket.once('error', (error: NodeJS.ErrnoException) => {
        fail(FAULTS[error.code ?? ''] ?? 'unreachable', error.code ?? null)
      })
      socket.once('connect', () => {
        // A socket that was reset at once has no peer any more. We must never speak to a different peer.
        if (socket.remoteAddress === undefined) return fail('dropped', 'ECONNRESET')
        const peer = parseAddress(socket.remoteAddress)
        if (peer?.family !== address.family || peer.value !== address.value) return fail('unreachable', 'another peer')
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve({ socket, localAddress: parseAddress(socket.localAddress ?? '') })
      })
    })

/** Node looks up a host only if it is a name. Our host is always an address, so a lookup is a fault of this program. */
const refuseLookup: LookupFunction = () => {
  throw new Error('a relay test never looks up a name')
}
