/** The lines of the audit log: one before a test dials, one after it. */
import type { AuditFile } from './audit-file.ts'
import type { Job } from './job.ts'
import { problemOf, RequestProblem } from './problem.ts'

/** Returns what every line says about a test. */
export function auditFields({ test, context }: Job) {
  const { id, customerId, reference, ip, port, domain, knownMailbox, suite, proof, vantage } = test
  const asked = { caller: context.caller.id, customer: customerId, reference, requestId: context.requestId }
  return { id, ...asked, ip, port, domain, knownMailbox, suite, proof, vantage: vantage.name }
}

/** Seconds after which a caller should try again when the log cannot be written: an operator has to act first. */
const RETRY_AUDIT_SECONDS = 60

/** Writes the line before the dial. Throws RequestProblem if it cannot be written: no line, no dial. */
export async function auditIntent(audit: AuditFile, job: Job): Promise<void> {
  try {
    await audit({ audit: 'intent', decision: 'allowed', ...auditFields(job) })
  } catch (error) {
    job.context.log.error({ err: error }, 'the audit log cannot be written')
    const detail = 'The service cannot write its audit log, so it tests nothing. Try again later.'
    throw new RequestProblem('audit-unavailable', detail, { retryAfter: RETRY_AUDIT_SECONDS })
  }
}

/** The traffic of a test: the address of each connection, and how many messages were accepted. */
export interface Traffic {
  readonly dialled: readonly string[]
  readonly messagesAccepted: number
}

/** Writes the line after a test. A failure is only logged: the next test writes its line first, and is refused. */
export async function auditResult(
  audit: AuditFile,
  { context }: Job,
  outcome: object,
  traffic: Traffic,
): Promise<void> {
  const { dialled, messagesAccepted } = traffic
  const sent = { dialled: [...new Set(dialled)], connections: dialled.length, messagesAccepted }
  try {
    await audit({ audit: 'result', ...outcome, ...sent })
  } catch (error) {
    context.log.error({ err: error }, 'the audit log cannot be written')
  }
}

/** Writes the second line of a test that was refused after its first line was written. */
export async function auditRefusal(audit: AuditFile, job: Job, error: unknown): Promise<void> {
  const outcome = { ...auditFields(job), refused: problemOf(error)?.slug ?? 'internal-error' }
  await auditResult(audit, job, outcome, { dialled: [], messagesAccepted: 0 })
}
