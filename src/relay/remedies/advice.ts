/**
 * Defines advice, and the documents that several tables refer to. Every document was read when its row was written. The
 * comment above it quotes or names the passage that counts.
 */
import type { Cause } from '../../contract/words.ts'
import type { SoftwareName } from '../software.ts'

/**
 * Advice that can be read out: short sentences that say what to do, in printable ASCII, and the addresses of documents
 * that say the same.
 */
export interface Advice {
  readonly title: string
  readonly steps: readonly string[]
  readonly references: readonly string[]
}

/** How to close one mail server software. */
export interface ServerAdvice extends Advice {
  /** The software as people call it. */
  readonly software: string
  /** The names of that software in software.ts. */
  readonly names: readonly SoftwareName[]
  /** The versions that the row is for; an unknown version is tested as an empty text. Absent: all versions. */
  readonly version?: RegExp
  /** The causes that the row is for. Absent: all causes. */
  readonly causes?: readonly Cause[]
}

/** The causes of a server that decides by the sender. */
export const SENDER_CAUSES = ['own-domain-sender', 'own-host-sender', 'null-sender', 'address-literal'] as const

/** The causes of a server that follows a route inside the recipient. */
export const ROUTE_CAUSES = ['percent-hack', 'bang-path', 'source-route', 'address-spelling'] as const

/** Section 2.1: HELO and MAIL FROM are forged; authorize by recipient and client; consider routes (@a,@b:u@c, %, !). */
export const RFC2505 = 'https://www.tech-invite.com/y25/tinv-ietf-rfc-2505.html'

/**
 * "Rejecting mail for a non-existent recipient address"; "place non-recipient restrictions AFTER
 * reject_unauth_destination".
 */
export const POSTFIX_ACCESS =
  'https://github.com/vdukhovni/postfix/blob/15bb9dcf1808e83a224fd99813c4c1498bf33775/postfix/README_FILES/SMTPD_ACCESS_README'

/** The userland proxy of Docker connects to the container instead of an IPv6 client (see DOCKER_OPEN_RELAY). */
export const PUBLISH_FOR_IPV4 =
  'With Docker, publish port 25 on the IPv4 address only, or give the container its own IPv6 address: its proxy hides IPv6 clients.'

/** What backscatter is, and why a server should refuse unknown recipients during the session. */
export const BACKSCATTER = 'https://pyte.dev/posts/blocking-invalid-rcpt-postfix'

/** "the proxied requests from now on contain the proxy IP as the request origin"; the PROXY protocol solves it. */
export const BEHIND_PROXY =
  'https://docker-mailserver.github.io/docker-mailserver/v11.0/examples/tutorials/mailserver-behind-proxy/'

/** "You are losing the real external IP somewhere": the gateway 172.25.0.1 was trusted, for IPv6 clients of Docker. */
export const DOCKER_OPEN_RELAY = 'https://github.com/docker-mailserver/docker-mailserver/issues/1405'
