/** The advice for every mail server software that we know, in one list. */
import type { ServerAdvice } from './advice.ts'
import { EXCHANGE } from './servers/exchange.ts'
import { EXIM } from './servers/exim.ts'
import { POSTFIX } from './servers/postfix.ts'
import { SENDMAIL } from './servers/sendmail.ts'
import { UNIX } from './servers/unix.ts'
import { WINDOWS } from './servers/windows.ts'

/** If several rows fit equally well, the first one counts. */
export const BY_SERVER: readonly ServerAdvice[] = [...POSTFIX, ...EXIM, ...SENDMAIL, ...EXCHANGE, ...UNIX, ...WINDOWS]
