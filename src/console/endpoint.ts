/** Writes where a server is: an IPv6 address has brackets before its port. */

/** Returns an address as it is written before a port. */
export const hostText = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip)

/** Returns an address and a port, for example `203.0.113.25:25` or `[2001:db8::25]:25`. */
export const endpointText = ({ ip, port }: { readonly ip: string; readonly port: number | string }): string =>
  `${hostText(ip)}:${port}`
