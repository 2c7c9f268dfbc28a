/** The requests of the client, and how it recognizes their answers. */
import { RelayTestUnreachable } from './problem.ts'
import { type ApiRequest, type ApiService, send } from './send.ts'
import type {
  AddressList,
  CustomerList,
  Limits,
  NewRelayTest,
  NewSweep,
  RelayTest,
  RelayTestList,
  Sweep,
  SweepList,
  SweepResultList,
  VantageList,
} from './types.ts'

type Signal = AbortSignal | null

/** Returns a GET of a path. Members of the query that are undefined are left out. */
export function getOf(path: string, query: Readonly<Record<string, string | undefined>>, signal: Signal): ApiRequest {
  const members = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) members.set(name, value)
  const search = members.size === 0 ? '' : `?${members}`
  return {
    method: 'GET',
    path: `${path}${search}`,
    accept: 'application/json',
    body: null,
    headers: {},
    repeatable: true,
    signal,
  }
}

/** Returns the GET of a test. */
export const getTest = (id: string, signal: Signal): ApiRequest =>
  getOf(`/relay-tests/${encodeURIComponent(id)}`, {}, signal)

/** Returns the DELETE that stops a test. It is safe to repeat. */
export const deleteTest = (id: string, signal: Signal): ApiRequest => ({ ...getTest(id, signal), method: 'DELETE' })

/** Returns the POST that starts a test. It may be sent twice only with an idempotency key. */
export const postTest = (
  body: NewRelayTest,
  { idempotencyKey, respondAsync = false }: { readonly idempotencyKey?: string; readonly respondAsync?: boolean },
  signal: Signal,
): ApiRequest => ({
  method: 'POST',
  path: '/relay-tests',
  accept: 'application/json',
  body,
  headers: {
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    ...(respondAsync ? { prefer: 'respond-async' } : {}),
  },
  repeatable: idempotencyKey !== undefined,
  signal,
})

const pathOfSweep = (id: string): string => `/sweeps/${encodeURIComponent(id)}`

/** Returns the GET of a sweep. */
export const getSweep = (id: string, signal: Signal): ApiRequest => getOf(pathOfSweep(id), {}, signal)

/** Returns the DELETE that stops a sweep. It is safe to repeat. */
export const deleteSweep = (id: string, signal: Signal): ApiRequest => ({ ...getSweep(id, signal), method: 'DELETE' })

/** Returns the POST that starts a sweep. It is never sent twice: the second one would be refused. */
export const postSweep = (body: NewSweep, signal: Signal): ApiRequest => ({
  ...getOf('/sweeps', {}, signal),
  method: 'POST',
  body,
  repeatable: false,
})

/** Returns the GET of one page of the results of a sweep. */
export const getSweepResults = (id: string, query: Readonly<Record<string, string | undefined>>, signal: Signal) =>
  getOf(`${pathOfSweep(id)}/results`, query, signal)

/** Returns the same request for a live stream. */
export const asStream = (request: ApiRequest): ApiRequest => ({ ...request, accept: 'text/event-stream' })

/** Sends a request, and returns its answer. Throws RelayTestUnreachable if the answer is of another kind. */
export const ask = <T>(service: ApiService, request: ApiRequest, isAnswer: (body: unknown) => body is T): Promise<T> =>
  send(service, request, async (response) => {
    const body: unknown = await response.json().catch(() => null)
    if (isAnswer(body)) return body
    throw new RelayTestUnreachable(`${response.url} broke off its answer, or does not look like a relay test service.`)
  })

/** Recognizes an answer by one of its members. The rest is trusted: a service keeps to its contract. */
const hasMember =
  <T>(member: keyof T) =>
  (body: unknown): body is T =>
    typeof body === 'object' && body !== null && member in body

export const isTest = hasMember<RelayTest>('verdict')
export const isList = hasMember<RelayTestList>('relayTests')
export const isLimits = hasMember<Limits>('quotas')
export const isAddressList = hasMember<AddressList>('addresses')
export const isCustomerList = hasMember<CustomerList>('customers')
export const isVantageList = hasMember<VantageList>('vantages')
export const isSweep = hasMember<Sweep>('progress')
export const isSweepList = hasMember<SweepList>('sweeps')
export const isSweepResultList = hasMember<SweepResultList>('results')
