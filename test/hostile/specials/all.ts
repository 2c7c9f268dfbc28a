/** All servers that misbehave in ways of their own. */
import { BYTES } from './bytes.ts'
import { NO_SMTP } from './no-smtp.ts'
import { OUT_OF_STEP } from './out-of-step.ts'
import { SIZES } from './sizes.ts'
import { SOCKETS } from './sockets.ts'
import type { Special } from './special.ts'
import { TLS } from './tls.ts'

/** Servers that misbehave in ways of their own, beyond the matrix of phases and faults. */
export const SPECIALS: readonly Special[] = [...OUT_OF_STEP, ...NO_SMTP, ...BYTES, ...SIZES, ...SOCKETS, ...TLS]
