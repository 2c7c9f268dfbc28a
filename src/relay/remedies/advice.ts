import type { Cause } from '../../contract/words.ts'

/**
 * What to do, to be read out: short imperative sentences in printable ASCII, and the addresses of documents that say so.
 * A reference is a document that was read when its row was written; the comment beside a row says which passage counts.
 */
export interface Advice {
  readonly title: string
  readonly steps: readonly string[]
  readonly references: readonly string[]
}

/** How a mail server software is closed. */
export interface ServerAdvice extends Advice {
  /** The software as people call it. */
  readonly software: string
  /** The names that software.ts gives it. */
  readonly names: readonly string[]
  /** Only these versions; tested against the empty text where none is known. */
  readonly version?: RegExp
  /** Only for a server that trusts one of these; without it, for whatever it trusts. */
  readonly causes?: readonly Cause[]
}

/** A server that decides by the sender. */
export const SENDER_CAUSES = ['own-domain-sender', 'own-host-sender', 'null-sender', 'address-literal'] as const

/** A server that follows a route within the recipient. */
export const ROUTE_CAUSES = ['percent-hack', 'bang-path', 'source-route', 'address-spelling'] as const

/** Section 2.1: HELO and MAIL FROM are forged, authorize by recipient and client; take routes (@a,@b:u@c, %, !) into account. */
export const RFC2505 = 'https://www.tech-invite.com/y25/tinv-ietf-rfc-2505.html'

/** "Rejecting mail for a non-existent recipient address"; "place non-recipient restrictions AFTER reject_unauth_destination". */
export const POSTFIX_ACCESS =
  'https://github.com/vdukhovni/postfix/blob/15bb9dcf1808e83a224fd99813c4c1498bf33775/postfix/README_FILES/SMTPD_ACCESS_README'

/** "the proxied requests from now on contain the proxy IP as the request origin"; the proxy protocol solves it. */
export const BEHIND_PROXY =
  'https://docker-mailserver.github.io/docker-mailserver/v11.0/examples/tutorials/mailserver-behind-proxy/'

/** "You are losing the real external IP somewhere": the gateway 172.25.0.1 was trusted, for IPv6 clients of Docker. */
export const DOCKER_OPEN_RELAY = 'https://github.com/docker-mailserver/docker-mailserver/issues/1405'
