/** Writes the lines of the audit log: one before each vantage dials, one after each visit. */
import type { Vantage } from '../vantage/vantage.ts'
import type { AuditFile } from './audit-file.ts'
import type { Job } from './job.ts'
import { problemOf, RequestProblem } from './problem.ts'

/** Returns what every line says about a test. A line before a dial is about the vantage that dials. */
export function auditFields({ test, context, vantage: first }: Job, vantage: Pick<Vantage, 'name'> = first) {
  const { id, customerId, reference, ip, port, domain, knownMailbox, suite, proof } = test
  const asked = { caller: context.caller.id, customer: customerId, reference, requestId: context.requestId }
  return { id, ...asked, ip, port, domain, knownMailbox, suite, proof, vantage: vantage.name }
}

/** Seconds after which a caller should try again when the log cannot be written: an operator has to act first. */
const RETRY_AUDIT_SECONDS = 60

/** Writes the line before the dial from a vantage. Throws RequestProblem if it cannot: no line, no dial. */
export async function auditIntent(audit: AuditFile, job: Job, vantage: Vantage): Promise<void> {
  try {
    await audit({ audit: 'intent', decision: 'allowed', ...auditFields(job, vantage) })
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

/** pino's number of the level info. */
const INFO = 30

/** How a test or a follow-up ended, in the words of the log. */
export interface Ended {
  readonly message: 'relay test' | 'follow-up'
  readonly outcome: object
  readonly traffic: Traffic
}

/**
 * Writes that a test or a follow-up has ended: a line of the log, and a line of the audit log. If both share an output,
 * it is one line, with the members of both.
 */
export async function tellEnd(audit: AuditFile, job: Job, { message, outcome, traffic }: Ended): Promise<void> {
  const { log } = job.context
  if (audit.inLog) {
    const written = await auditResult(
      audit,
      job,
      { level: INFO, ...log.bindings?.(), ...outcome, msg: message },
      traffic,
    )
    if (written) return
  }
  log.info(outcome, message)
  if (!audit.inLog) await auditResult(audit, job, outcome, traffic)
}

/**
 * Writes the line after a test, and returns whether it could. A failure is only logged: the next test writes its line
 * first, and is refused.
 */
async function auditResult(audit: AuditFile, { context }: Job, outcome: object, traffic: Traffic): Promise<boolean> {
  const { dialled, messagesAccepted } = traffic
  const sent = { dialled: [...new Set(dialled)], connections: dialled.length, messagesAccepted }
  try {
    await audit({ audit: 'result', ...outcome, ...sent })
    return true
  } catch (error) {
    context.log.error({ err: error }, 'the audit log cannot be written')
    return false
  }
}

/** Writes the second line of a test that was refused after its first line was written. */
export async function auditRefusal(audit: AuditFile, job: Job, error: unknown): Promise<void> {
  const outcome = { ...auditFields(job), refused: problemOf(error)?.slug ?? 'internal-error' }
  await auditResult(audit, job, outcome, { dialled: [], messagesAccepted: 0 })
}
