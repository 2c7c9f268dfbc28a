/** Verifies webhooks of a relay test service, by the scheme of Standard Webhooks. It needs only WebCrypto. */
import type { WebhookEvent } from './finished.ts'

/** The headers of a request, as `fetch` or as Node.js gives them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/** A request that is no webhook of your provider, or too old. Answer it with 400. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused'
}

/** How far the clocks of sender and receiver may differ, in seconds. An older request may be a repeated one. */
const TOLERANCE_S = 300

/**
 * Verifies the signature of a webhook, and returns its event. An event can come more than once, with the same
 * `webhook-id` each time. It may have a type that you do not know: ignore it.
 *
 * @param secret as your provider gave it: `whsec_` and base64
 * @param body the body as it came, before any parsing
 * @throws WebhookRefused if the request is not from your provider, or is older than five minutes
 */
export async function verifyWebhook(
  secret: string,
  headers: WebhookHeaders,
  body: string | Uint8Array,
): Promise<WebhookEvent> {
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  if (!id || !timestamp || !signatures) throw new WebhookRefused('The headers of a webhook are missing.')
  const age = Date.now() / 1000 - Number(timestamp)
  if (!/^\d+$/.test(timestamp) || Math.abs(age) > TOLERANCE_S) {
    throw new WebhookRefused('The webhook is too old, or the clock of this machine is wrong.')
  }
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`)
  const key = await crypto.subtle.importKey('raw', keyBytes(secret), HMAC, false, ['verify'])
  for (const signature of signatures.split(' ')) {
    const bytes = signature.startsWith('v1,') ? bytesOf(signature.slice(3)) : null
    // The comparison takes the same time for every wrong signature.
    if (bytes && (await crypto.subtle.verify('HMAC', key, bytes, signed))) return JSON.parse(text)
  }
  throw new WebhookRefused('The signature of the webhook is wrong.')
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const
const PREFIX = 'whsec_'

function keyBytes(secret: string) {
  const bytes = bytesOf(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret)
  if (!bytes || bytes.length === 0) throw new TypeError('secret: give it as your provider gave it, whsec_ and base64')
  return bytes
}

/** Returns the bytes of a base64 text, or null if it is none. */
function bytesOf(base64: string) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

function headerOf(headers: WebhookHeaders, name: string): string | null {
  if (headers instanceof Headers) return headers.get(name)
  const [, value] = Object.entries(headers).find(([one]) => one.toLowerCase() === name) ?? []
  return typeof value === 'string' ? value : null
}
