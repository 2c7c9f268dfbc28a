/** The TypeScript client (`relay-tests/client`), so that programs need not build requests. It needs only `fetch`. */
import { type DomainTests, testEach } from './domain.ts'
import { type FinishedRelayTest, type FinishedSweep, isFinished, type RelayTestEvent } from './finished.ts'
import { eventsOf } from './follow.ts'
import { type CallOptions, within, yieldWithin } from './limit.ts'
import type {
  ClientOptions,
  CreateOptions,
  LimitsOptions,
  ListFilter,
  SweepFilter,
  SweepWaitOptions,
  TestAllOptions,
  WaitOptions,
} from './options.ts'
import {
  ask,
  asStream,
  deleteSweep,
  deleteTest,
  getOf,
  getSweep,
  getTest,
  isAddressList,
  isCustomerList,
  isLimits,
  isList,
  isSweep,
  isSweepList,
  isTest,
  isVantageList,
  postSweep,
  postTest,
} from './requests.ts'
import type { ApiService } from './send.ts'
import { csvOf, resultsOf } from './sweep-results.ts'
import type {
  AddressList,
  Customer,
  Limits,
  NewRelayTest,
  NewSweep,
  RelayTest,
  RelayTestSummary,
  Sweep,
  SweepResult,
  VantageView,
} from './types.ts'
import { waitFor, waitForSweep } from './wait.ts'

export type { AddressTest, DomainTests } from './domain.ts'
export {
  type FinishedRelayTest,
  type FinishedSweep,
  isFinished,
  isSweepFinished,
  type RelayTestEvent,
  type WebhookEvent,
} from './finished.ts'
export { type CallOptions, RelayTestTimeout } from './limit.ts'
export type {
  ClientOptions,
  CreateOptions,
  LimitsOptions,
  ListFilter,
  OnProgress,
  SweepFilter,
  SweepWaitOptions,
  TestAllOptions,
  WaitFor,
  WaitOptions,
} from './options.ts'
export { RelayTestProblem, RelayTestUnreachable } from './problem.ts'
export type { OnRetry } from './send.ts'
export type {
  AddressList,
  AttemptView,
  Customer,
  FieldError,
  LastTest,
  Limits,
  NewRelayTest,
  NewSweep,
  ProblemSlug,
  RelayTest,
  RelayTestList,
  RelayTestSummary,
  SessionLine,
  Sweep,
  SweepChange,
  SweepResult,
  SweepState,
  TranscriptLine,
  VantageView,
  Verdict,
} from './types.ts'
export { verifyWebhook, type WebhookHeaders, WebhookRefused } from './webhooks.ts'

const PATIENCE_MS = 60_000

/** The most tests of a list that has no `limit`, and the most that the service gives at once. */
const LIST_LENGTH = 100
const LONGEST_PAGE = 100

/**
 * A relay test service. Every method throws RelayTestProblem if the service refuses, RelayTestUnreachable if there is
 * no service, RelayTestTimeout after `timeoutMs`, and the reason of `signal` if it is aborted. Methods retry after 429
 * and 503, but not before Retry-After, and after network errors if that cannot make a second test.
 */
export class RelayTestClient {
  readonly #service: ApiService

