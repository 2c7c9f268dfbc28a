/** Reads HOST:PORT, which settings and the vantages file use. */
import { parseAddress } from './address.ts'

export interface Endpoint {
  /** An IP address without brackets, or a name. */
  readonly host: string
  readonly port: number
}

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(0|[1-9]\d{0,4})$/

/**
 * Reads `203.0.113.25:25`, `[2001:db8::25]:25` or `mail.example.com:25`. IPv6 needs the brackets.
 *
 * @returns null for any other text; the name of a host is not checked
 */
export function parseEndpoint(text: string): Endpoint | null {
  const [, ipv6, host = '', digits] = HOST_PORT.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) return null
  if (ipv6 !== undefined) return parseAddress(ipv6)?.family === 6 ? { host: ipv6, port } : null
  // A text of digits and dots that is no IPv4 address must not pass as a name.
  return /^[\d.]+$/.test(host) && parseAddress(host) === null ? null : { host, port }
}
