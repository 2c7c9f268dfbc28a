/** Sweeps as the API offers them: begin one, read it and its results, stop it. */
import { randomUUID } from 'node:crypto'
import type { Caller } from '../access/callers.ts'
import { QUOTAS } from '../contract/limits.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Sweep, SweepResult } from '../contract/sweeps.ts'
import type { OpenQueue } from '../queue/queue.ts'
import type { RequestContext } from '../service/job.ts'
import type { Logger } from '../service/logger.ts'
import { RETRY_SOON_SECONDS, RequestProblem, timeAfter } from '../service/problem.ts'
import type { Exceeded, TestQuotas } from '../service/quotas.ts'
import type { RelayTests } from '../service/relay-tests.ts'
import type { Permissions } from '../service/withdrawal.ts'
import type { Stores } from '../store/stores.ts'
import { PART, type StoredSweep } from '../store/sweeps.ts'
import { Dispatcher, sweepOptions } from './dispatcher.ts'
import { allOf, pageOf, type ResultFilter, type ResultPage, sweepView } from './reports.ts'
import type { SweepRequest } from './request.ts'
import { TargetTests, targetOptions } from './target-tests.ts'
import { targetsFor } from './targets.ts'

/** The parts of the service that sweeps use. */
export interface SweepParts extends Permissions {
  readonly stores: Pick<Stores, 'sweeps' | 'stops'>
  readonly openQueue: OpenQueue
  readonly relayTests: RelayTests
  readonly quotas: Pick<TestQuotas, 'takeSweep'>
  readonly maxConcurrent: number
  readonly log: Logger
  /** Tells a caller that its sweep has ended. Resolves soon, and never rejects. */
  announce(callerId: string, sweep: Sweep): Promise<void>
}

/** How many sweeps of one caller may run at the same time. */
const RUNNING = 10

const STOPPED = 'A caller stopped the sweep.'

/** All sweeps. Each belongs to the caller that asked for it: no other caller sees it. */
export class SweepService {
  readonly #parts: SweepParts
  readonly #targetTests: TargetTests
  readonly #dispatcher: Dispatcher
  #closing: Promise<unknown> | null = null

