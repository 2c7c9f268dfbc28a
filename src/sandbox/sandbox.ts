/** The sandbox as a world: the service treats it like the real one. */
import type { Caller } from '../access/callers.ts'
import { SANDBOX_ADDRESSES, sandboxCustomers } from '../access/sandbox.ts'
import { sandboxCustomerOf } from '../access/sandbox-ids.ts'
import type { Vantages, World } from '../service/world.ts'
import { playBack } from './playback.ts'
import { sessionAt, usedUpAt } from './sessions.ts'

/**
 * The world of one caller in the sandbox: recorded sessions, judged like any other, and no connection to anything.
 * Each caller has its own customer, so that no caller sees the tests of another.
 */
export function sandboxWorld({ id, quota }: Caller, vantages: Pick<Vantages, 'all'>): World {
  const customers = sandboxCustomers(sandboxCustomerOf(id), quota)
  const anywhere = vantages.all.map(({ name }) => ({ name, sources: [], families: new Set([4, 6] as const) }))
  return {
    // Nothing is dialled, so no vantage can be down.
    vantages: { all: vantages.all, isDown: () => false, suspect() {}, secondsToNextLook: 0 },
    // Every name leads to all addresses of the sandbox.
    lookUp: async (name) => {
      const hosts = [{ name, preference: null, ips: SANDBOX_ADDRESSES }]
      return { mx: [], hosts, unanswered: [], truncated: false }
    },
    addressesOf: async () => SANDBOX_ADDRESSES,
    // A recording gives the same answers at each visit.
    followsUp: false,
    // Every name leads to every address, so no two of them belong together.
    looksUpRelated: false,
    customers: () => customers,
    origin: () => ({ own: [], translations: [], vantages: anywhere }),
    // The sessions are recordings of the standard suite with a message as proof.
    requestFor: (request) => ({ ...request, suite: 'standard', proof: 'message' }),
    // There is no server to protect, so each test has its own target and network counters.
    countersOf: ({ address }, testId) => ({ target: testId, network: testId, usedUp: usedUpAt(address.text) }),
    leaseNameOf: ({ customerId, ip }) => `${customerId} ${ip}`,
    expectArrivals: async () => null,
    run: ({ test, stop }, { transcript, decided }) =>
      playBack(sessionAt(test.ip, test.knownMailbox), test, { transcript, decided, stop: stop.signal }),
    // A recording was made from one vantage.
    vantageAfter: () => null,
  }
}
