/** The TypeScript client (`relay-tests/client`), so that programs need not build requests. It needs only `fetch`. */
import type { RelayTestEvent } from '../contract/events.ts'
import type { Limits } from '../contract/limits.ts'
import type { NewRelayTest, RelayTest, RelayTestList } from '../contract/relay-test.ts'
import type { AddressList } from '../contract/scope.ts'
import { readEvents } from './events.ts'
import { RelayTestUnreachable } from './problem.ts'
import { type ApiRequest, type ApiService, pause, send } from './send.ts'

export type { RelayTestEvent, SessionLine } from '../contract/events.ts'
export type { Limits } from '../contract/limits.ts'
export type { FieldError, LastTest, ProblemSlug } from '../contract/problems.ts'
export type { AttemptView, NewRelayTest, RelayTest, RelayTestList, TranscriptLine } from '../contract/relay-test.ts'
export type { AddressList } from '../contract/scope.ts'
export { RelayTestProblem, RelayTestUnreachable } from './problem.ts'

export interface ClientOptions {
  /** The address of the service, for example `https://relay-tests.isp.example`. */
  readonly url: string
  /** The API key; not needed if a proxy logs you in. */
  readonly key?: string
  /** How long a request is retried if that is safe, in milliseconds; default: 60,000. */
  readonly patienceMs?: number
}

export interface CallOptions {
  /** Abort this signal to give up the call. */
  readonly signal?: AbortSignal
}

export interface CreateOptions extends CallOptions {
  /** Makes retries safe: all requests with one key make one test. The test continues when its caller disconnects. */
  readonly idempotencyKey?: string
}

const PATIENCE_MS = 60_000

/** The pause before the first look at a running test, and before each later one. */
const FIRST_LOOK_MS = 1_000
const LATER_LOOK_MS = 5_000

/**
 * A relay test service. Every method throws RelayTestProblem if the service refuses, RelayTestUnreachable if there is
 * no service, and the reason of `signal` if it is aborted. Methods retry after 429 and 503, when Retry-After says, and
 * after network errors if that cannot make a second test.
 */
export class RelayTestClient {
  readonly #service: ApiService

