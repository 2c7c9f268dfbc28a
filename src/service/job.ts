/** One relay test as data: the request, its caller, and the members of the result that are fixed before the run. */
import type { Caller } from '../access/callers.ts'
import type { Customer } from '../access/customer.ts'
import type { QuotaName } from '../contract/limits.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Tester } from '../probe/message.ts'
import type { Vantage } from '../vantage/vantage.ts'
import type { IdempotentRequest } from './idempotency.ts'
import type { Logger } from './logger.ts'
import type { QuotaState } from './quotas.ts'
import type { TestRequest } from './request.ts'

export type { Caller }

/** The settings of tests. Times are in milliseconds. */
export interface Settings {
  readonly deadlineMs: number
  readonly maxConcurrent: number
  /** The ports where TLS begins with the first byte. */
  readonly implicitTlsPorts: readonly number[]
  readonly mailboxDomain: string
  readonly mailboxKey: string
  /** The zone whose name server we are; null if there is none. */
  readonly mxZone: string | null
  readonly tester: Tester
  readonly deliveryWaitMs: number
  /** How long results are kept. */
  readonly resultTtlMs: number
}

/** The HTTP request behind a test, as far as the service needs to know it. */
export interface RequestContext {
  readonly caller: Caller
  readonly requestId: string
  readonly log: Logger
  /** How the quotas stand. The service writes it while it counts, http puts it into headers. */
  readonly quotaStates: Map<QuotaName, QuotaState>
  /** Calls back if the caller closes the connection before it has its answer. */
  whenGone(left: () => void): void
}

/** The members of a result that are known before the test runs. */
export type TestIdentity = Pick<
  RelayTest,
  | 'id'
  | 'customerId'
  | 'reference'
  | 'sweepId'
  | 'ip'
  | 'port'
  | 'domain'
  | 'domainSource'
  | 'knownMailbox'
  | 'knownMailboxSource'
  | 'suite'
  | 'proof'
  | 'createdAt'
  | 'queuedAt'
  | 'startedAt'
  | 'testerVersion'
  | 'vantage'
>

/** One test on its way through the service. */
export interface Job {
  readonly request: TestRequest
  readonly context: RequestContext
  readonly customer: Customer
  /** The vantage that the test begins from. */
  readonly vantage: Vantage
  /** The vantages that go on with the test, as soon as they are chosen: at most one. */
  readonly laterVantages: Vantage[]
  readonly test: TestIdentity
  /** Whether the service makes follow-ups if the server puts the test off. */
  readonly followsUp: boolean
  /** Whether somebody waits for the result. Such tests come first. */
  readonly isAwaited: boolean
  /** Null if the request has no idempotency key. */
  readonly key: IdempotentRequest | null
  /** Aborted to end the test early. The reason says why: CALLER_GONE, or a Withdrawal. */
  readonly stop: AbortController
  /** Aborted to close the connections of the test, after `stop`. */
  readonly cut: AbortController
}

export const CALLER_GONE = 'the caller is gone'
