import type { RelayTest } from '../../contract/relay-test.ts'
import type { Cause, Caveat, Reason, Verdict } from '../../contract/words.ts'
import type { Software } from '../software.ts'
import type { Advice } from './advice.ts'
import { BY_CAUSE } from './causes.ts'
import { ANY_LOCAL_PART_TAKEN, BY_REASON } from './reasons.ts'
import { BY_SERVER } from './servers.ts'

export type Remedy = NonNullable<RelayTest['remedy']>

/** What of a judgement a remedy depends on. */
export interface Judged {
  readonly verdict: Verdict
  readonly cause: Cause | null
  readonly reason: Reason | null
  readonly caveats: readonly Caveat[]
}

/** What to do when a server has been closed, so that it is known to be. */
const AFTERWARDS = [
  'Look through the mail queue for spam that came in this way, and delete it.',
  'Test again: it is done when the verdict is closed.',
]

/**
 * What to do about a result: how to close an open server, how to get an answer where there was none, and what a caveat
 * asks for; null where nothing is to be done.
 */
export function remedyFor({ verdict, cause, reason, caveats }: Judged, software: Software | null): Remedy | null {
  if (verdict === 'open') return closing(cause ?? 'everyone', software)
  if (reason) return remedyFrom(BY_REASON[reason], null)
  return caveats.includes('any-local-part-taken') ? remedyFrom(ANY_LOCAL_PART_TAKEN, null) : null
}

/** How to close a server that trusts this. */
function closing(trusted: Cause, software: Software | null): Remedy {
  const { software: name = null, ...advice } = adviceFor(trusted, software)
  return remedyFrom({ ...advice, steps: [...advice.steps, ...AFTERWARDS] }, name)
}

/**
 * The software's row for that cause; else its general one, behind what is to be done about the cause where that is more
 * than closing; else what the cause alone asks for.
 */
function adviceFor(trusted: Cause, software: Software | null): Advice & { readonly software?: string } {
  const rows = BY_SERVER.filter(
    ({ names, version }) =>
      software && names.includes(software.name) && (version?.test(software.version ?? '') ?? true),
  )
  const own = rows.find(({ causes }) => causes?.includes(trusted))
  if (own) return own
  const general = rows.find(({ causes }) => causes === undefined)
  const why = BY_CAUSE[trusted]
  // Who connects is a matter of what stands before the server.
  if (!general || trusted === 'source-address-lost') return why
  if (trusted === 'everyone') return general
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
