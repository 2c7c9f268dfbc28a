/** Reads stored results for callers. */
import { type Caller, inScope } from '../access/callers.ts'
import type { LastTest } from '../contract/problems.ts'
import { type RelayTest, type RelayTestList, summaryOf } from '../contract/relay-test.ts'
import { isWaiting } from '../contract/waiting.ts'
import type { Leases } from '../store/leases.ts'
import type { Results } from '../store/results.ts'
import { FOLLOW_UP_LOST } from './follow-ups.ts'
import { cursorOf, type ListQuery } from './queries.ts'
import { brokenResult } from './result.ts'
import type { WaitingList } from './waiting-list.ts'
import type { WorldOf } from './world.ts'

/** How late a follow-up may be before its result says that it is lost, in milliseconds: Redis may be away. */
const OVERDUE_MS = 15 * 60_000

const isOverdue = ({ followUpAt }: Pick<RelayTest, 'followUpAt'>): boolean =>
  followUpAt !== null && Date.now() > Date.parse(followUpAt) + OVERDUE_MS

/** Returns a result that shows its next follow-up as lost. If the follow-up runs later, it amends the stored result. */
function withoutFollowUp(result: RelayTest): RelayTest {
  const lost = { at: result.followUpAt ?? result.createdAt, outcome: 'interrupted', says: FOLLOW_UP_LOST } as const
  return { ...result, followUpAt: null, followUps: [...result.followUps, lost] }
}

/** How many results a list has, if the caller does not say. */
const LIST_LIMIT = 20
/** How many tests of an address are searched for the last one of a port. */
const LOOK_BACK = 50
/** How long a waiting test may take to join the waiting list, in milliseconds: its result is stored before. */
const JOINING_MS = 10_000

/** Shows a caller its own results only. A test whose replica died while it ran reads as interrupted. */
export class Archive {
  readonly #results: Results
  readonly #leases: Leases
  readonly #waitingList: Pick<WaitingList, 'positionOf'>
  readonly #worldOf: WorldOf

  constructor(results: Results, leases: Leases, waitingList: Pick<WaitingList, 'positionOf'>, worldOf: WorldOf) {
    this.#results = results
    this.#leases = leases
    this.#waitingList = waitingList
    this.#worldOf = worldOf
  }

  /** Returns a result, or null if there is none that this caller may see. */
  async get(id: string, caller: Caller): Promise<RelayTest | null> {
    const result = await this.#results.get(id)
    return result && inScope(caller, result.customerId) ? this.#withTrueStatus(result, caller) : null
  }

  /** Returns summaries of the newest results that match a query and that this caller may see. */
  async list(asked: ListQuery, caller: Caller): Promise<RelayTestList> {
    const { customerId, limit = LIST_LIMIT, after = null, ...conditions } = asked
    const mayName = (id: string) => inScope(caller, id) && (customerId === undefined || customerId === id)
    const { summaries, next } = await this.#results.list({ ...conditions, mayName }, limit, after)
    const checked = await Promise.all(
      summaries.map(async (summary) => {
        if (summary.status === 'finished') return isOverdue(summary) ? { ...summary, followUpAt: null } : summary
        const result = await this.get(summary.id, caller)
        return result && summaryOf(result)
      }),
    )
    const relayTests = checked.filter((summary) => summary !== null)
    return { relayTests, nextCursor: next && cursorOf(next) }
  }

  /** Returns the newest verdict on a port of an address that this caller may see, or null. */
  async lastTest({ ip, port }: Pick<RelayTest, 'ip' | 'port'>, caller: Caller): Promise<LastTest | null> {
    const { relayTests } = await this.list({ ip, limit: LOOK_BACK }, caller)
    for (const test of relayTests) {
      const { id, finishedAt, verdict } = test
      if (test.port === port && finishedAt !== null && verdict !== null) return { id, port, finishedAt, verdict }
    }
    return null
  }

  /** Returns a result with the status that is true now. If a running test holds no lease, its replica has died. */
  async #withTrueStatus(result: RelayTest, caller: Caller): Promise<RelayTest> {
    if (result.status === 'finished') return isOverdue(result) ? withoutFollowUp(result) : result
    if (isWaiting(result)) return this.#withPosition(result, caller)
    const holder = await this.#leases.holder(this.#worldOf(caller).leaseNameOf(result))
    if (holder?.testId === result.id) return result
    // The test may have ended between the two reads.
    const now = await this.#results.get(result.id)
    return now?.status === 'finished' ? now : brokenResult(result, result.createdAt)
  }

  /** Returns the result of a waiting test with its position. If it is not on the waiting list, its job was lost. */
  async #withPosition(result: RelayTest, caller: Caller): Promise<RelayTest> {
    const position = await this.#waitingList.positionOf(result.id)
    if (position !== null) return { ...result, position }
    // The test may have left the list between the two reads.
    const now = (await this.#results.get(result.id)) ?? result
    if (!isWaiting(now)) return this.#withTrueStatus(now, caller)
    const { queuedAt } = now
    if (queuedAt !== null && Date.now() - Date.parse(queuedAt) < JOINING_MS) return now
    return brokenResult(now, now.createdAt)
  }
}
