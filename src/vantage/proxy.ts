import { parseAddress } from '../ip/address.ts'
import type { SocksProxy } from '../smtp/socks.ts'

const PROXY = /^socks5:\/\/(?:([^:@/]+):([^:@/]+)@)?(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([1-9]\d{0,4})$/

/** RFC 1929 gives the length of each in one byte. */
const LONGEST = 255

/**
 * Reads where a SOCKS5 proxy is: `socks5://10.0.0.5:1080`, `socks5://user:p%40ss@[2001:db8::5]:1080`. User and password are
 * percent-encoded where they hold what separates the parts. Null for anything else.
 */
export function parseProxy(text: string): SocksProxy | null {
  const [, user, password, six, four, port] = PROXY.exec(text) ?? []
  const address = parseAddress(six ?? four ?? '')
  if (!address || address.family !== (six === undefined ? 4 : 6) || Number(port) > 65535) return null
  const place = { address, port: Number(port) }
  if (user === undefined || password === undefined) return { ...place, login: null }
  const [name, secret] = [decoded(user), decoded(password)]
  return name === null || secret === null ? null : { ...place, login: { user: name, password: secret } }
}

function decoded(text: string): string | null {
  try {
    const word = decodeURIComponent(text)
    return Buffer.byteLength(word) <= LONGEST ? word : null
  } catch {
    return null
  }
}
