/** The keys of the examples and of the demo. Everybody can read them, so they are good only on loopback. */
import { parseAddress } from '../ip/address.ts'
import { isLoopback } from '../ip/special.ts'
import { hashKey } from './keys.ts'

const PUBLISHED = new Set(
  ['rtk_DEMO-KEY-published-never-use-it-elsewhere--', 'rtk_SANDBOX-KEY-published-never-use-it-anywhere'].map(hashKey),
)

/** Tells whether a hash is that of a key that this project has published. */
export const isPublished = (sha256: string): boolean => PUBLISHED.has(sha256)

/** Tells whether only programs of this machine reach a service that listens on this host (the setting HOST). */
export function isOnLoopback(host: string): boolean {
  const address = parseAddress(host)
  return host === 'localhost' || (address !== null && isLoopback(address))
}
