import { createHash } from 'node:crypto'
import type { Claim, Claims } from '../store/claims.ts'
import { Refused } from './problem.ts'
import type { TestRequest } from './request.ts'

/** An idempotency key in the scope of its caller, and a digest of what it is used for. */
export interface IdempotentRequest {
  readonly key: string
  readonly fingerprint: string
}

const digest = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/** What a key stands for: the request as it was understood, defaults included. */
export function idempotent(callerId: string, key: string, request: TestRequest): IdempotentRequest {
  const { address, ...rest } = request
  const members = Object.entries({ ...rest, ip: address.text }).filter(([, value]) => value !== undefined)
  return { key: digest([callerId, key]), fingerprint: digest(members.sort()) }
}

/** The test that a key has opened before, or null. Throws Refused where it was for something else. */
export async function testOf({ key, fingerprint }: IdempotentRequest, claims: Claims): Promise<string | null> {
  return sameTest(await claims.find(key), fingerprint)
}

/** Makes a test the one of its key. Throws Refused where another has just become that. */
export async function claimFor(testId: string, request: IdempotentRequest, claims: Claims): Promise<void> {
  const { key, fingerprint } = request
  const other = sameTest(await claims.take(key, { testId, fingerprint }), fingerprint)
  if (other !== null) throw stillRunning(other)
}

/** The answer to a retry that comes before the test is finished. */
export const stillRunning = (testId: string): Refused =>
  new Refused('idempotency-running', 'The test of this idempotency key still runs: read its result, or try again.', {
    retryAfter: 5,
    location: `/relay-tests/${testId}`,
  })

function sameTest(claim: Claim | null, fingerprint: string): string | null {
  if (claim && claim.fingerprint !== fingerprint) {
    throw new Refused('idempotency-mismatch', 'This idempotency key was used for another request: take a new key.')
  }
  return claim?.testId ?? null
}
