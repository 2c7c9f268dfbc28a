/** Compares a result with the test before it, of the same address and port: did the fix help? */
import type { RelayTest, RelayTestSummary } from '../contract/relay-test.ts'
import type { Verdict } from '../contract/words.ts'

/** The difference from the verdict of the test before. */
export interface VerdictChange {
  readonly says: string
  readonly before: RelayTestSummary
}

const SAYS: Readonly<Record<Verdict, Readonly<Record<Verdict, string>>>> = {
  open: {
    open: 'Still open, as it was',
    closed: 'Closed now. It was open',
    inconclusive: 'It was open',
  },
  closed: {
    open: 'Newly open. It was closed',
    closed: 'Still closed, as it was',
    inconclusive: 'It was closed',
  },
  inconclusive: {
    open: 'There was no clear answer',
    closed: 'There was no clear answer',
    inconclusive: 'No clear answer, as it was',
  },
}

/** Returns what has changed since the last earlier test of the same port; null if there was none. */
export function changeSince(
  test: Pick<RelayTest, 'id' | 'ip' | 'port' | 'verdict' | 'createdAt'>,
  others: readonly RelayTestSummary[],
): VerdictChange | null {
  const [before] = others
    .filter(({ ip, port, verdict }) => ip === test.ip && port === test.port && verdict !== null)
    .filter(({ id, createdAt }) => id !== test.id && createdAt < test.createdAt)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  if (!before?.verdict || !test.verdict) return null
  return { says: SAYS[before.verdict][test.verdict], before }
}
