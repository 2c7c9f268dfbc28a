/** Judges a finished test again after late mail or a follow-up. Any replica can: the dossier is in the stores. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { ReceivedMail } from '../relay/attempt.ts'
import { Withheld } from '../smtp/withheld.ts'
import type { Claims } from '../store/claims.ts'
import type { Results } from '../store/results.ts'
import type { Signal } from '../store/signals.ts'
import { formsNamedBy, seenIn } from './arrivals.ts'
import { conclude } from './conclude.ts'
import { type Dossier, fromBytes, toBytes } from './dossier.ts'
import type { Logger } from './logger.ts'
import { finishedAtMs } from './result.ts'
import { withSeen } from './vantage-runs.ts'

/** The parts of the service that amendments use. */
export interface AmendmentParts {
  readonly stores: { readonly results: Results; readonly claims: Claims }
  readonly log: Logger
  /** Called with each result that has changed, with the result as it was, and with the caller of the test. */
  amended(result: RelayTest, before: RelayTest, callerId: string): void
}

/** A dossier in the stores, and its revision. */
interface Current {
  readonly dossier: Dossier
  readonly revision: number
}

/** Changes the results of finished tests. */
export class Amendments {
  readonly #parts: AmendmentParts

  constructor(parts: AmendmentParts) {
    this.#parts = parts
  }

  /**
   * Passes mail to the finished tests that it belongs to. Returns whether there was one. Rejects if the stores cannot
   * be reached.
   */
  async take(testIds: readonly string[], signal: Signal): Promise<boolean> {
    const { results } = this.#parts.stores
    const withheld = new Withheld()
    const isOurs = await Promise.all(
      testIds.map(async (id) => {
        const secrets = await results.secretsOf(id)
        withheld.add(secrets)
        return secrets.some((secret) => signal.secrets.includes(secret))
      }),
    )
    const ours = testIds.filter((_id, index) => isOurs[index])
    for (const id of ours) await this.#takeFor(id, signal, withheld)
    return ours.length > 0
  }

  /** Returns the dossier of a test, or null. Rejects if the stores cannot be reached. */
  async read(testId: string): Promise<Dossier | null> {
    return (await this.#read(testId))?.dossier ?? null
  }

  /** Adds the arrivals that a test saw while it ran, now that its dossier is stored. */
  async add(testId: string, seen: ReadonlyMap<string, ReceivedMail>): Promise<void> {
    await this.change(testId, (dossier) => withAll(dossier, seen))
  }

  /** Returns the secrets of finished tests, so that no text shows them. */
  async secretsOf(testIds: readonly string[]): Promise<readonly string[]> {
    return (await Promise.all(testIds.map((id) => this.#parts.stores.results.secretsOf(id)))).flat()
  }

  /**
   * Changes a dossier and its result. Reads both again if another replica was faster. `change` returns null if there is
   * nothing to change. Returns the new result, or null.
   */
  async change(testId: string, change: (dossier: Dossier) => Dossier | null): Promise<RelayTest | null> {
    const { stores, log, amended } = this.#parts
    for (;;) {
      const current = await this.#read(testId)
      const next = current && change(current.dossier)
      if (!next) return null
      const result = conclude(next, new Date(), log)
      if (!(await stores.results.amend(result, toBytes(next), current.revision))) continue
      // After the result, so that the key lives longer: a retry after the end of the key would start a second test.
      if (next.key !== null) await stores.claims.renew(next.key, testId)
      const { id, verdict, evidence, reason, cause } = result
      log.info({ id, verdict, evidence, reason, cause }, 'relay test amended')
      amended(result, conclude(current.dossier, null, log), next.asked.callerId)
      return result
    }
  }

  async #takeFor(testId: string, signal: Signal, withheld: Withheld): Promise<void> {
    await this.change(testId, (dossier) => {
      const seen = formsNamedBy(dossier.mail, signal).flatMap(([form, secrets]) => {
        const shown = seenIn(signal, form, secrets, withheld)
        return shown ? [[form, shown] as const] : []
      })
      return withAll(dossier, new Map(seen))
    })
  }

  /** Returns a dossier that this version of the service can read, or null. */
  async #read(testId: string): Promise<Current | null> {
    const stored = await this.#parts.stores.results.dossier(testId)
    const dossier = stored && fromBytes(stored)
    return dossier && { dossier, revision: stored.revision }
  }
}

/** Returns a dossier with new arrivals; null if they say no more than is known, or if they come too late. */
function withAll(dossier: Dossier, seen: ReadonlyMap<string, ReceivedMail>): Dossier | null {
  const { test, circumstances } = dossier
  const settledAt = finishedAtMs(test, circumstances.durationMs) + circumstances.amendableMs
  if (Date.now() >= settledAt) return null
  let runs = dossier.runs
  for (const [form, news] of seen) runs = withSeen(runs, form, news) ?? runs
  return runs === dossier.runs ? null : { ...dossier, runs }
}
