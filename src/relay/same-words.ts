/**
 * Decides whether two vantages met the same unknown words, so that these cannot be about one of our addresses
 * (docs/verdict.md, rule 13). Any doubt means no: both vantages may be banned for the same reason.
 */
import { canonicalNetwork, parseAddress } from '../ip/address.ts'
import { isLoopback } from '../ip/special.ts'
import { rowOf, sameRefusal } from './assess.ts'
import { KNOWN_MAILBOX, needsContrast, OUTSIDE, OWN_SENDER, RANDOM_LOCAL } from './controls.ts'
import type { Observations } from './observations.ts'

/** Whether both vantages met the same words, and these are neither about our addresses nor about our sender. */
export function areSameWords(first: Observations, second: Observations): boolean {
  const [one, other] = [rowOf(first.rows, OUTSIDE), rowOf(second.rows, OUTSIDE)]
  if (!needsContrast(one) || !needsContrast(other) || !sameRefusal(one, other) || one.text === '') return false
  // Servers count refusals before a ban. If both vantages were refused a moment ago, both may be banned now.
  if (first.refusedBefore && second.refusedBefore) return false
  return areApart(first.vantage, second.vantage) && [first, second].every(areAboutRecipients)
}

/** Whether the words that refused the outside sender are about its recipient, as far as one vantage can tell. */
function areAboutRecipients({ rows, vantage, ehlo }: Observations): boolean {
  const outside = rowOf(rows, OUTSIDE)
  if (!outside?.decisive || namesUs(outside.decisive.reply.words, vantage, ehlo)) return false
  // A customer's mailbox exists. A server that refuses it refuses us.
  if (rowOf(rows, KNOWN_MAILBOX)?.outcome === 'refused') return false
  // A server with the same words for an unknown mailbox may refuse us, and spare only postmaster.
  const random = rowOf(rows, RANDOM_LOCAL)
  if (random?.outcome !== 'refused' || sameRefusal(random, outside)) return false
  // Other senders get these words too, so they are not about our sender or its domain.
  return [OWN_SENDER, NULL_SENDER].some((id) => sameRefusal(rowOf(rows, id), outside))
}

const NULL_SENDER = 'null-sender'

/** Whether words name our address or our host, apart from the mail addresses that they repeat. */
function namesUs(words: string, vantage: readonly string[], ehlo: string | null): boolean {
  const text = words
    .split(/\s+/)
    .filter((word) => !word.includes('@'))
    .join(' ')
    .toLowerCase()
  return [...vantage, ehlo].some((name) => name !== null && text.includes(name.toLowerCase()))
}

/** Whether two vantages are in different networks. Neighbours often share a ban. False if an address is unknown. */
function areApart(first: readonly string[], second: readonly string[]): boolean {
  const networks = networksOf(first)
  const others = networksOf(second)
  return networks.length > 0 && others.length > 0 && !networks.some((network) => others.includes(network))
}

/** Returns the networks of addresses. Each loopback address counts as a network by itself. */
const networksOf = (addresses: readonly string[]): string[] =>
  addresses.flatMap((text) => {
    const address = parseAddress(text)
    if (address === null) return []
    return isLoopback(address) ? address.text : canonicalNetwork(address)
  })
