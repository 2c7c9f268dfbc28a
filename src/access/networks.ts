/** Decides which networks a customers file may list. */
import { addressOf } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'
import { isLoopback, overlappingSpecials } from '../ip/special.ts'

/** The shortest prefix that an entry may have without `allowWide`, by family. */
const WIDEST = { 4: 16, 6: 32 } as const

/** The permissions that an entry gives itself. */
interface Flags {
  readonly allowSpecial: boolean
  readonly allowWide: boolean
}

/** Returns why a customers file may not list a network, or null if it may. */
export function objectionTo(prefix: Prefix, flags: Flags, allowLoopback: boolean): string | null {
  const { family, first, last, length, text } = prefix
  if (allowLoopback && isLoopback(addressOf(family, first)) && isLoopback(addressOf(family, last))) return null
  for (const { kind, liftable, name, text: range } of overlappingSpecials(prefix)) {
    if (kind === 'loopback') {
      return `${text} contains loopback addresses: list loopback only for trials with ALLOW_LOOPBACK_TARGETS=true, and in a network without other addresses`
    }
    if (!liftable) return `${text} contains addresses of ${range} (${name}), which are never tested`
    if (!flags.allowSpecial) return `${text} contains addresses of ${range} (${name}): this needs allowSpecial: true`
  }
  const tooWide = length < WIDEST[family] && !flags.allowWide
  return tooWide ? `${text} is wider than a /${WIDEST[family]}: this needs allowWide: true` : null
}
