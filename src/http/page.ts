/** How the service sends pages and their files: with a policy that lets them load our own files, and nothing else. */
import type { FastifyReply } from 'fastify'

/** How long a browser may keep a page that changes only with the version of the service, in seconds. */
const KEEP_SECONDS = 3_600

/** A page or a file of one, as it is sent. */
export interface HtmlPage {
  readonly type: string
  readonly content: string | Buffer
  /** The Content-Security-Policy without what all pages have. */
  readonly policy: readonly string[]
}

const POLICY = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]

/** Returns the headers of a page or of one of its files. `policy` is what the page may load or do. */
export const pageHeaders = (policy: readonly string[]) => ({
  'Content-Security-Policy': [...POLICY, ...policy].join('; '),
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
})

/** Sends a page that is the same for everybody, and that a browser may keep for an hour. */
export function sendPage(reply: FastifyReply, { type, content, policy }: HtmlPage): FastifyReply {
  return reply
    .type(type)
    .headers({ ...pageHeaders(policy), 'Cache-Control': `public, max-age=${KEEP_SECONDS}` })
    .send(content)
}
