/** Reads addresses that a test knows to be valid, so that it needs no null check. */
import { type Address, parseAddress } from '../../src/ip/address.ts'

/** Returns the address in a text. Throws if the text is not an address. */
export function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (!address) throw new Error(`${text} is not an address`)
  return address
}
