/** Compares two versions of the customers files, and finds a denial of the older one that the newer one has lost. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { prefixOf } from '../ip/prefix.ts'
import type { CustomerTable } from './customers.ts'

/** Few enough networks that comparing them takes a few milliseconds. */
const NETWORKS_A_TURN = 1_000

/**
 * Returns the first denial that a newer version has lost, in words, or null. A network may leave the files, but its
 * addresses must not fall to the owner of a wider network. `neverTest` must still cover each of its earlier entries.
 */
export async function lostDenial(before: CustomerTable, after: CustomerTable): Promise<string | null> {
  if (!before.testing && after.testing) return 'testing: false'
  let compared = 0
  for (const network of before.optedOut) {
    if (!after.isWhollyOptedOut(network)) return `the neverTest entry ${network.text}`
    if (++compared % NETWORKS_A_TURN === 0) await nextTurn()
  }
  const listed = new Set<string>()
  for (const { networks } of after.all.values()) for (const text of networks) listed.add(text)
  for (const { id, networks } of before.all.values()) {
    for (const text of networks) {
      if (++compared % NETWORKS_A_TURN === 0) await nextTurn()
      if (listed.has(text)) continue
      const heir = after.ownerAround(prefixOf(text))?.id ?? id
      if (heir !== id) return `the network ${text} of customer ${id}, which would fall to customer ${heir}`
    }
  }
  return null
}
