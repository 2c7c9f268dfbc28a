/** Looks up the names on the command line. The service does the look-up, and says what may be tested. */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { NewRelayTest, RelayTestClient } from '../client/client.ts'
import { requestsFor } from '../client/domain.ts'
import { oneLine } from '../render/one-line.ts'

/** The addresses of a name. */
export interface FoundRequests {
  /** A request for each address that may be tested. For a mail domain, each names the domain. */
  readonly requests: readonly NewRelayTest[]
  /** Why the other addresses are not tested, one line each. */
  readonly skipped: readonly string[]
}

/**
 * Returns the address itself, or each address of a name that may be tested. Throws an Error with the reasons if no
 * address may be tested.
 */
export async function lookUp(target: string, client: RelayTestClient): Promise<FoundRequests> {
  if (isIP(target) !== 0) return { requests: [{ ip: target }], skipped: [] }
  // A name with other letters than a to z is looked up by its ASCII form, as browsers do.
  const found = await client.addresses(domainToASCII(target) || target)
  const requests = requestsFor(found)
  const skipped = found.addresses.flatMap(({ ip, problem }) => (problem ? reasonFor(ip, problem.detail) : []))
  if (requests.length > 0) return { requests, skipped }
  const silent = found.unanswered.map(({ name, type }) => `no DNS answer for ${name} (${type})`)
  const reasons = [...skipped, ...silent]
  throw new Error(`${target} has no address that can be tested${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`)
}

/** Returns why an address is skipped. The address appears once. */
function reasonFor(ip: string, detail: string): string {
  const reason = oneLine(detail).replace(/\.$/, '')
  return reason.includes(ip) ? reason : `${ip}: ${reason}`
}
