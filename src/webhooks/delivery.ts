/** Sends one event to a webhook, and says in plain words how the receiver answered. */
import type { Webhook } from '../access/callers.ts'
import { type DestinationFacts, destinationsOf, Undeliverable } from './destination.ts'
import { post, type ReceiverAnswer, TooSlow } from './post.ts'
import { type Outgoing, signed } from './signing.ts'

/** The end of one attempt. `gone`: the receiver wants no more events (410). */
export type Delivered =
  | { readonly outcome: 'delivered'; readonly answer: ReceiverAnswer }
  | { readonly outcome: 'gone'; readonly answer: ReceiverAnswer }
  | { readonly outcome: 'failed'; readonly answer: ReceiverAnswer | null; readonly why: string }

const GONE = 410

/**
 * Sends one event. Never rejects.
 *
 * @param attempt the number of the attempt, from 1. If a name has several addresses, each attempt takes the next one
 */
export async function deliver(
  message: Outgoing,
  { url, secret }: Webhook,
  attempt: number,
  around: DestinationFacts,
  stop: AbortSignal,
): Promise<Delivered> {
  try {
    const target = new URL(url)
    const addresses = await destinationsOf(target, around)
    const address = addresses[(attempt - 1) % addresses.length]
    if (!address) throw new Undeliverable('there is no address')
    const answer = await post(target, address, signed(message, secret, new Date()), stop)
    const { status } = answer
    if (status >= 200 && status < 300) return { outcome: 'delivered', answer }
    if (status === GONE) return { outcome: 'gone', answer }
    return { outcome: 'failed', answer, why: refusalOf(status) }
  } catch (error) {
    return { outcome: 'failed', answer: null, why: whyOf(error) }
  }
}

const refusalOf = (status: number): string =>
  status >= 300 && status < 400
    ? `it answered ${status}, a redirect: we follow none, so set the final address`
    : `it answered ${status}; a receiver answers 2xx when it has stored the event`

const NOT_HTTP = 'it does not answer as a web server does'

/** Plain words for error codes of Node.js. */
const WORDS: Readonly<Record<string, string>> = {
  ABORT_ERR: 'the service is ending',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it broke off the connection',
  EHOSTUNREACH: 'there is no network path to the host',
  ENETUNREACH: 'its network cannot be reached',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is from an authority that we do not know',
}

/** Returns why there was no answer. Uses no text of Node.js, because it can repeat the address. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'there was no answer'
  if (error instanceof Undeliverable) return error.message
  if (error instanceof TooSlow) return 'it did not answer within ten seconds'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (WORDS[code]) return WORDS[code]
  return code === '' || code.startsWith('HPE_') ? NOT_HTTP : code
}