  /** Throws TypeError if `url` is not a web address. */
  constructor({ url, key, patienceMs = PATIENCE_MS, onRetry }: ClientOptions) {
    if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) {
      throw new TypeError(`url: give a web address, for example https://relay-tests.isp.example, not "${url}"`)
    }
    this.#service = { url: withoutSlashes(url), key: key ?? null, patienceMs, onRetry: onRetry ?? null }
  }

  /** Starts a test and waits for its end. With `respondAsync`, returns as soon as it has started. */
  create(request: NewRelayTest, options?: CreateOptions & { readonly respondAsync?: false }): Promise<FinishedRelayTest>
  create(request: NewRelayTest, options: CreateOptions & { readonly respondAsync?: boolean }): Promise<RelayTest>
  create(request: NewRelayTest, options: CreateOptions & { readonly respondAsync?: boolean } = {}): Promise<RelayTest> {
    return within(options, async (signal) => {
      const test = await ask(this.#service, postTest(request, options, signal), isTest)
      return options.respondAsync || isFinished(test) ? test : waitFor(this.#service, test.id, {}, signal)
    })
  }

  /** Returns a result as it is now. */
  get(id: string, options: CallOptions = {}): Promise<RelayTest> {
    return within(options, (signal) => ask(this.#service, getTest(id, signal), isTest))
  }

  /**
   * Waits until a test is finished. With `for: 'answer'`, waits until no follow-up is left, so that the server has
   * answered, or is given up. With `for: 'settled'`, waits until the result can no longer change.
   */
  wait(id: string, options: WaitOptions = {}): Promise<FinishedRelayTest> {
    return within(options, (signal) => waitFor(this.#service, id, options, signal))
  }

  /**
   * Stops a test that runs or waits, and its follow-ups. Returns its result: with the reason `interrupted`, or with the
   * verdict that it already had.
   */
  stop(id: string, options: CallOptions = {}): Promise<FinishedRelayTest> {
    return within(options, async (signal) => {
      const test = await ask(this.#service, deleteTest(id, signal), isTest)
      return isFinished(test) ? test : waitFor(this.#service, id, {}, signal)
    })
  }

  /**
   * Tests every address of a host name or mail domain that may be tested, all at the same time, and waits for their
   * ends. An address without a result has the reason. Throws only if the look-up fails, or the call must end.
   *
   * @param shared goes into every request: for example `reference`
   */
  testAll(name: string, shared: Omit<NewRelayTest, 'ip'> = {}, options: TestAllOptions = {}): Promise<DomainTests> {
    return within(options, async (signal) =>
      testEach(this.#service, await this.#lookUp(name, signal), shared, options, signal),
    )
  }

  /**
   * Yields the events of a test while they happen. Give a request to start a test, or the id of an existing one. The
   * last event is the verdict. After a broken connection it continues from the stored result; no line comes twice.
   */
  follow(test: NewRelayTest | string, options: CreateOptions = {}): AsyncGenerator<RelayTestEvent, void, void> {
    return yieldWithin(options, (signal) => {
      const isId = typeof test === 'string'
      const first = isId ? getTest(test, signal) : postTest(test, options, signal)
      return eventsOf(this.#service, asStream(first), isId ? test : null)
    })
  }

  /** Returns the tests that match, newest first, at most `limit`. */
  list({ limit = LIST_LENGTH, ...filter }: ListFilter = {}, options: CallOptions = {}): Promise<RelayTestSummary[]> {
    return within(options, async (signal) => {
      const found: RelayTestSummary[] = []
      for (let cursor: string | undefined; ; ) {
        const query = { ...filter, limit: `${Math.min(limit - found.length, LONGEST_PAGE)}`, cursor }
        const { relayTests, nextCursor } = await ask(this.#service, getOf('/relay-tests', query, signal), isList)
        found.push(...relayTests)
        if (!nextCursor || found.length >= limit) return found.slice(0, limit)
        cursor = nextCursor
      }
    })
  }

  /** Returns the customers whose servers this key may test, sorted by id. */
  customers(options: CallOptions = {}): Promise<Customer[]> {
    return within(options, async (signal) => {
      const found: Customer[] = []
      for (let after: string | undefined; ; ) {
        const { customers, next } = await ask(this.#service, getOf('/customers', { after }, signal), isCustomerList)
        found.push(...customers)
        if (next === null) return found
        after = next
      }
    })
  }

  /** Returns the places that tests can come from, with their states. Tests use the first one that fits. */
  vantages(options: CallOptions = {}): Promise<VantageView[]> {
    return within(
      options,
      async (signal) => (await ask(this.#service, getOf('/vantages', {}, signal), isVantageList)).vantages,
    )
  }

  /**
   * Returns what this key may do, and how much of its quotas is left. With `ip`, also how much is left for tests of
   * that address, at `port` (25 without it), for `customerId` (its owner without it).
   */
  limits({ ip, port, customerId, ...options }: LimitsOptions = {}): Promise<Limits> {
    const query = { ip, port: port?.toString(), customerId }
    return within(options, (signal) => ask(this.#service, getOf('/limits', query, signal), isLimits))
  }

  /** Looks up a name (MX, A, AAAA). Says of each address whether it may be tested, and why not. */
  addresses(name: string, options: CallOptions = {}): Promise<AddressList> {
    return within(options, (signal) => this.#lookUp(name, signal))
  }

  /** Starts a sweep, which tests many servers, and returns at once. `waitForSweep` waits for its end. */
  sweep(request: NewSweep, options: CallOptions = {}): Promise<Sweep> {
    return within(options, (signal) => ask(this.#service, postSweep(request, signal), isSweep))
  }

  /** Returns the sweeps of this caller, newest first; with `name`, only those of that name. */
  sweeps(name?: string, options: CallOptions = {}): Promise<Sweep[]> {
    return within(
      options,
      async (signal) => (await ask(this.#service, getOf('/sweeps', { name }, signal), isSweepList)).sweeps,
    )
  }

  /** Returns a sweep as it is now. */
  readSweep(id: string, options: CallOptions = {}): Promise<Sweep> {
    return within(options, (signal) => ask(this.#service, getSweep(id, signal), isSweep))
  }

  /** Waits until a sweep is finished or stopped, and returns it. */
  waitForSweep(id: string, options: SweepWaitOptions = {}): Promise<FinishedSweep> {
    return within(options, (signal) => waitForSweep(this.#service, id, options, signal))
  }

  /** Yields the results of a sweep that match, page by page. Leave the loop to read no more. */
  sweepResults(
    id: string,
    filter: SweepFilter = {},
    options: CallOptions = {},
  ): AsyncGenerator<SweepResult, void, void> {
    return yieldWithin(options, (signal) => resultsOf(this.#service, id, filter, signal))
  }

  /** Yields the results of a sweep that match as CSV, in pieces of any length: append them to a file. */
  sweepCsv(id: string, filter: SweepFilter = {}, options: CallOptions = {}): AsyncGenerator<string, void, void> {
    return yieldWithin(options, (signal) => csvOf(this.#service, id, filter, signal))
  }

  /** Stops a sweep, and returns it. Its results so far stay. */
  stopSweep(id: string, options: CallOptions = {}): Promise<Sweep> {
    return within(options, (signal) => ask(this.#service, deleteSweep(id, signal), isSweep))
  }

  #lookUp(name: string, signal: AbortSignal | null): Promise<AddressList> {
    return ask(this.#service, getOf('/addresses', { name }, signal), isAddressList)
  }
}

/** Returns an address without the slashes at its end. */
function withoutSlashes(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}
