/** Starts TLS on a connection. Accepts old protocols, weak ciphers and any certificate: the test is about relaying. */
import type { Socket } from 'node:net'
import { connect, type TLSSocket, type ConnectionOptions as TlsOptions } from 'node:tls'
import { printable } from './printable.ts'
import { isOwnError } from './socket-errors.ts'

/** The result of a TLS handshake. We report the certificate but do not require a valid one. */
export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly authorized: boolean
  readonly error: string | null
}

/** The lowest demands of OpenSSL, because old servers are often open relays. */
const LENIENT: TlsOptions = { rejectUnauthorized: false, minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }

/** The fault of a handshake, and whether our own system failed. */
export interface TlsFailure {
  readonly what: string
  readonly isOurs: boolean
}

/** Begins a handshake. `done` resolves within `timeoutMs`: with null after success, or with what went wrong. */
export function beginTls(plain: Socket, timeoutMs: number): { secure: TLSSocket; done: Promise<TlsFailure | null> } {
  plain.removeAllListeners()
  plain.on('error', () => {})
  const secure = connect({ socket: plain, ...LENIENT })
  const done = new Promise<TlsFailure | null>((resolve) => {
    const end = (failure: TlsFailure | null) => {
      clearTimeout(timer)
      resolve(failure)
    }
    const failed = (what: string, isOurs = false) => end({ what, isOurs })
    const timer = setTimeout(() => failed('no answer in time'), Math.max(0, timeoutMs))
    secure.once('secureConnect', () => end(null))
    secure.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? 'unknown error', isOwnError(error)))
    secure.once('close', () => failed('the server closed the connection'))
  })
  return { secure, done }
}

/** Returns what was agreed in a handshake. */
export const factsOf = (secure: TLSSocket): TlsFacts => ({
  protocol: secure.getProtocol() ?? 'unknown',
  cipher: secure.getCipher().name,
  authorized: secure.authorized,
  error: secure.authorized ? null : printable(String(secure.authorizationError ?? 'unknown')),
})
