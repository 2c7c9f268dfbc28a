/** Sends one request to an address that was checked. Follows no redirect, and reads only the start of the answer. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Address } from '../ip/address.ts'
import { VERSION } from '../version.ts'
import type { Signed } from './signing.ts'

/** How long a receiver may take for the whole exchange, in milliseconds. */
const DEADLINE_MS = 10_000
/** How much of an answer is read, in bytes. */
const READ_BYTES = 4_096

/** Thrown if a request took too long. */
export class TooSlow extends Error {}

/** The answer of a receiver. */
export interface ReceiverAnswer {
  readonly status: number
  /** The start of the body. */
  readonly text: string
}

/**
 * Sends an event, and returns the answer. Rejects if there is no answer in time.
 *
 * @param address the checked address to connect to. The host of the URL is not looked up again
 */
export function post(
  url: URL,
  address: Address,
  { headers, body }: Signed,
  stop: AbortSignal,
): Promise<ReceiverAnswer> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isSecure = url.protocol === 'https:'
  const options: RequestOptions & { servername: string } = {
    method: 'POST',
    host: address.text,
    family: address.family,
    port: url.port || (isSecure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    // TLS has no server name for an address. The certificate must then be for the address.
    servername: isIP(host) ? '' : host,
    headers: {
      host: url.host,
      'user-agent': `relay-tests/${VERSION}`,
      ...headers,
      'content-length': Buffer.byteLength(body),
    },
    agent: false,
    signal: stop,
  }
  return new Promise((resolve, reject) => {
    let answered = false
    const sent = (isSecure ? httpsRequest : httpRequest)(options, (response) => {
      answered = true
      startOf(response).then((text) => {
        sent.destroy()
        resolve({ status: response.statusCode ?? 0, text })
      })
    })
    const timer = setTimeout(() => sent.destroy(new TooSlow()), DEADLINE_MS)
    // Once the headers are here, the status counts, even if the body breaks off.
    sent.on('error', (error) => {
      if (!answered) reject(error)
    })
    sent.on('close', () => clearTimeout(timer))
    sent.end(body)
  })
}

/** Returns the start of a body. Returns the part that has come if it breaks off or ends too late. */
function startOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const end = () => resolve(bytes.subarray(0, READ_BYTES).toString())
    response.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= READ_BYTES) end()
    })
    response.on('error', end)
    response.on('close', end)
  })
}
