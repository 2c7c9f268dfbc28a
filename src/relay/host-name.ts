/** Reads the host name that a server gives itself: it shows which of several machines answers. */
import { DOMAIN_NAME } from '../contract/domain.ts'

/**
 * Returns the host name at the beginning of the greeting (RFC 5321 section 4.2). Some servers hide it there: then
 * returns the one at the beginning of the reply to EHLO or HELO (section 4.1.1.1). Null if neither begins with one.
 *
 * @param lines the first line of each reply, without its code; null or undefined if it did not come
 * @param ownName our name, which a server may repeat
 */
export function hostNameIn(lines: readonly (string | null | undefined)[], ownName: string | null): string | null {
  const names = lines.map((line) => line?.split(' ')[0]?.toLowerCase() ?? '')
  return names.find((name) => DOMAIN_NAME.test(name) && name !== ownName?.toLowerCase()) ?? null
}
