/** Opens the TCP connection of a test to exactly the address that was checked. */
import { connect, type LookupFunction, type Socket } from 'node:net'
import { type Address, parseAddress } from '../ip/address.ts'
import { type DialFault, faultOf } from './socket-errors.ts'

/**
 * A connection, or why there is none. `localAddress` is our address as the target sees it, or null if we cannot know
 * it. `detail` is an errno, or the failure of the proxy; null if the time ran out.
 */
export type Dialled =
  | { readonly socket: Socket; readonly localAddress: Address | null }
  | { readonly fault: DialFault; readonly detail: string | null }

/** Opens a connection to an address and port. Resolves in any case, at the latest after `timeoutMs` milliseconds. */
export type Dial = (address: Address, port: number, timeoutMs: number) => Promise<Dialled>

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
      // Our own system returns an error at once: no socket, no source address, no port, no route. Nothing was sent
      // then.
      let isSent = false
      socket.once('connectionAttempt', () => {
        process.nextTick(() => {
          isSent = !socket.destroyed
        })
      })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        fail(isSent ? faultOf(error) : 'vantage-failed', error.code ?? 'unknown error')
      })
      socket.once('connect', () => {
        // A socket that was reset at once has no peer any more. We must never speak to a different peer.
        if (socket.remoteAddress === undefined) return fail('dropped', 'ECONNRESET')
        const peer = parseAddress(socket.remoteAddress)
        if (peer?.family !== address.family || peer.value !== address.value)
          return fail('vantage-failed', 'another peer')
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve({ socket, localAddress: parseAddress(socket.localAddress ?? '') })
      })
    })

/** Node looks up a host only if it is a name. Our host is always an address, so a lookup is a fault of this program. */
const refuseLookup: LookupFunction = () => {
  throw new Error('a relay test never looks up a name')
}
