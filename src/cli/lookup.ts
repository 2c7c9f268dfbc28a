/** Turns the target of the command into addresses. The service looks names up, and says what may be tested. */
import { isIP } from 'node:net'
import type { NewRelayTest, RelayTestClient } from '../client/client.ts'
import { oneLine } from './mistake.ts'

/**
 * Returns the address itself, or each address of a name that may be tested. For a mail domain, each request carries the
 * domain. Prints skipped addresses on standard error. Throws an Error with the reasons if no address may be tested.
 */
export async function targetsOf(target: string, client: RelayTestClient): Promise<readonly NewRelayTest[]> {
  if (isIP(target) !== 0) return [{ ip: target }]
  const { name, mx, addresses, unanswered } = await client.addresses(target)
  const testable = addresses.filter((address) => address.testable)
  const skipped = addresses.flatMap(({ ip, problem }) => (problem ? reasonFor(ip, problem.detail) : []))
  if (testable.length === 0) {
    const silent = unanswered.map(({ name: of, type }) => `no DNS answer for ${of} (${type})`)
    const reasons = [...skipped, ...silent]
    const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : ''
    throw new Error(`${target} has no address that can be tested${why}`)
  }
  for (const reason of skipped) process.stderr.write(`relay-test: skipped: ${oneLine(reason)}\n`)
  const isMailDomain = mx.length > 0
  return testable.map(({ ip, domain }) => ({ ip, ...(isMailDomain && domain === name ? { domain } : {}) }))
}

/** Returns why an address is skipped. The address appears once. */
function reasonFor(ip: string, detail: string): string {
  const reason = detail.replace(/\.$/, '')
  return reason.includes(ip) ? reason : `${ip}: ${reason}`
}
