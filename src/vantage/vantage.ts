/** A vantage: a place outside the customers' networks that tests connect from. */
import type { Address } from '../ip/address.ts'
import { direct } from './direct.ts'
import type { Egress } from './egress.ts'

export interface Vantage {
  readonly name: string
  /** The name for EHLO. Null means the address literal of the connection's local end. */
  readonly ehlo: string | null
  /** The addresses that servers see, if the operator says so. */
  readonly publicIps: readonly Address[]
  readonly egress: Egress
}

/** The vantage of an installation without a vantages file. */
export const DEFAULT_VANTAGE: Vantage = { name: 'default', ehlo: null, publicIps: [], egress: direct([]) }

/** The facts about a vantage that decide whether a test may use it. */
export interface Reach {
  readonly name: string
  /** Every address that a server can see us at. */
  readonly sources: readonly Address[]
  /** The IP versions that a test can use. */
  readonly families: ReadonlySet<4 | 6>
}

/** Returns the reach of a vantage, on a machine with the addresses `own`. */
export function reachOf({ name, publicIps, egress }: Vantage, own: readonly Address[]): Reach {
  const sources = egress.sources(publicIps, own)
  return { name, sources: [...publicIps, ...sources], families: new Set(sources.map(({ family }) => family)) }
}

/** Returns a vantage as results show it: with the address that a server at `target` sees, if that is known. */
export function vantageView(vantage: Vantage, target: Pick<Address, 'family'>) {
  const { name, ehlo } = vantage
  return { name, ip: knownAddresses(vantage).find(({ family }) => family === target.family)?.text ?? null, ehlo }
}

/** Returns the addresses that servers see, as far as the vantages file says. */
export const knownAddresses = ({ publicIps, egress }: Vantage): readonly Address[] => [...publicIps, ...egress.bind]
