/** A relay test result, in which a test replaces the members that it is about. */
import type { RelayTest, TranscriptLine } from '../../src/contract/relay-test.ts'

/** Returns the result of a finished test of a closed server, with some members replaced. */
export function resultWith(members: Partial<RelayTest> = {}): RelayTest {
  return {
    id: '7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
    status: 'finished',
    customerId: 'acme',
    reference: null,
    sweepId: null,
    ip: '203.0.113.25',
    port: 25,
    domain: 'example.com',
    domainSource: 'customer',
    knownMailbox: null,
    knownMailboxSource: null,
    suite: 'standard',
    proof: 'message',
    createdAt: '2027-01-02T03:04:05.678Z',
    queuedAt: null,
    position: null,
    startedAt: '2027-01-02T03:04:05.678Z',
    finishedAt: '2027-01-02T03:04:06.912Z',
    settledAt: '2027-01-02T03:04:06.912Z',
    amendedAt: null,
    followUpAt: null,
    followUps: [],
    durationMs: 1234,
    testerVersion: '0.1.0',
    vantage: { name: 'syd-1', ip: '198.51.100.7', ehlo: 'relaytest.isp.example' },
    secondVantage: null,
    server: null,
    verdict: 'closed',
    evidence: 'none',
    reason: null,
    cause: null,
    caveats: [],
    summary: 'The server refused to relay.',
    retryAfter: null,
    attempts: [],
    delivery: null,
    remedy: null,
    findings: [],
    related: [],
    transcript: [],
    truncated: false,
    ...members,
  }
}

/** Returns a line of a transcript. */
export const line = (
  from: TranscriptLine['from'],
  text: string,
  { answers = null, key = false }: { answers?: number | null; key?: boolean } = {},
): TranscriptLine => ({ ms: 0, connection: 1, from, line: text, answers, key, vantage: null })
