/** Shows attempts and arrivals as callers see them. */
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import { parseAddress } from '../ip/address.ts'
import { specialRange } from '../ip/special.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Observations } from '../relay/observations.ts'
import type { TestIdentity } from './job.ts'

/** How much of a reply an attempt shows; the transcript has all of it. */
const SHOWN_LINES = 10
const SHOWN_LENGTH = 512

/**
 * Returns an attempt as callers see it.
 *
 * @param vantage the name of its vantage; null if the test used only one
 */
export function attemptView(row: Assessed, vantage: string | null): AttemptView {
  const { attempt, outcome, refusal, evidence, decisive } = row
  const { form, mailFrom, rcptTo, why, connection } = attempt
  const lines = decisive?.reply.lines.slice(0, SHOWN_LINES).map((line) => line.slice(0, SHOWN_LENGTH)) ?? []
  const reply = decisive && { code: decisive.reply.code, enhanced: decisive.reply.enhanced, lines }
  return {
    form: form.id,
    says: form.says,
    control: form.control,
    mailFrom,
    rcptTo,
    outcome,
    refusal,
    evidence,
    why,
    reply,
    connection,
    vantage,
  }
}

/** Returns the arrival of a message in our mailbox, and where it came from (rule 8 of docs/verdict.md). */
export function deliveryOf(test: TestIdentity, { rows, greeting }: Observations): RelayTest['delivery'] {
  const arrived = rows.map(({ attempt }) => attempt).find(({ seen }) => seen?.kind === 'message')
  if (!arrived?.seen) return null
  const { peer, helo, receivedAt } = arrived.seen
  const [host = ''] = greeting?.reply.lines[0]?.split(' ') ?? []
  const isTarget = peer === test.ip || helo.toLowerCase() === host.toLowerCase()
  const visible = isVisible(peer, test.ip)
  return {
    form: arrived.form.id,
    receivedAt,
    afterMs: Date.parse(receivedAt) - Date.parse(test.startedAt ?? test.createdAt),
    from: { ip: visible ? peer : null, helo },
    multiHop: visible && !isTarget,
  }
}

/** Whether a peer may be shown. If its special range differs from the target's, it is a proxy of ours. */
function isVisible(peer: string, target: string): boolean {
  const [from, to] = [peer, target].map((text) => parseAddress(text))
  return !!from && !!to && specialRange(from)?.name === specialRange(to)?.name
}
