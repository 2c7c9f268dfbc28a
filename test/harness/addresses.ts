/** Reads an address that a test knows to be valid. */
import { type Address, parseAddress } from '../../src/ip/address.ts'

/** The address that a text is known to be. */
export function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (!address) throw new Error(`${text} is no address`)
  return address
}
