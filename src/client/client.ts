import type { RelayTestEvent } from '../contract/events.ts'
import type { Limits } from '../contract/limits.ts'
import type { NewRelayTest, RelayTest, RelayTestList } from '../contract/relay-test.ts'
import type { AddressList } from '../contract/scope.ts'
import { type Ask, ask, pause, type Service } from './asking.ts'
import { readEvents } from './events.ts'
import { RelayTestUnreachable } from './problem.ts'

export type { RelayTestEvent, SessionLine } from '../contract/events.ts'
export type { Limits } from '../contract/limits.ts'
export type { FieldError, LastTest, ProblemSlug } from '../contract/problems.ts'
export type { AttemptView, NewRelayTest, RelayTest, RelayTestList, TranscriptLine } from '../contract/relay-test.ts'
export type { AddressList } from '../contract/scope.ts'
export { RelayTestProblem, RelayTestUnreachable } from './problem.ts'

export interface ClientOptions {
  /** Where the service is, such as `https://relay-tests.isp.example`. */
  readonly url: string
  /** The API key; left out where a proxy vouches for you. */
  readonly key?: string
  /** For how long a request is sent again where that is safe, in milliseconds; 60,000 unless said otherwise. */
  readonly patienceMs?: number
}

export interface CallOptions {
  /** Aborted when the answer is not wanted any more. */
  readonly signal?: AbortSignal
}

export interface CreateOptions extends CallOptions {
  /** Makes it safe to ask again: one test is made, however often. It then goes on when its caller leaves. */
  readonly idempotencyKey?: string
}

const PATIENCE_MS = 60_000

/** How often a running test is looked at: soon at first, then less often. */
const FIRST_LOOK_MS = 1_000
const LATER_LOOK_MS = 5_000

/**
 * A relay test service. Every method throws RelayTestProblem where the service refuses, RelayTestUnreachable where there is
 * none to be reached, and the reason of `signal` once that is aborted. Requests are repeated after 429 and 503, when the
 * service says; after errors of the network only where no second test can come of it.
 */
export class RelayTestClient {
  readonly #service: Service

  /** Throws TypeError where `url` is no web address. */
  constructor({ url, key, patienceMs = PATIENCE_MS }: ClientOptions) {
    if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) {
      throw new TypeError(`url: a web address such as https://relay-tests.isp.example was expected, not "${url}"`)
    }
    this.#service = { url: url.replace(/\/+$/, ''), key: key ?? null, patienceMs }
  }

  /** Makes a test and waits for its end; with `respondAsync` only for its beginning. */
  create(request: NewRelayTest, options: CreateOptions & { readonly respondAsync?: boolean } = {}): Promise<RelayTest> {
    const headers = { ...headersOf(options), ...(options.respondAsync ? { prefer: 'respond-async' } : {}) }
    return this.#json(
      { ...POST, body: request, headers, repeatable: isRepeatable(options), ...signalOf(options) },
      isTest,
    )
  }

  /** A result as it stands. */
  get(id: string, options: CallOptions = {}): Promise<RelayTest> {
    return this.#json({ ...GET, path: pathOf(id), ...signalOf(options) }, isTest)
  }

  /** Waits until a test is finished, or until its result can change no more. */
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
   * What happens in a test, as it happens: one that is made by this call, or one that there is, by its id. The last event is
   * the verdict. A connection that breaks off is made good from the stored result: no line comes twice.
   */
  async *follow(test: NewRelayTest | string, options: CreateOptions = {}): AsyncGenerator<RelayTestEvent, void, void> {
    let lines = 0
    const only = { repeatable: isRepeatable(options), ...signalOf(options) }
    const join = (id: string): Ask => ({ ...GET, ...signalOf(options), ...STREAM, path: pathOf(id) })
    const first: Ask =
      typeof test === 'string' ? join(test) : { ...POST, ...STREAM, body: test, headers: headersOf(options), ...only }
    let until = Date.now() + this.#service.patienceMs
    let id = typeof test === 'string' ? test : undefined
    for (let next = first; ; await pause(FIRST_LOOK_MS, options.signal ?? null)) {
      const response = await ask(this.#service, next, async (stream) => stream)
      const known = lines
      for await (const event of unbroken(response, options.signal)) {
        if (event.event === 'line' && event.data.index < lines) continue
        if (event.event === 'line') lines += 1
        yield event
        if (event.event === 'verdict') return
      }
      // A test may take longer than patience lasts: that counts from where the stream last brought something new.
      if (lines > known) until = Date.now() + this.#service.patienceMs
      id ??= response.headers.get('location')?.split('/').pop()
      if (id === undefined || Date.now() > until) throw new RelayTestUnreachable('The stream broke off.')
      next = join(id)
    }
  }

  /** The newest tests of an address, or with a reference. */
  async list(by: { readonly ip: string } | { readonly reference: string }, options: CallOptions = {}) {
    const query = new URLSearchParams({ ...by })
    const found = await this.#json({ ...GET, path: `/relay-tests?${query}`, ...signalOf(options) }, isList)
    return found.relayTests
  }

  /** What this key may do, and how much of it is left. */
  limits(options: CallOptions = {}): Promise<Limits> {
    return this.#json({ ...GET, path: '/limits', ...signalOf(options) }, isLimits)
  }

  /** Where a name leads (MX, A, AAAA), each address with what a test of it would come to. */
  addresses(name: string, options: CallOptions = {}): Promise<AddressList> {
    const path = `/addresses?${new URLSearchParams({ name })}`
    return this.#json({ ...GET, path, ...signalOf(options) }, isAddressList)
  }

  #json<T>(request: Ask, isAnswer: (body: unknown) => body is T): Promise<T> {
    return ask(this.#service, request, async (response) => {
      const body: unknown = await response.json().catch(() => null)
      if (isAnswer(body)) return body
      throw new RelayTestUnreachable(`${response.url} broke off, or answered otherwise than a relay test service does.`)
    })
  }
}

/** A service keeps to its contract, and one member shows that it is one. */
const having =
  <T>(member: keyof T) =>
  (body: unknown): body is T =>
    typeof body === 'object' && body !== null && member in body

const isTest = having<RelayTest>('verdict')
const isList = having<RelayTestList>('relayTests')
const isLimits = having<Limits>('quotas')
const isAddressList = having<AddressList>('addresses')

/** setTimeout takes no more than 2^31 ms. */
const LONGEST_WAIT_MS = 24 * 3_600_000

const GET = { body: null, headers: {}, accept: 'application/json', repeatable: true } as const
const POST = { path: '/relay-tests', accept: 'application/json' } as const
const STREAM = { accept: 'text/event-stream' } as const

const pathOf = (id: string): string => `/relay-tests/${encodeURIComponent(id)}`

const signalOf = ({ signal }: CallOptions) => ({ signal: signal ?? null })

const headersOf = ({ idempotencyKey }: CreateOptions): Record<string, string> =>
  idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }

const isRepeatable = ({ idempotencyKey }: CreateOptions): boolean => idempotencyKey !== undefined

/** The events of a stream until it ends or breaks off. */
async function* unbroken(response: Response, signal?: AbortSignal): AsyncGenerator<RelayTestEvent, void, void> {
  try {
    if (response.body) yield* readEvents(response.body)
  } catch {
    // A network that breaks off is the same as a stream that ends too soon; who follows wants to know, if it is not them.
    signal?.throwIfAborted()
  }
}
