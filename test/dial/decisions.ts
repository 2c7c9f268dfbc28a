/** Decides a case with the service's own code, without a socket, to compare it with Python's answer. */
import type { Caller } from '../../src/access/callers.ts'
import { decide, type Origin } from '../../src/access/decide.ts'
import { RequestProblem } from '../../src/service/problem.ts'
import { readRequest } from '../../src/service/request.ts'
import { connectRequest } from '../../src/smtp/socks.ts'
import { addressOf } from '../harness/addresses.ts'
import { loadCallers, loadCustomers } from '../harness/customers.ts'
import type { Case } from './cases.ts'
import { CALLERS, OWN_ADDRESSES, VANTAGE } from './installation.ts'
import type { Denial, Expected } from './oracle.ts'

/** The problems that the service may answer for each denial of the oracle. */
export const REFUSALS: Readonly<Record<Denial, readonly string[]>> = {
  syntax: ['invalid-request'],
  special: ['address-special'],
  own: ['address-special'],
  'not-allowed': ['not-allowed'],
  'opted-out': ['opted-out'],
  domain: ['domain-not-listed'],
}

/** A decision of the service: the address that it would dial, or the slug of its refusal. */
export type Decided = { readonly dial: string; readonly throughProxy: Buffer } | { readonly refused: string }

const ORIGIN: Origin = {
  own: OWN_ADDRESSES.map(addressOf),
  translations: [],
  vantages: [{ name: 'proof', sources: VANTAGE.map(addressOf), families: new Set([4, 6]) }],
}
const RULES = { allowedPorts: [25], defaultProof: 'message' } as const

/** Returns a function that decides a request as the service does. Reads the files once. */
export function decider(files: { readonly customers: string; readonly callers: string }): (one: Case) => Decided {
  const customers = loadCustomers([files.customers], { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' })
  const known = loadCallers([files.callers])
  const byId = new Map<string, Caller | null>(CALLERS.map(({ id, key }) => [id, known.authenticate(key, new Date())]))
  return ({ caller: id, body }) => {
    const caller = byId.get(id)
    if (!caller) throw new Error(`no caller ${id}`)
    try {
      const { address, customerId = null, domain = null, knownMailbox = null } = readRequest(JSON.parse(body), RULES)
      const asked = { address, customerId, domain, knownMailbox, vantage: null }
      const decision = decide(asked, caller, customers, ORIGIN)
      return decision.ok
        ? { dial: address.text, throughProxy: connectRequest(address, 25) }
        : { refused: decision.problem }
    } catch (error) {
      if (error instanceof RequestProblem) return { refused: error.slug }
      throw error
    }
  }
}

/** Whether the service's decision is the one that Python expects. */
export function agree(expected: Expected, decided: Decided): boolean {
  if ('allow' in expected) {
    if (!('dial' in decided) || decided.dial !== expected.allow) return false
    return decided.throughProxy.equals(requestFor(expected.allow))
  }
  return 'refused' in decided && REFUSALS[expected.deny].includes(decided.refused)
}

/**
 * Returns the SOCKS5 request (RFC 1928 section 4) for an address as Python writes it. Shares no code with the
 * service.
 */
function requestFor(text: string): Buffer {
  const isSix = text.includes(':')
  return Buffer.from([5, 1, 0, isSix ? 4 : 1, ...(isSix ? bytesOfSix(text) : text.split('.').map(Number)), 0, 25])
}

function bytesOfSix(text: string): number[] {
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255])
}
