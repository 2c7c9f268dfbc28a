import type { Audit } from './audit.ts'
import type { Asking, Job } from './job.ts'
import { Refused, refusalIn } from './problem.ts'

/** What every line about a test says of it. */
export function describe({ begun, asking }: Job) {
  const { id, customerId, reference, ip, port } = begun
  return { id, caller: asking.caller.id, customer: customerId, reference, ip, port, requestId: asking.requestId }
}

/** The line before the dial. Throws Refused where it cannot be written: no line, no dial. */
export function auditIntent(audit: Audit, job: Job): void {
  const { domain, proof, vantage } = job.begun
  try {
    audit({ audit: 'intent', ...describe(job), domain, proof, vantage: vantage.name })
  } catch (error) {
    job.asking.log.error({ err: error }, 'the audit log cannot be written')
    throw new Refused('audit-unavailable', 'Nothing is tested that cannot be logged: try again later.', {
      retryAfter: 60,
    })
  }
}

/** The line after a test. A log that fails now is reported, and keeps the next test from its dial. */
export function auditResult(audit: Audit, { log }: Asking, outcome: object): void {
  try {
    audit({ audit: 'result', ...outcome })
  } catch (error) {
    log.error({ err: error }, 'the audit log cannot be written')
  }
}

/** The line after an intent that led to no test. */
export function auditRefusal(audit: Audit, job: Job, error: unknown): void {
  auditResult(audit, job.asking, { ...describe(job), refused: refusalIn(error)?.slug ?? 'internal-error' })
}
