/** Defines the interface that every way out of a vantage has. */
import type { VantageCheck } from '../contract/vantages.ts'
import type { Address } from '../ip/address.ts'
import type { Dial } from '../smtp/dial.ts'

/**
 * How the connections of a vantage leave: directly, or through a proxy. A new kind is one file that returns an Egress,
 * and one row in vantages-file.ts.
 */
export interface Egress {
  readonly dial: Dial
  /** The local addresses that connections are bound to. */
  readonly bind: readonly Address[]
  /** Addresses that the vantage depends on. They must never be tested. */
  readonly dependsOn: readonly Address[]
  /** Returns the addresses that connections can come from, on a machine with the addresses `own`. */
  sources(publicIps: readonly Address[], own: readonly Address[]): readonly Address[]
  /** Checks that connections can leave. If one of these fails, the vantage is down. */
  readonly checks: Readonly<Record<EgressCheck, () => CheckResult | Promise<CheckResult>>>
}

/** If one of these fails, no connection can leave. After others, servers may refuse us, and the test shows it. */
export const EGRESS_CHECKS = ['source-address', 'proxy'] as const
export type EgressCheck = (typeof EGRESS_CHECKS)[number]

/** The result of a check. The detail says nothing about the inside of our network. */
export type CheckResult = Omit<VantageCheck, 'name'>

export const ok = (detail: string): CheckResult => ({ outcome: 'ok', detail })
export const failed = (detail: string): CheckResult => ({ outcome: 'failed', detail })
export const skippedCheck = (detail: string): CheckResult => ({ outcome: 'skipped', detail })
