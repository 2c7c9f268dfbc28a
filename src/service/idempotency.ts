/** Idempotency keys: requests of one caller with the same key start one test. */
import { createHash } from 'node:crypto'
import type { Claim, Claims } from '../store/claims.ts'
import { RETRY_SOON_SECONDS, RequestProblem } from './problem.ts'
import type { TestRequest } from './request.ts'

/** A key in the scope of its caller, and a digest of the request that it was used for. Both are SHA-256 in hex. */
export interface IdempotentRequest {
  readonly key: string
  readonly fingerprint: string
}

const digest = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/** Returns a key in the scope of its caller, and a digest of the request as it was understood, with its defaults. */
export function idempotent(callerId: string, key: string, request: TestRequest): IdempotentRequest {
  const { address, ...rest } = request
  const members = Object.entries({ ...rest, ip: address.text }).filter(([, value]) => value !== undefined)
  return { key: digest([callerId, key]), fingerprint: digest(members.sort()) }
}

/** Returns the id of the test that a key has started, or null. Throws RequestProblem if it was for another request. */
export async function testOf({ key, fingerprint }: IdempotentRequest, claims: Claims): Promise<string | null> {
  return sameTest(await claims.find(key), fingerprint)
}

/** Claims a key for a test. Throws RequestProblem if another test has claimed it, or if that test is lost. */
export async function claimFor(testId: string, request: IdempotentRequest, claims: Claims): Promise<void> {
  const { key, fingerprint } = request
  const taken = await claims.take(key, { testId, fingerprint })
  if (taken === 'lost') {
    throw new RequestProblem('not-found', 'This idempotency key was used, but its test is lost. Use a new key.')
  }
  const other = sameTest(taken, fingerprint)
  if (other !== null) throw stillRunning(other)
}

/** Returns the problem of a retry that comes before the test is finished. */
export const stillRunning = (testId: string): RequestProblem =>
  new RequestProblem(
    'idempotency-running',
    'The test for this idempotency key is still running: read its result, or try again.',
    { retryAfter: RETRY_SOON_SECONDS, location: `/relay-tests/${testId}` },
  )

function sameTest(claim: Claim | null, fingerprint: string): string | null {
  if (claim && claim.fingerprint !== fingerprint) {
    const detail = 'This idempotency key was used for a different request: use a new key.'
    throw new RequestProblem('idempotency-mismatch', detail)
  }
  return claim?.testId ?? null
}
