/** Examples of requests and answers for openapi.json, by operation. The examples of results are in examples.ts. */
import { EXAMPLES } from './examples.ts'
import type { Liveness, Readiness } from './health.ts'
import { type Limits, QUOTAS } from './limits.ts'
import { helpFor, PROBLEM_HELP } from './problem-help.ts'
import { type NewRelayTest, type RelayTest, type RelayTestList, summaryOf } from './relay-test.ts'
import type { AddressList, CustomerList } from './scope.ts'
import type { NewSweep, Sweep, SweepResultList } from './sweeps.ts'
import type { VantageList } from './vantages.ts'
import type { WebhookEvent } from './webhooks.ts'

/** An example, or a reference to one of `SHARED_EXAMPLES`. */
type Example = { readonly summary: string; readonly value: unknown } | { readonly $ref: string }

/** Examples of one operation: of its body, and of its JSON answers by status. */
interface OperationExamples {
  readonly body?: Readonly<Record<string, Example>>
  readonly answers: Readonly<Record<string, Readonly<Record<string, Example>>>>
}

const { closed, open } = EXAMPLES

const running: RelayTest = {
  ...closed.value,
  status: 'running',
  finishedAt: null,
  settledAt: null,
  durationMs: null,
  server: null,
  verdict: null,
  evidence: null,
  summary: null,
  attempts: [],
  transcript: [],
}

const REQUESTS = {
  least: { summary: 'Only the address', value: { ip: '203.0.113.25' } },
  more: {
    summary: 'With what you know of the server',
    value: { ip: '203.0.113.25', knownMailbox: 'jane@example.com', reference: 'TICKET-4711' },
  },
  sandbox: { summary: 'In the sandbox: an open server', value: { ip: '192.0.2.2', domain: 'example.com' } },
} as const satisfies Readonly<Record<string, Example & { value: NewRelayTest }>>

const LIST: RelayTestList = { relayTests: [summaryOf(open.value), summaryOf(closed.value)], nextCursor: null }

const LIMITS: Limits = {
  caller: 'portal',
  customers: ['acme'],
  quotas: [
    {
      name: 'tests-caller',
      counts: QUOTAS['tests-caller'],
      limit: 60,
      windowSeconds: 3600,
      remaining: 58,
      resetSeconds: 2711,
      resetsAt: '2026-11-24T08:37:00.000Z',
    },
    {
      name: 'tests-target',
      counts: QUOTAS['tests-target'],
      limit: 2,
      windowSeconds: 600,
      remaining: null,
      resetSeconds: null,
      resetsAt: null,
    },
  ],
  concurrentTests: 8,
  waitingTests: 1000,
  ports: [25],
}

const CUSTOMERS: CustomerList = {
  customers: [
    {
      id: 'acme',
      name: 'Acme Pty Ltd',
      networks: ['203.0.113.0/24', '2001:db8:25::/48'],
      domains: ['example.com'],
      mailboxes: ['jane@example.com'],
    },
  ],
  next: null,
}

const REFUSED = helpFor('not-allowed')

const ADDRESSES: AddressList = {
  name: 'example.com',
  mx: [{ preference: 10, host: 'mail.example.com' }],
  addresses: [
    {
      ip: '203.0.113.25',
      host: 'mail.example.com',
      preference: 10,
      testable: true,
      customerId: 'acme',
      domain: 'example.com',
      problem: null,
    },
    {
      ip: '198.51.100.1',
      host: 'mail.example.com',
      preference: 10,
      testable: false,
      customerId: null,
      domain: null,
      problem: { type: REFUSED.type, detail: REFUSED.example.detail, help: REFUSED.help },
    },
  ],
  unanswered: [],
  truncated: false,
}

const VANTAGES: VantageList = {
  vantages: [
    {
      name: 'syd-1',
      ehlo: 'relaytest.isp.example',
      publicIps: ['198.51.100.7'],
      families: ['IPv4'],
      state: 'up',
      checkedAt: '2026-11-24T07:50:00.000Z',
      checks: [{ name: 'ehlo-name', outcome: 'ok', detail: '198.51.100.7 and relaytest.isp.example belong together.' }],
    },
  ],
}

const SWEEP: Sweep = {
  id: '7d0c5a6e-2a4b-4c53-8d0f-5b7f6f1f0a11',
  name: 'weekly',
  status: 'finished',
  scheduled: true,
  customers: 'all',
  suite: 'standard',
  proof: 'delivery',
  spread: '6h',
  createdAt: '2026-11-23T03:00:00.000Z',
  finishedAt: '2026-11-23T09:00:41.512Z',
  says: null,
  progress: { targets: 812, tested: 809, skipped: 3, running: 0, waiting: 0 },
  verdicts: { open: 4, closed: 796, inconclusive: 9 },
  changes: {
    against: '0b7c1f0e-58f5-4f0e-9c7e-0f4a5d8d2f10',
    opened: 1,
    closed: 2,
    new: 11,
    lost: 3,
    stillOpen: 3,
  },
}

