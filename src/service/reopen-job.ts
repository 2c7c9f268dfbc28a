/** Makes a finished test a job again, so that a follow-up can run it, if the files still allow the test. */
import { parseAddress } from '../ip/address.ts'
import type { Dossier } from './dossier.ts'
import type { Job } from './job.ts'
import type { Logger } from './logger.ts'
import { CALLER_REMOVED, makeCut, type Permissions, TESTING_OFF } from './withdrawal.ts'
import { permissionsOf } from './world.ts'

/** A job, or why the test is no longer allowed. */
export type Reopening = { readonly job: Job } | { readonly why: string }

/** Decides again whether the test is allowed, by the files as they are now. The vantage stays the same. */
export function reopenJob({ test, asked }: Dossier, permissions: Permissions, log: Logger): Reopening {
  const { worldOf, testingIsOn, callerNow } = permissions
  const address = parseAddress(test.ip)
  if (!address) throw new Error('the dossier has no address')
  if (!testingIsOn()) return { why: TESTING_OFF }
  const caller = callerNow(asked.callerId)
  if (!caller || caller.sandbox) return { why: CALLER_REMOVED }
  const world = worldOf(caller)
  const { customerId, domain, knownMailbox } = test
  const decision = permissionsOf(
    caller,
    world,
  )({ address, customerId, domain, knownMailbox, vantage: test.vantage.name })
  if (!decision.ok) return { why: decision.detail }
  const vantage = world.vantages.all.find(({ name }) => name === test.vantage.name)
  if (!vantage) return { why: `there is no vantage ${test.vantage.name} any more` }
  const { requestId, request } = asked
  return {
    job: {
      request: { ...request, address },
      context: { caller, requestId, log, quotaStates: new Map(), whenGone() {} },
      customer: decision.customer,
      vantage,
      laterVantages: [],
      test,
      isAwaited: false,
      followsUp: true,
      key: null,
      stop: new AbortController(),
      cut: makeCut(),
    },
  }
}
