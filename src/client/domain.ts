/** Tests every address of a host name or mail domain. */
import { type FinishedRelayTest, isFinished } from './finished.ts'
import type { TestAllOptions } from './options.ts'
import { RelayTestProblem, RelayTestUnreachable } from './problem.ts'
import { ask, isTest, postTest } from './requests.ts'
import type { ApiService } from './send.ts'
import type { AddressList, NewRelayTest } from './types.ts'
import { waitFor } from './wait.ts'

/** One address of a name with its result, or with the reason why there is none. */
export interface AddressTest {
  readonly ip: string
  readonly result: FinishedRelayTest | null
  /** Why the address may not be tested, as the look-up says. */
  readonly problem: AddressList['addresses'][number]['problem']
  /** Why its test failed. */
  readonly error: RelayTestProblem | RelayTestUnreachable | null
}

/** The tests of all addresses of a name. */
export interface DomainTests {
  readonly name: string
  /** One entry for each address, in the order of the look-up: mail exchangers first. */
  readonly addresses: readonly AddressTest[]
  /** Questions that the name servers did not answer: addresses may be missing. */
  readonly unanswered: AddressList['unanswered']
}

/** Returns a request for each address that may be tested. For a mail domain, each request names the domain. */
export function requestsFor({ name, mx, addresses }: AddressList): { ip: string; domain?: string }[] {
  const isMailDomain = mx.length > 0
  return addresses
    .filter(({ testable }) => testable)
    .map(({ ip, domain }) => ({ ip, ...(isMailDomain && domain === name ? { domain } : {}) }))
}

/** Tests all addresses at the same time: those that get no slot wait for one. `shared` goes into every request. */
export async function testEach(
  service: ApiService,
  found: AddressList,
  shared: Omit<NewRelayTest, 'ip'>,
  options: TestAllOptions,
  signal: AbortSignal | null,
): Promise<DomainTests> {
  const requests = new Map(requestsFor(found).map((request) => [request.ip, { ...request, ...shared }]))
  const addresses = found.addresses.map(async ({ ip, problem }): Promise<AddressTest> => {
    const request = requests.get(ip)
    if (!request) return { ip, result: null, problem, error: null }
    try {
      const once = { respondAsync: true, idempotencyKey: crypto.randomUUID() }
      const test = await ask(service, postTest(request, once, signal), isTest)
      const result = isFinished(test) ? test : await waitFor(service, test.id, options, signal)
      return { ip, result, problem: null, error: null }
    } catch (error) {
      if (!(error instanceof RelayTestProblem || error instanceof RelayTestUnreachable)) throw error
      return { ip, result: null, problem: null, error }
    }
  })
  return { name: found.name, addresses: await Promise.all(addresses), unanswered: found.unanswered }
}