const SWEEP_RESULTS: SweepResultList = {
  results: [
    {
      ip: '203.0.113.25',
      port: 25,
      domain: 'example.com',
      customerId: 'acme',
      reference: null,
      state: 'tested',
      verdict: 'open',
      reason: null,
      testId: open.value.id,
      finishedAt: '2026-11-23T05:12:09.300Z',
      says: null,
      change: 'opened',
      lastVerdict: 'open',
      openSince: '2026-11-23T05:12:09.300Z',
    },
  ],
  nextCursor: null,
}

const SWEEP_REQUESTS = {
  customers: {
    summary: 'All servers of all customers, within six hours',
    value: { name: 'weekly', customers: 'all', spread: '6h' },
  },
  targets: {
    summary: 'Two servers',
    value: { name: 'after-the-fix', targets: [{ ip: '203.0.113.25' }, { ip: '203.0.113.26', domain: 'example.com' }] },
  },
} as const satisfies Readonly<Record<string, Example & { value: NewSweep }>>

const LIVE: Liveness = { status: 'ok' }

const READY: Readiness = {
  status: 'ok',
  redis: 'up',
  vantages: { 'syd-1': 'up' },
  files: { customers: { loadedAt: '2026-11-24T07:00:00.000Z', error: null } },
}

/** The examples that several operations refer to, by name: results, and one of each error. */
export const SHARED_EXAMPLES: Readonly<Record<string, Example>> = {
  ...EXAMPLES,
  ...Object.fromEntries(
    [...PROBLEM_HELP].map(([slug, { title, example }]) => [slug, { summary: title, value: example }]),
  ),
}

/** Returns references to shared examples, by name. */
export const shared = (names: readonly string[]): Readonly<Record<string, Example>> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }]))

const RESULTS = shared(Object.keys(EXAMPLES))
const RUNNING = { running: { summary: 'A test that is running', value: running } }

const one = (summary: string, value: unknown) => ({ one: { summary, value } })

/** The examples, by `operationId`. */
export const OPERATION_EXAMPLES: Readonly<Record<string, OperationExamples>> = {
  createRelayTest: {
    body: REQUESTS,
    answers: { 201: RESULTS, 202: RUNNING },
  },
  getRelayTest: { answers: { 200: RESULTS } },
  stopRelayTest: { answers: { 200: RESULTS, 202: RUNNING } },
  listRelayTests: { answers: { 200: one('Two tests of one address', LIST) } },
  createSweep: { body: SWEEP_REQUESTS, answers: { 201: one('A sweep', SWEEP) } },
  listSweeps: { answers: { 200: one('One sweep', { sweeps: [SWEEP] }) } },
  readSweep: { answers: { 200: one('A sweep that has ended', SWEEP) } },
  stopSweep: { answers: { 200: one('A sweep', { ...SWEEP, status: 'stopped' } satisfies Sweep) } },
  listSweepResults: { answers: { 200: one('A server that has been opened', SWEEP_RESULTS) } },
  getLimits: { answers: { 200: one('The limits of a key', LIMITS) } },
  listCustomers: { answers: { 200: one('One customer', CUSTOMERS) } },
  listAddresses: { answers: { 200: one('A server that the key may test, and one that it may not', ADDRESSES) } },
  listVantages: { answers: { 200: one('One vantage', VANTAGES) } },
  getLivez: { answers: { 200: one('It is running', LIVE) } },
  getReadyz: {
    answers: {
      200: one('Ready', READY),
      503: one('About to end', { ...READY, status: 'shutting-down' } satisfies Readiness),
    },
  },
  getProblem: { answers: { 200: one('A used-up quota', helpFor('quota-exceeded')) } },
  listProblems: { answers: { 200: one('Only one of them', { problems: [helpFor('quota-exceeded')] }) } },
}

/** Examples of webhooks. */
export const WEBHOOK_EXAMPLES = {
  opened: {
    summary: 'A server was found open that was closed before',
    value: {
      type: 'server.opened',
      timestamp: '2026-11-24T07:51:37.720Z',
      data: { ...open.value, earlier: summaryOf(closed.value) },
    },
  },
  swept: {
    summary: 'A sweep has ended',
    value: { type: 'sweep.finished', timestamp: '2026-11-23T09:00:41.512Z', data: SWEEP },
  },
  ping: {
    summary: 'Your provider tries your webhook',
    value: { type: 'ping', timestamp: '2026-11-24T07:51:37.720Z', data: {} },
  },
} as const satisfies Readonly<Record<string, Example & { value: WebhookEvent }>>
