/** The first step of admission: decides whether a request is allowed, and makes a job of it. */
import { randomUUID } from 'node:crypto'
import type { Caller } from '../access/callers.ts'
import type { Customer } from '../access/customer.ts'
import type { AccessRequest, Permit } from '../access/decide.ts'
import type { OwnNames } from '../access/names.ts'
import { type Vantage, vantageView } from '../vantage/vantage.ts'
import { VERSION } from '../version.ts'
import { idempotent } from './idempotency.ts'
import type { Job, RequestContext, TestIdentity } from './job.ts'
import { RequestProblem } from './problem.ts'
import type { TestRequest } from './request.ts'
import { makeCut } from './withdrawal.ts'
import { permissionsOf, type World } from './world.ts'

/** The facts that `openJob` needs besides the request and its context. */
export interface OpenOptions {
  readonly world: World
  readonly hasMailbox: boolean
  readonly isAwaited: boolean
  readonly idempotencyKey: string | null
}

/** Decides whether a caller may run a test, and from which vantage. Throws RequestProblem if it may not. */
export function openJob(asked: TestRequest, context: RequestContext, options: OpenOptions): Job {
  const { caller } = context
  const { world, hasMailbox, isAwaited, idempotencyKey } = options
  const { address, customerId = null, domain = null, knownMailbox = null, vantage: wanted = null } = asked
  const decision = permitted({ address, customerId, domain, knownMailbox, vantage: wanted }, caller, world)
  if (asked.proof === 'delivery' && !hasMailbox) {
    const detail = 'This installation has no mailbox. Ask for the proof "message", or leave proof out.'
    throw new RequestProblem('proof-unavailable', detail, { errors: [{ detail, pointer: '/proof' }] })
  }
  const request = world.requestFor(asked)
  const vantage = preferredVantage(decision.vantages, world)
  return {
    request,
    context,
    customer: decision.customer,
    vantage,
    laterVantages: [],
    test: identify(request, decision, vantage),
    isAwaited,
    followsUp: world.followsUp && (asked.followUp ?? !isAwaited),
    key: idempotencyKey === null ? null : idempotent(caller.id, idempotencyKey, asked),
    stop: new AbortController(),
    cut: makeCut(),
  }
}

/** Returns the permission for a test. Throws RequestProblem if the test is not allowed. */
export function permitted(asked: AccessRequest, caller: Caller, world: World): Permit {
  const decision = permissionsOf(caller, world)(asked)
  if (decision.ok) return decision
  const { problem, detail, pointer } = decision
  throw new RequestProblem(problem, `${detail}.`, { errors: [{ detail, pointer }] })
}

/** Returns the first allowed vantage that is not down. If all are down, returns the first, and admission refuses. */
function preferredVantage(names: readonly string[], { vantages }: World): Vantage {
  const allowed = vantages.all.filter(({ name }) => names.includes(name))
  const [vantage] = [...allowed.filter((one) => !vantages.isDown(one)), ...allowed]
  if (!vantage) throw new Error('a test was allowed from no vantage')
  return vantage
}

/** Returns the identity of a new test, with a new id and the present time. */
export function identify(
  { address, port, suite, proof, reference }: TestRequest,
  { customer, domain, knownMailbox }: OwnNames & { readonly customer: Customer },
  vantage: Vantage,
): TestIdentity {
  const now = new Date().toISOString()
  return {
    id: randomUUID(),
    customerId: customer.id,
    reference: reference ?? null,
    sweepId: null,
    ip: address.text,
    port,
    domain: domain?.name ?? null,
    domainSource: domain?.source ?? null,
    knownMailbox: knownMailbox?.name ?? null,
    knownMailboxSource: knownMailbox?.source ?? null,
    suite,
    proof,
    createdAt: now,
    queuedAt: null,
    startedAt: now,
    testerVersion: VERSION,
    vantage: vantageView(vantage, address),
  }
}
