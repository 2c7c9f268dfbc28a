/** Reads the body of `POST /relay-tests` by the schema of the contract, and names every mistake. */
import { type RelayTestRequest, relayTestRequest } from '../contract/relay-test.ts'
import type { Proof } from '../contract/words.ts'
import { type Address, explainAddress, parseAddress } from '../ip/address.ts'
import { faultsIn, invalid, isMapped, isRecord, NOT_MAPPED, portAdvice } from './faults.ts'

/** A request with its address parsed and its proof chosen. */
export type TestRequest = Omit<RelayTestRequest, 'ip' | 'proof'> & { readonly address: Address; readonly proof: Proof }

/** The settings of an installation that decide how a request is read. */
export interface RequestRules {
  readonly allowedPorts: readonly number[]
  readonly defaultProof: Proof
}

/** Reads the body of `POST /relay-tests`. Throws RequestProblem that lists every wrong member. */
export function readRequest(body: unknown, { allowedPorts, defaultProof }: RequestRules): TestRequest {
  const parsed = relayTestRequest.safeParse(body)
  const errors = parsed.success ? [] : faultsIn(parsed.error)
  const ip = isRecord(body) && typeof body.ip === 'string' ? body.ip : null
  const address = ip === null ? null : parseAddress(ip)
  if (ip !== null && !address) errors.push({ pointer: '/ip', detail: explainAddress(ip) })
  if (address && isMapped(address)) {
    errors.push({ pointer: '/ip', detail: NOT_MAPPED })
  }
  const port = parsed.success ? parsed.data.port : isRecord(body) ? body.port : undefined
  if (typeof port === 'number' && !allowedPorts.includes(port) && !errors.some(({ pointer }) => pointer === '/port')) {
    const advice = portAdvice(allowedPorts)
    const isMissing = isRecord(body) && body.port === undefined
    const detail = isMissing ? `is needed, because ${port} is not tested here: ${advice}` : advice
    errors.push({ pointer: '/port', detail })
  }
  if (!parsed.success || !address || errors.length > 0) throw invalid(errors)
  const { ip: _text, proof = defaultProof, ...rest } = parsed.data
  return { proof, address, ...rest }
}
