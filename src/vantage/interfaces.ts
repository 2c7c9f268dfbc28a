/** Knows the addresses of this machine. */
import { networkInterfaces } from 'node:os'
import { type Address, parseAddress } from '../ip/address.ts'

/** How long an answer of the system is used. Every test asks, and the system call takes as long as a dial. */
const VALID_MS = 1_000
let latest: { readonly at: number; readonly addresses: readonly Address[] } | null = null

/**
 * Returns the addresses of this machine's interfaces, loopback included, at most one second old. If the system has no
 * file descriptor left to read them, returns the latest ones; throws if there are none.
 */
export function ownAddresses(): readonly Address[] {
  const now = performance.now()
  if (latest && now - latest.at < VALID_MS) return latest.addresses
  try {
    latest = { at: now, addresses: readInterfaces() }
  } catch (error) {
    if (!latest) throw error
  }
  return latest.addresses
}

function readInterfaces(): Address[] {
  const texts = Object.values(networkInterfaces()).flatMap((infos) => infos?.map(({ address }) => address) ?? [])
  // The system adds a zone to a link-local address. The zone is not part of the address.
  return texts.map((text) => parseAddress(text.split('%')[0] ?? '')).filter((address) => address !== null)
}