  /** Throws TypeError if `url` is not a web address. */
  constructor({ url, key, patienceMs = PATIENCE_MS }: ClientOptions) {
    if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) {
      throw new TypeError(`url: give a web address, for example https://relay-tests.isp.example, not "${url}"`)
    }
    this.#service = { url: withoutSlashes(url), key: key ?? null, patienceMs }
  }

  /** Starts a test and waits for its end. With `respondAsync`, returns as soon as it has started. */
  create(request: NewRelayTest, options: CreateOptions & { readonly respondAsync?: boolean } = {}): Promise<RelayTest> {
    const headers = { ...headersOf(options), ...(options.respondAsync ? { prefer: 'respond-async' } : {}) }
    return this.#json(
      { ...POST, body: request, headers, repeatable: isRepeatable(options), ...signalOf(options) },
      isTest,
    )
  }

  /** Returns a result as it is now. */
  get(id: string, options: CallOptions = {}): Promise<RelayTest> {
    return this.#json({ ...GET, path: pathOf(id), ...signalOf(options) }, isTest)
  }

  /** Waits until a test is finished; with `for: 'settled'`, until its result can no longer change. */
  async wait(id: string, options: CallOptions & { readonly for?: 'finished' | 'settled' } = {}): Promise<RelayTest> {
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = LATER_LOOK_MS) {
      const result = await this.get(id, options)
      const { status, settledAt } = result
      const settledInMs = options.for === 'settled' && settledAt !== null ? Date.parse(settledAt) - Date.now() : 0
      if (status === 'finished' && settledInMs <= 0) return result
      const waitMs = status === 'finished' ? Math.min(settledInMs, LONGEST_WAIT_MS) : lookMs
      await pause(waitMs, options.signal ?? null)
    }
  }

  /**
   * Yields the events of a test while they happen. Give a request to start a test, or the id of an existing one. The
   * last event is the verdict. After a broken connection it continues from the stored result; no line comes twice.
   */
  async *follow(test: NewRelayTest | string, options: CreateOptions = {}): AsyncGenerator<RelayTestEvent, void, void> {
    let lines = 0
    const common = { repeatable: isRepeatable(options), ...signalOf(options) }
    const join = (id: string): ApiRequest => ({ ...GET, ...signalOf(options), ...STREAM, path: pathOf(id) })
    const first: ApiRequest =
      typeof test === 'string' ? join(test) : { ...POST, ...STREAM, body: test, headers: headersOf(options), ...common }
    let until = Date.now() + this.#service.patienceMs
    let id = typeof test === 'string' ? test : undefined
    for (let next = first; ; await pause(FIRST_LOOK_MS, options.signal ?? null)) {
      const response = await send(this.#service, next, async (stream) => stream)
      const known = lines
      for await (const event of eventsUntilEnd(response, options.signal)) {
        if (event.event === 'line' && event.data.index < lines) continue
        if (event.event === 'line') lines += 1
        yield event
        if (event.event === 'verdict') return
      }
      // Starts the time for retries again after each new line: a test may take longer than that time.
      if (lines > known) until = Date.now() + this.#service.patienceMs
      id ??= response.headers.get('location')?.split('/').pop()
      if (id === undefined || Date.now() > until) throw new RelayTestUnreachable('The stream ended before the verdict.')
      next = join(id)
    }
  }

  /** Returns the newest tests of an address, or with a reference. */
  async list(by: { readonly ip: string } | { readonly reference: string }, options: CallOptions = {}) {
    const query = new URLSearchParams({ ...by })
    const found = await this.#json({ ...GET, path: `/relay-tests?${query}`, ...signalOf(options) }, isList)
    return found.relayTests
  }

  /** Returns what this key may do, and how much of its quotas is left. */
  limits(options: CallOptions = {}): Promise<Limits> {
    return this.#json({ ...GET, path: '/limits', ...signalOf(options) }, isLimits)
  }

  /** Looks up a name (MX, A, AAAA). Says of each address whether it may be tested, and why not. */
  addresses(name: string, options: CallOptions = {}): Promise<AddressList> {
    const path = `/addresses?${new URLSearchParams({ name })}`
    return this.#json({ ...GET, path, ...signalOf(options) }, isAddressList)
  }

  #json<T>(request: ApiRequest, isAnswer: (body: unknown) => body is T): Promise<T> {
    return send(this.#service, request, async (response) => {
      const body: unknown = await response.json().catch(() => null)
      if (isAnswer(body)) return body
      throw new RelayTestUnreachable(
        `${response.url} broke off its answer, or does not look like a relay test service.`,
      )
    })
  }
}

/** Recognizes an answer by one of its members. The rest is trusted: a service keeps to its contract. */
const hasMember =
  <T>(member: keyof T) =>
  (body: unknown): body is T =>
    typeof body === 'object' && body !== null && member in body

const isTest = hasMember<RelayTest>('verdict')
const isList = hasMember<RelayTestList>('relayTests')
const isLimits = hasMember<Limits>('quotas')
const isAddressList = hasMember<AddressList>('addresses')

/** Keeps timers below the limit of setTimeout, 2^31 ms. */
const LONGEST_WAIT_MS = 24 * 3_600_000

const GET = { body: null, headers: {}, accept: 'application/json', repeatable: true } as const
const POST = { path: '/relay-tests', accept: 'application/json' } as const
const STREAM = { accept: 'text/event-stream' } as const

const pathOf = (id: string): string => `/relay-tests/${encodeURIComponent(id)}`

const signalOf = ({ signal }: CallOptions) => ({ signal: signal ?? null })

const headersOf = ({ idempotencyKey }: CreateOptions): Record<string, string> =>
  idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }

const isRepeatable = ({ idempotencyKey }: CreateOptions): boolean => idempotencyKey !== undefined

/** Yields the events of a stream until it ends or breaks off. */
async function* eventsUntilEnd(response: Response, signal?: AbortSignal): AsyncGenerator<RelayTestEvent, void, void> {
  try {
    if (response.body) yield* readEvents(response.body)
  } catch {
    // Treats a broken connection like a stream that ended early, unless the caller aborted: follow() reconnects.
    signal?.throwIfAborted()
  }
}

/** Returns an address without the slashes at its end. */
function withoutSlashes(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}
