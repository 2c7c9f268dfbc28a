/** Reads the body of `POST /sweeps`, which may have 100,000 targets, without keeping the process from other work. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FieldError } from '../contract/problems.ts'
import { sweepFrame, sweepTarget } from '../contract/sweeps.ts'
import type { Proof, Suite } from '../contract/words.ts'
import { type Address, explainAddress, parseAddress } from '../ip/address.ts'
import { FAULTS, faultsIn, invalid, isMapped, isRecord, NOT_MAPPED, portAdvice } from '../service/faults.ts'
import { pointerTo } from '../service/pointer.ts'
import type { RequestRules } from '../service/request.ts'

/** How many targets are handled before other work of the process gets its turn. */
export const AT_A_TIME = 500

/** One target as the request names it. */
export interface AskedTarget {
  readonly address: Address
  readonly port: number
  readonly domain: string | null
  readonly knownMailbox: string | null
  readonly reference: string | null
}

/** A sweep as a request or a schedule asks for it. Either `customers` or `targets` is null. */
export interface SweepRequest {
  readonly name: string
  readonly customers: 'all' | readonly string[] | null
  readonly targets: readonly AskedTarget[] | null
  readonly suite: Suite
  readonly proof: Proof
  readonly spread: string | null
}

/** Reads the body. Throws RequestProblem that lists every wrong member, and the first of the wrong targets. */
export async function readSweepRequest(body: unknown, rules: RequestRules): Promise<SweepRequest> {
  const frame = sweepFrame.safeParse(body)
  const errors = frame.success ? [] : faultsIn(frame.error)
  const given = isRecord(body) ? ['customers', 'targets'].filter((name) => body[name] !== undefined) : []
  if (frame.success && given.length !== 1) {
    const pointer = given.length === 0 ? '' : '/targets'
    errors.push({ pointer, detail: 'give either customers, such as "all", or targets' })
  }
  const asked = isRecord(body) && Array.isArray(body.targets) && errors.length === 0 ? body.targets : null
  const targets = asked && (await readTargets(asked, rules.allowedPorts, errors))
  if (!frame.success || errors.length > 0) throw invalid(errors)
  const { name, customers = null, suite, proof = rules.defaultProof, spread = null } = frame.data
  return { name, customers, targets, suite, proof, spread }
}

/** Reads targets one by one. Adds what is wrong to `errors`. */
async function readTargets(
  asked: readonly unknown[],
  ports: readonly number[],
  errors: FieldError[],
): Promise<AskedTarget[]> {
  const targets: AskedTarget[] = []
  const places = new Set<string>()
  for (const [index, one] of asked.entries()) {
    if (index % AT_A_TIME === 0) await nextTurn()
    if (errors.length >= FAULTS) break
    const at = (member: string) => pointerTo(['targets', index, member])
    const parsed = sweepTarget.safeParse(one)
    if (!parsed.success) {
      const inside = faultsIn(parsed.error)
      const room = FAULTS - errors.length
      const named = inside
        .slice(0, room)
        .map(({ pointer, detail }) => ({ pointer: `/targets/${index}${pointer}`, detail }))
      errors.push(...named)
      continue
    }
    const { ip, port, domain = null, knownMailbox = null, reference = null } = parsed.data
    const address = parseAddress(ip)
    const place = address && `${address.text} ${port}`
    if (!address) errors.push({ pointer: at('ip'), detail: explainAddress(ip) })
    else if (isMapped(address)) errors.push({ pointer: at('ip'), detail: NOT_MAPPED })
    if (!ports.includes(port)) errors.push({ pointer: at('port'), detail: portAdvice(ports) })
    if (place !== null && places.has(place)) errors.push({ pointer: at('ip'), detail: 'is in the list twice' })
    if (!address || place === null) continue
    places.add(place)
    targets.push({ address, port, domain, knownMailbox, reference })
  }
  return targets
}
