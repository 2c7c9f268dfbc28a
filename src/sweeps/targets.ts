/** Chooses the targets of a sweep, and their order. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Caller, inScope } from '../access/callers.ts'
import type { FieldError } from '../contract/problems.ts'
import { SWEEP_TARGETS } from '../contract/sweeps.ts'
import { canonicalNetwork, parseAddress } from '../ip/address.ts'
import { FAULTS, invalid } from '../service/faults.ts'
import { pointerTo } from '../service/pointer.ts'
import { RequestProblem } from '../service/problem.ts'
import { permissionsOf, type World } from '../service/world.ts'
import type { SweepTarget } from '../store/sweeps.ts'
import { type AskedTarget, AT_A_TIME, type SweepRequest } from './request.ts'

/** Returns the targets that a request asks for. Throws RequestProblem that points to each one that is not allowed. */
export async function targetsFor(sweepRequest: SweepRequest, caller: Caller, world: World): Promise<SweepTarget[]> {
  const targets = sweepRequest.targets
    ? await allowed(sweepRequest.targets, caller, world)
    : await listed(sweepRequest, caller, world)
  return apart(targets)
}

/** Decides about each target of a request. */
async function allowed(asked: readonly AskedTarget[], caller: Caller, world: World): Promise<SweepTarget[]> {
  const permit = permissionsOf(caller, world)
  const targets: SweepTarget[] = []
  const denials: { readonly problem: RequestProblem['slug']; readonly error: FieldError }[] = []
  for (const [index, { address, port, domain, knownMailbox, reference }] of asked.entries()) {
    if (index % AT_A_TIME === 0) await nextTurn()
    const decision = permit({ address, customerId: null, domain, knownMailbox, vantage: null })
    if (decision.ok) {
      targets.push({ ip: address.text, port, customerId: decision.customer.id, domain, knownMailbox, reference })
      continue
    }
    const pointer = `${pointerTo(['targets', index])}${decision.pointer}`
    denials.push({ problem: decision.problem, error: { pointer, detail: decision.detail } })
    if (denials.length === FAULTS) break
  }
  const [first] = denials
  if (!first) return targets
  const more = denials.length > 1 ? ` "errors" has ${denials.length} targets that cannot be tested.` : ''
  const detail = `${first.error.pointer.slice(1)}: ${first.error.detail}.${more}`
  throw new RequestProblem(first.problem, detail, { errors: denials.map(({ error }) => error) })
}

/** Returns the servers of customers, as the customers file lists them. */
async function listed({ customers: asked }: SweepRequest, caller: Caller, world: World): Promise<SweepTarget[]> {
  const customers = world.customers()
  const own = [...customers.all.keys()].filter((id) => inScope(caller, id))
  const ids = asked === 'all' || asked === null ? own : [...new Set(asked)]
  const known = new Set(own)
  const errors = ids.flatMap((id, index) =>
    known.has(id)
      ? []
      : { pointer: pointerTo(['customers', index]), detail: `this key may not test for customer ${id}` },
  )
  const [denied] = errors
  if (denied) {
    throw new RequestProblem('not-allowed', `${denied.detail}.`, { errors: errors.slice(0, FAULTS) })
  }
  const targets: SweepTarget[] = []
  for (const customerId of ids) {
    for (const { ip, port, domain } of customers.serversOf(customerId)) {
      if (targets.length % AT_A_TIME === 0) await nextTurn()
      targets.push({ ip, port, customerId, domain, knownMailbox: null, reference: null })
    }
  }
  const detail =
    targets.length === 0
      ? 'these customers have no servers: your provider lists them in the customers file, or name targets instead'
      : `these customers have ${targets.length} servers: a sweep has at most ${SWEEP_TARGETS}`
  if (targets.length > 0 && targets.length <= SWEEP_TARGETS) return targets
  throw invalid([{ pointer: '/customers', detail }])
}

/** Returns targets in an order that keeps those of one network apart, because only one of them runs at a time. */
export function apart(targets: readonly SweepTarget[]): SweepTarget[] {
  const networks = new Map<string, SweepTarget[]>()
  for (const target of targets) {
    const address = parseAddress(target.ip)
    const network = address ? canonicalNetwork(address) : target.ip
    const others = networks.get(network)
    if (others) others.push(target)
    else networks.set(network, [target])
  }
  const ranked = [...networks.values()].flatMap((members) =>
    // Places the members of each network evenly in the order. A network with one member comes in the middle.
    members.map((target, index) => ({ target, at: (index + 0.5) / members.length })),
  )
  return ranked.sort((one, other) => one.at - other.at).map(({ target }) => target)
}
