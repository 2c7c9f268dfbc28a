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
export const RFC2505 = 'https://www.rfc-editor.org/rfc/rfc2505.html'

/**
 * "Rejecting mail for a non-existent recipient address"; "place non-recipient restrictions AFTER
 * reject_unauth_destination".
 */
export const POSTFIX_ACCESS = 'https://www.postfix.org/SMTPD_ACCESS_README.html'

/** The userland proxy of Docker connects to the container instead of an IPv6 client (see DOCKER_IPV6). */
export const PUBLISH_FOR_IPV4 =
  'With Docker, publish port 25 on the IPv4 address only, or give the container its own IPv6 address: its proxy hides IPv6 clients.'

/** To refuse unknown recipients during the session "keeps undeliverable mail out of your queue"; how to list them. */
export const UNKNOWN_RECIPIENTS = 'https://www.postfix.org/LOCAL_RECIPIENT_README.html'

/** "the proxied requests from now on contain the proxy IP as the request origin"; the PROXY protocol solves it. */
export const BEHIND_PROXY =
  'https://docker-mailserver.github.io/docker-mailserver/v11.0/examples/tutorials/mailserver-behind-proxy/'

/** "The original client IP is replaced with the gateway IP of a docker network"; that "can risk" an open relay. */
export const DOCKER_IPV6 = 'https://docker-mailserver.github.io/docker-mailserver/latest/config/advanced/ipv6/'
