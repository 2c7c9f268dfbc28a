/**
 * Chooses the advice for a result: how to close an open server, or how to get an answer. It only picks rows; the advice
 * itself is in reasons.ts, causes.ts, findings.ts and servers/.
 */
import type { RelayTest } from '../../contract/relay-test.ts'
import type { Cause, Caveat, Reason, Verdict } from '../../contract/words.ts'
import { CAUSE_ROWS } from '../causes.ts'
import { FINDING_ROWS } from '../findings.ts'
import { REASON_ROWS } from '../reasons.ts'
import type { Software } from '../software.ts'
import { fill, type SentenceFacts } from '../wording.ts'
import type { Advice } from './advice.ts'
import { BY_SERVER } from './servers.ts'

export type Remedy = NonNullable<RelayTest['remedy']>

/** The part of a judgement that a remedy depends on. */
export interface JudgedFacts {
  readonly verdict: Verdict
  readonly cause: Cause | null
  readonly reason: Reason | null
  readonly caveats: readonly Caveat[]
}

/** The last steps for every open server. */
const AFTER_CLOSING = [
  'Look through the mail queue for spam that came in this way, and delete it.',
  'Test again: only the verdict "closed" shows that the server is closed.',
]

/** A closed server that accepts any local part at its own domain. */
const CATCH_ALL: Advice = {
  ...FINDING_ROWS['any-local-part-taken'],
  title: 'It does not relay. Let it refuse mailboxes that do not exist',
  steps: ['Nothing has to be closed: the server does not relay.', ...FINDING_ROWS['any-local-part-taken'].steps],
}

/** Returns what to do about a result, or null if nothing has to be done. */
export function remedyFor(
  { verdict, cause, reason, caveats }: JudgedFacts,
  software: Software | null,
  facts: SentenceFacts,
): Remedy | null {
  if (verdict === 'open') return closing(cause ?? 'everyone', software)
  if (reason) {
    const { retryAfter, ...advice } = REASON_ROWS[reason]
    const steps = advice.steps.map((step) => fill(step, facts, retryAfter))
    return remedyFrom({ ...advice, steps }, null)
  }
  return caveats.includes('any-local-part-taken') ? remedyFrom(CATCH_ALL, null) : null
}

/** Returns how to close a server with this cause. */
function closing(cause: Cause, software: Software | null): Remedy {
  const { software: name = null, ...advice } = adviceFor(cause, software)
  return remedyFrom({ ...advice, steps: [...advice.steps, ...AFTER_CLOSING] }, name)
}

/**
 * Returns the software's own row for the cause. If there is none, returns the steps of the cause, followed by the
 * software's general row if the software is known.
 */
function adviceFor(cause: Cause, software: Software | null): Advice & { readonly software?: string } {
  const rows = BY_SERVER.filter(
    ({ names, version }) =>
      software && names.some((name) => name === software.name) && (version?.test(software.version ?? '') ?? true),
  )
  const own = rows.find(({ causes }) => causes?.includes(cause))
  if (own) return own
  const general = rows.find(({ causes }) => causes === undefined)
  const why = CAUSE_ROWS[cause]
  // A lost source address is fixed in front of the server, not in its software.
  if (!general || cause === 'source-address-lost') return why
  if (cause === 'everyone') return general
  return {
    ...general,
    steps: [...why.steps, ...general.steps],
    references: [...general.references, ...why.references],
  }
}

const remedyFrom = ({ title, steps, references }: Advice, software: string | null): Remedy => ({
  software,
  title,
  steps: [...steps],
  references: [...references],
})
