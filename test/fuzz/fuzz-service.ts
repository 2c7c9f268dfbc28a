/** Sends generated requests to a service, and checks every answer. */
import { type Agent, request as httpRequest } from 'node:http'
import fc from '../harness/fast-check.ts'
import { checkAnswer, type FuzzAnswer } from './answers.ts'
import type { Hints } from './from-schema.ts'
import { type Callers, type FuzzRequest, requestsFor } from './requests.ts'

export interface FuzzOptions {
  readonly url: string
  readonly agent: Agent
  readonly requests: number
  readonly seed: number
  readonly hints: Hints
  readonly callers: Callers
}

/** Sends a request as it is, and reads the whole answer. */
function send(url: string, agent: Agent, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, agent, method, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { 'content-type': type = '', 'request-id': id } = response.headers
        const requestId = typeof id === 'string' ? id : undefined
        const { statusCode: status = 0 } = response
        resolve({ status, type: type.split(';')[0] ?? '', requestId, body: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const BATCH = 500
const AT_ONCE = 16

/**
 * Sends a number of generated requests, several at a time, and checks every answer. Returns the number of answers by
 * status. Throws an error with the request that got a wrong answer, or none.
 */
export async function fuzzService(options: FuzzOptions): Promise<Record<string, number>> {
  const { url, agent, requests, seed, hints, callers } = options
  const arbitrary = requestsFor(hints, callers)
  const tally: Record<string, number> = {}
  for (let done = 0; done < requests; done += BATCH) {
    const batch = fc.sample(arbitrary, { seed: seed + done, numRuns: Math.min(BATCH, requests - done) })
    const work = async () => {
      for (let request = batch.pop(); request; request = batch.pop()) {
        try {
          const answer = await send(url, agent, request)
          tally[answer.status] = (tally[answer.status] ?? 0) + 1
          checkAnswer(request, answer)
        } catch (cause) {
          const text = JSON.stringify({ ...request, body: request.body?.toString('latin1') })
          throw new Error(`seed ${seed}, within ${done} to ${done + BATCH}: ${text}`, { cause })
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
  return tally
}
