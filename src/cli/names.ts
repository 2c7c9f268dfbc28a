import { isIP } from 'node:net'
import type { NewRelayTest, RelayTestClient } from '../client/client.ts'
import { oneLine } from './mistake.ts'

/**
 * What a target stands for: itself, or each address of a name that may be tested, with the mail domain that the name is. Says
 * on standard error which of them are left out. Throws an Error that says why where none is left.
 */
export async function targetsOf(target: string, client: RelayTestClient): Promise<readonly NewRelayTest[]> {
  if (isIP(target) !== 0) return [{ ip: target }]
  const { name, mx, addresses, unanswered } = await client.addresses(target)
  const testable = addresses.filter((address) => address.testable)
  const others = addresses.flatMap(({ ip, problem }) => (problem ? about(ip, problem.detail) : []))
  if (testable.length === 0) {
    const silent = unanswered.map(({ name: of, type }) => `no answer about ${of} (${type})`)
    const why = [...others, ...silent]
    throw new Error(`${target} leads to no address that can be tested${why.length > 0 ? `: ${why.join('; ')}` : ''}`)
  }
  for (const left of others) process.stderr.write(`relay-test: left out: ${oneLine(left)}\n`)
  const isMailDomain = mx.length > 0
  return testable.map(({ ip, domain }) => ({ ip, ...(isMailDomain && domain === name ? { domain } : {}) }))
}

/** What is wrong with an address, which is named once. */
function about(ip: string, detail: string): string {
  const reason = detail.replace(/\.$/, '')
  return reason.includes(ip) ? reason : `${ip}: ${reason}`
}
