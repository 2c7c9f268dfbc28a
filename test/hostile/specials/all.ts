/** Collects the servers with special faults, for the test that visits each of them. */
import { BYTES } from './bytes.ts'
import { NO_SMTP } from './no-smtp.ts'
import { OUT_OF_STEP } from './out-of-step.ts'
import { SIZES } from './sizes.ts'
import { SOCKETS } from './socket-tricks.ts'
import type { Special } from './special.ts'
import { TLS } from './tls.ts'

/** All servers with special faults, which the matrix of moments and faults does not have. */
export const SPECIALS: readonly Special[] = [...OUT_OF_STEP, ...NO_SMTP, ...BYTES, ...SIZES, ...SOCKETS, ...TLS]
