/** Stores the result of a run that has ended, and retries while the store is down. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { DossierBytes } from '../store/results.ts'
import type { Stores } from '../store/stores.ts'
import type { Background } from './background.ts'
import type { Job } from './job.ts'

/** A result to store, and what follows when it is stored. */
export interface ResultToKeep {
  readonly result: RelayTest
  /** Null if the result can never change. */
  readonly dossier: DossierBytes | null
  /** The place that the test has leased. */
  readonly place: string
  /** Called when the result is stored, perhaps more than once. */
  stored(): Promise<void>
}

/** Stores a result, and gives the lease of its place back. Resolves after the first try. */
export async function keep(
  { test, key, context }: Job,
  { result, dossier, place, stored }: ResultToKeep,
  { stores, background }: { readonly stores: Stores; readonly background: Background },
): Promise<void> {
  let isStored = false
  const work = async () => {
    // Only once: by the next try, late mail may have amended it.
    if (!isStored) await stores.results.put(result, ...(dossier ? [dossier] : []))
    isStored = true
    // After the result, so that the key lives longer: a retry after the end of the key would start a second test.
    if (key !== null) await stores.claims.renew(key.key, test.id)
    // Last: without its lease, a running test reads as interrupted.
    await stores.leases.release(place, test.id)
    await stored()
  }
  await background.tryNowThenLater({ what: 'storing a result', id: test.id, log: context.log, work })
}
