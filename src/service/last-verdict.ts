/** Finds the last verdict of a server, for webhooks and for metrics. */
import type { RelayTest, RelayTestSummary } from '../contract/relay-test.ts'
import type { Results } from '../store/results.ts'

/** How many earlier results of an address are searched for its last verdict. */
const EARLIER = 50

/** Returns the results of the same address and customer, newest first. Rejects if the store cannot be reached. */
export async function earlierThan(
  { ip, customerId }: RelayTest,
  results: Pick<Results, 'list'>,
): Promise<readonly RelayTestSummary[]> {
  return (await results.list({ ip, mayName: (id) => id === customerId }, EARLIER)).summaries
}

/** Tells whether a result says what the server does. */
export const isConclusive = ({ verdict }: Pick<RelayTest, 'verdict'>): boolean =>
  verdict === 'open' || verdict === 'closed'

/**
 * Returns the latest result of the same server, for the same customer, that was open or closed; null if there is none.
 *
 * @param earlier results of the same address, newest first
 */
export const lastVerdict = (
  { id, customerId, ip, port, createdAt }: RelayTest,
  earlier: readonly RelayTestSummary[],
): RelayTestSummary | null =>
  earlier.find(
    (one) =>
      one.id !== id &&
      one.customerId === customerId &&
      one.ip === ip &&
      one.port === port &&
      one.createdAt <= createdAt &&
      isConclusive(one),
  ) ?? null
