import type { Audit } from './audit.ts'
import type { Asking, Job } from './job.ts'
import { Refused, refusalIn } from './problem.ts'

/** What every line about a test says of it. */
export function describe({ begun, asking }: Job) {
  const { id, customerId, reference, ip, port, domain, suite, proof, vantage } = begun
  const who = { caller: asking.caller.id, customer: customerId, reference, requestId: asking.requestId }
  return { id, ...who, ip, port, domain, suite, proof, vantage: vantage.name }
}

/** The line before the dial. Throws Refused where it cannot be written: no line, no dial. */
export function auditIntent(audit: Audit, job: Job): void {
  try {
    audit({ audit: 'intent', decision: 'allowed', ...describe(job) })
  } catch (error) {
    job.asking.log.error({ err: error }, 'the audit log cannot be written')
    throw new Refused('audit-unavailable', 'Nothing is tested that cannot be logged: try again later.', {
      retryAfter: 60,
    })
  }
}

/** What a test did to the outside: the address of every connection, and how many messages were taken. */
export interface Deeds {
  readonly dialled: readonly string[]
  readonly messagesAccepted: number
}

/** The line after a test. A log that fails now is reported, and keeps the next test from its dial. */
export function auditResult(audit: Audit, { log }: Asking, outcome: object, deeds: Deeds): void {
  const { dialled, messagesAccepted } = deeds
  try {
    audit({
      audit: 'result',
      ...outcome,
      dialled: [...new Set(dialled)],
      connections: dialled.length,
      messagesAccepted,
    })
  } catch (error) {
    log.error({ err: error }, 'the audit log cannot be written')
  }
}

/** The line after an intent that led to no test. */
export function auditRefusal(audit: Audit, job: Job, error: unknown): void {
  const outcome = { ...describe(job), refused: refusalIn(error)?.slug ?? 'internal-error' }
  auditResult(audit, job.asking, outcome, { dialled: [], messagesAccepted: 0 })
}
