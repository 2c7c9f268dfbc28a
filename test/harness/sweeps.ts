/** The tests of sweeps share these: servers on loopback, a caller that may use sweeps, and requests. */
import { z } from 'zod'
import { hashKey } from '../../src/access/keys.ts'
import { type NewSweep, type Sweep, type SweepResult, sweep, sweepResultList } from '../../src/contract/sweeps.ts'
import { bearer, keyOf } from './http.ts'
import type { TestService } from './service.ts'
import { until } from './waiting.ts'

/** A caller that may use sweeps for every customer. */
export const SECURITY = keyOf('w')
export const SWEEP_CALLERS = `
callers:
  - { id: security, keys: [{ sha256: ${hashKey(SECURITY)} }], customers: all, sweeps: true }
  - { id: desk, keys: [{ sha256: ${hashKey(keyOf('d'))} }], customers: all }
`

/** Sends a request about sweeps. */
export const ask = (service: TestService, path: string, init: RequestInit = {}, key: string = SECURITY) =>
  service.fetch(path, { ...init, headers: { ...bearer(key), ...init.headers } })

/** Sends `POST /sweeps`. */
export const postSweep = (service: TestService, body: NewSweep | object, key: string = SECURITY) =>
  ask(
    service,
    '/sweeps',
    { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    key,
  )

/** Returns a sweep of an answer with a status. */
export async function sweepOf(response: Response, status: number): Promise<Sweep> {
  const text = await response.text()
  if (response.status !== status) throw new Error(`${response.status}, not ${status}: ${text}`)
  return sweep.parse(JSON.parse(text))
}

/** Begins a sweep. */
export const begin = async (service: TestService, body: NewSweep): Promise<Sweep> =>
  sweepOf(await postSweep(service, body), 201)

export const read = async (service: TestService, id: string): Promise<Sweep> =>
  sweepOf(await ask(service, `/sweeps/${id}`), 200)

/** Waits for the end of a sweep. */
export const ended = (service: TestService, { id }: Pick<Sweep, 'id'>, ms?: number): Promise<Sweep> =>
  until(
    'the end of the sweep',
    async () => {
      const now = await read(service, id)
      return now.status !== 'running' && now
    },
    ms,
  )

/** Returns all results of a sweep, from one stream. */
export async function resultsOf(service: TestService, { id }: Pick<Sweep, 'id'>, query = ''): Promise<SweepResult[]> {
  const response = await ask(service, `/sweeps/${id}/results${query}`, { headers: { accept: 'application/x-ndjson' } })
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  return z.array(sweepResultList.shape.results.element).parse(lines.map((line) => JSON.parse(line)))
}
