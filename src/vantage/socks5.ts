/** A vantage that connects through a SOCKS5 proxy. */
import { parseAddress } from '../ip/address.ts'
import { parseEndpoint } from '../ip/endpoint.ts'
import type { SocksProxy } from '../smtp/socks.ts'
import { dialThrough, objectionOf } from '../smtp/socks-dial.ts'
import { type Egress, failed, ok, skippedCheck } from './egress.ts'

const PROXY_MS = 5_000

/** Returns the way out through a proxy. Only `publicIps` tells which addresses servers see. */
export const throughSocks5 = (proxy: SocksProxy): Egress => ({
  dial: dialThrough(proxy),
  bind: [],
  dependsOn: [proxy.address],
  sources: (publicIps) => publicIps,
  checks: {
    'source-address': () => skippedCheck('The proxy chooses the source address.'),
    async proxy() {
      const objection = await objectionOf(proxy, PROXY_MS)
      return objection === null ? ok('The proxy answers.') : failed(`The proxy: ${objection}.`)
    },
  },
})

const PROXY_URL = /^socks5:\/\/(?:([^:@/]+):([^:@/]+)@)?([^@/]+)$/

/** RFC 1929 has one byte for each length. */
const MAX_LOGIN_BYTES = 255

/**
 * Reads `socks5://10.0.0.5:1080` or `socks5://user:p%40ss@[2001:db8::5]:1080`. In the user and the password, the
 * characters `:`, `@`, `/` and `%` must be percent-encoded.
 *
 * @returns null for any other text
 */
export function parseSocks5Url(text: string): SocksProxy | null {
  const [, user, password, place = ''] = PROXY_URL.exec(text) ?? []
  const endpoint = parseEndpoint(place)
  const address = parseAddress(endpoint?.host ?? '')
  if (!endpoint || !address || endpoint.port === 0) return null
  const { port } = endpoint
  if (user === undefined || password === undefined) return { address, port, login: null }
  const login = { user: decoded(user), password: decoded(password) }
  return login.user === null || login.password === null
    ? null
    : { address, port, login: { user: login.user, password: login.password } }
}

function decoded(text: string): string | null {
  try {
    const word = decodeURIComponent(text)
    return Buffer.byteLength(word) <= MAX_LOGIN_BYTES ? word : null
  } catch {
    return null
  }
}
