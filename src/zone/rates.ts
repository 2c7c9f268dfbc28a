/** Limits how many queries a source may send, so that our answers cannot be used to flood somebody. */
import { canonicalNetwork, parseAddress } from '../ip/address.ts'

/** How many sources are remembered. The one that was quiet for the longest time is forgotten first. */
const MOST_SOURCES = 10_000

/** Counts the queries of each source: allows a burst after a quiet time, and then a steady number in each second. */
export class Rates {
  readonly #everyMs: number
  readonly #burstMs: number
  readonly #nextAt = new Map<string, number>()

  /**
   * @param perSecond how many queries of a source are answered in a second
   * @param burst how many are answered at once after a quiet time
   */
  constructor(perSecond: number, burst: number) {
    this.#everyMs = 1000 / perSecond
    this.#burstMs = burst * this.#everyMs
  }

  /** Counts one query, and returns whether it is answered. A query that is not answered costs its source nothing. */
  allows(source: string, nowMs = performance.now()): boolean {
    const earliest = nowMs - this.#burstMs
    const nextAt = Math.max(this.#nextAt.get(source) ?? earliest, earliest) + this.#everyMs
    if (nextAt > nowMs) return false
    this.#nextAt.delete(source)
    this.#nextAt.set(source, nextAt)
    for (const oldest of this.#nextAt.keys()) {
      if (this.#nextAt.size <= MOST_SOURCES) break
      this.#nextAt.delete(oldest)
    }
    return true
  }
}

/** Returns the network whose queries are counted together: an IPv4 address, or the /64 of an IPv6 address. */
export function sourceOf(remoteAddress: string): string {
  const address = parseAddress(remoteAddress.replace(/^::ffff:/i, ''))
  if (address === null) return remoteAddress
  return address.family === 6 ? canonicalNetwork(address) : address.text
}
