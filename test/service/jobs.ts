/** Makes jobs and settings for tests of single parts of the service. */
import assert from 'node:assert/strict'
import { parseAddress } from '../../src/ip/address.ts'
import type { Caller, Job, Settings } from '../../src/service/job.ts'
import { identify } from '../../src/service/open-job.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'

/** Settings of a service on loopback, with a short deadline. */
export const SETTINGS: Settings = {
  deadlineMs: 2_500,
  maxConcurrent: 1,
  mailboxDomain: 'relaytest.isp.example',
  mailboxKey: 'k'.repeat(32),
  mxZone: null,
  tester: { providerName: 'ISP', contact: 'help@isp.example' },
  implicitTlsPorts: [465],
  deliveryWaitMs: 60_000,
  resultTtlMs: 86_400_000,
}

/** Returns a job of this caller: a test of 127.0.0.1. */
export function jobOn(port: number, caller: Caller): Job {
  const address = parseAddress('127.0.0.1') ?? assert.fail()
  const customer = {
    id: 'acme',
    name: 'Acme',
    networks: ['127.0.0.0/24'],
    domains: ['example.com'],
    mailboxes: [],
    quota: null,
  }
  const request = { address, port, suite: 'standard', proof: 'delivery' } as const
  const domain = { name: 'example.com', source: 'customer' } as const
  return {
    request,
    context: {
      caller,
      requestId: '1',
      log: { info() {}, error() {} },
      quotaStates: new Map(),
      whenGone() {},
    },
    customer,
    vantage: DEFAULT_VANTAGE,
    laterVantages: [],
    followsUp: false,
    test: identify(request, { customer, domain, knownMailbox: null }, DEFAULT_VANTAGE),
    isAwaited: true,
    key: null,
    stop: new AbortController(),
    cut: new AbortController(),
  }
}