  constructor(parts: SweepParts) {
    const { openQueue, maxConcurrent, stores } = parts
    this.#parts = parts
    this.#targetTests = new TargetTests({
      ...parts,
      sweeps: stores.sweeps,
      queue: openQueue(targetOptions(maxConcurrent)),
    })
    this.#dispatcher = new Dispatcher({
      ...parts,
      sweeps: stores.sweeps,
      queue: openQueue(sweepOptions()),
      targetTests: this.#targetTests,
      ended: (sweep) => this.#ended(sweep),
    })
  }

  /** Begins to test the targets of sweeps. */
  work(): void {
    this.#targetTests.work()
    this.#dispatcher.work()
  }

  /** Starts no further test of a sweep, and waits for those that run. */
  async close(): Promise<void> {
    this.#closing ??= Promise.all([this.#dispatcher.close(), this.#targetTests.close()])
    await this.#closing
  }

  /** Begins the sweep of a request. Throws RequestProblem; then nothing has begun. */
  async start(
    sweepRequest: SweepRequest,
    { caller, quotaStates }: Pick<RequestContext, 'caller' | 'quotaStates'>,
  ): Promise<Sweep> {
    return this.#begin(sweepRequest, caller, quotaStates)
  }

  /** Begins the sweep of a schedule. It counts in no quota. Throws RequestProblem. */
  async startScheduled(sweepRequest: SweepRequest, caller: Caller): Promise<Sweep> {
    return this.#begin(sweepRequest, caller, null)
  }

  /** Returns the sweeps of a caller, the newest first; only those of one name, if one is given. */
  async list(caller: Caller, name: string | undefined): Promise<Sweep[]> {
    requireSweeps(caller)
    const sweeps = await this.#parts.stores.sweeps.list(caller.id)
    return sweeps.filter(({ record }) => name === undefined || record.name === name).map(sweepView)
  }

  /** Returns a sweep. Throws RequestProblem if the caller has none with this id. */
  async read(id: string, caller: Caller): Promise<Sweep> {
    return sweepView(await this.#find(id, caller))
  }

  /** Returns up to `limit` results of a sweep from a position on. */
  async page(
    id: string,
    caller: Caller,
    filter: ResultFilter,
    part: { readonly from: number; readonly limit: number },
  ): Promise<ResultPage> {
    return pageOf(await this.#find(id, caller), this.#parts.stores.sweeps, filter, part)
  }

  /** Returns all results of a sweep, in parts. */
  async results(id: string, caller: Caller, filter: ResultFilter): Promise<AsyncIterable<readonly SweepResult[]>> {
    return allOf(await this.#find(id, caller), this.#parts.stores.sweeps, filter)
  }

  /** Stops a sweep, and the tests of it that run. They end within about a second. Safe to repeat. */
  async stop(id: string, caller: Caller): Promise<Sweep> {
    const { stores } = this.#parts
    await this.#find(id, caller)
    const isFirst = await stores.sweeps.end(id, 'stopped', new Date().toISOString(), STOPPED)
    for (const testId of await stores.sweeps.running(id)) await stores.stops.ask(testId)
    const sweep = await this.#find(id, caller)
    if (isFirst) await this.#ended(sweep)
    return sweepView(sweep)
  }

  /** Notes that late mail or a follow-up has changed a result. Never rejects. */
  async amended(result: RelayTest): Promise<void> {
    await this.#targetTests.amended(result)
  }

  async #find(id: string, caller: Caller): Promise<StoredSweep> {
    requireSweeps(caller)
    const sweep = await this.#parts.stores.sweeps.get(id)
    if (sweep?.record.callerId === caller.id) return sweep
    throw new RequestProblem('not-found', 'There is no such sweep, or it has expired.')
  }

  /**
   * Stores a sweep with its targets, and lets it begin. If this process dies on the way, nothing has begun.
   *
   * @param states the quotas to count it in; null for a scheduled sweep, which counts in none
   */
  async #begin(
    sweepRequest: SweepRequest,
    caller: Caller,
    states: RequestContext['quotaStates'] | null,
  ): Promise<Sweep> {
    requireSweeps(caller)
    const { stores, log, worldOf } = this.#parts
    const world = worldOf(caller)
    const targets = await targetsFor(sweepRequest, caller, world)
    const { name, customers, suite, proof, spread } = world.requestFor(sweepRequest)
    const id = randomUUID()
    const scheduled = states === null
    await this.#requireRoom(name, caller)
    if (!(await this.#dispatcher.add(id))) {
      const detail = 'Too many sweeps run. Try again when one of them has ended.'
      throw new RequestProblem('at-capacity', detail, { retryAfter: RETRY_SOON_SECONDS })
    }
    const exceeded = states && (await this.#parts.quotas.takeSweep(caller, states))
    if (exceeded) {
      await this.#dispatcher.remove(id)
      throw usedUp(exceeded)
    }
    for (let from = 0; from < targets.length; from += PART) {
      await stores.sweeps.addTargets(id, targets.slice(from, from + PART))
    }
    const record = {
      id,
      name,
      callerId: caller.id,
      scheduled,
      customers: customers === null || customers === 'all' ? customers : [...customers],
      suite,
      proof,
      spread,
      createdAt: new Date().toISOString(),
      targets: targets.length,
    }
    const begun = await stores.sweeps.begin(record)
    if ('busy' in begun) {
      await this.#dispatcher.remove(id)
      throw runsAlready(name, begun.busy)
    }
    await this.#dispatcher.begin(id)
    log.info({ sweep: id, name, caller: caller.id, targets: targets.length, scheduled }, 'a sweep begins')
    return sweepView(await this.#find(id, caller))
  }

  /** Throws if a sweep of this name runs, or too many of this caller. */
  async #requireRoom(name: string, caller: Caller): Promise<void> {
    const running = (await this.list(caller, undefined)).filter(({ status }) => status === 'running')
    const same = running.find((one) => one.name === name)
    if (same) throw runsAlready(name, same.id)
    const [newest] = running
    if (!newest || running.length < RUNNING) return
    const detail = `${running.length} sweeps of this caller run. Wait for the end of one, or stop it: /sweeps/${newest.id}.`
    throw new RequestProblem('sweep-running', detail, { location: `/sweeps/${newest.id}` })
  }

  async #ended(sweep: StoredSweep): Promise<void> {
    const { announce, log } = this.#parts
    const { progress, verdicts, changes, status } = sweepView(sweep)
    const { id, name, callerId: caller } = sweep.record
    log.info({ sweep: id, name, caller, status, ...progress, ...verdicts, changes }, 'a sweep has ended')
    await announce(caller, sweepView(sweep))
  }
}

function usedUp({ policies: violatedPolicies, retryAfter }: Exceeded): RequestProblem {
  const detail = `This quota is used up: ${QUOTAS['sweeps-caller']} (sweeps-caller). Try again at ${timeAfter(retryAfter)}.`
  return new RequestProblem('quota-exceeded', detail, { violatedPolicies, retryAfter })
}

function runsAlready(name: string, id: string): RequestProblem {
  const detail = `A sweep with the name ${name} runs. Wait for its end, or stop it: /sweeps/${id}.`
  return new RequestProblem('sweep-running', detail, { location: `/sweeps/${id}` })
}

/** Throws RequestProblem if a key may not use sweeps. */
export function requireSweeps({ sweeps }: Caller): void {
  if (sweeps) return
  const detail = 'This key may not test many servers with one request. Your provider can allow it: "sweeps: true".'
  throw new RequestProblem('sweeps-not-allowed', detail)
}
