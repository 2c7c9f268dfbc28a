/** Returns an address and a port as one text, for example `203.0.113.25:25` or `[2001:db8::25]:25`. */
export const endpointText = (ip: string, port: number | string): string =>
  `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
