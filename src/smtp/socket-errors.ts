/** Tells errors of a socket that speak of the target from those of our own machine, which say nothing about it. */

/** Why there is no connection. `vantage-failed` says nothing about the target: our own machine or proxy failed. */
export type DialFault = 'connect-timeout' | 'connection-refused' | 'unreachable' | 'dropped' | 'vantage-failed'

/**
 * The errors that the target or the network in front of it can cause, by errno. Linux makes the errors that mean
 * `unreachable` from ICMP messages (icmp_err_convert in net/ipv4/icmp.c, icmpv6_err_convert in net/ipv6/icmp.c).
 * Any other error is ours, such as EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS, ENOMEM, EPERM or an unknown one.
 */
const OF_TARGET: ReadonlyMap<string, DialFault> = new Map(
  Object.entries<DialFault>({
    ECONNREFUSED: 'connection-refused',
    ECONNRESET: 'dropped',
    EPIPE: 'dropped',
    // OpenSSL: the server broke the TLS protocol.
    EPROTO: 'dropped',
    ETIMEDOUT: 'connect-timeout',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
    EHOSTDOWN: 'unreachable',
    ENONET: 'unreachable',
    // ICMP "protocol unreachable", and ICMPv6 "administratively prohibited": firewalld answers so for a closed port.
    ENOPROTOOPT: 'unreachable',
    EACCES: 'unreachable',
  }),
)

/** Returns what an error says that came after a connection request was sent. */
export const faultOf = ({ code = '' }: NodeJS.ErrnoException): DialFault => OF_TARGET.get(code) ?? 'vantage-failed'

/**
 * Whether an error of an open connection is ours. Only errors of the system can be: an error without an errno is one
 * of TLS, and the server caused it.
 */
export const isOwnError = (error: NodeJS.ErrnoException): boolean =>
  error.errno !== undefined && faultOf(error) === 'vantage-failed'
