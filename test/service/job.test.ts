import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../src/ip/address.ts'
import { type Job, runJob, type Settings } from '../../src/service/job.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { healthy, scriptedServer } from '../harness/mail-server.ts'

const SETTINGS: Settings = {
  deadlineMs: 2_500,
  maxConcurrent: 1,
  mailboxDomain: 'relaytest.isp.example',
  mailboxKey: 'k'.repeat(32),
  tester: { providerName: 'ISP', contact: 'help@isp.example' },
  deliveryWaitMs: 60_000,
  resultTtlMs: 86_400_000,
}

test('a run that does not end by its deadline is given up', { timeout: 20_000 }, async (t) => {
  const server = await scriptedServer(t, { say: healthy })
  const address = parseAddress('127.0.0.1') ?? assert.fail()
  const { port } = server
  const common = { port, suite: 'standard', proof: 'delivery' } as const
  const job: Job = {
    request: { ...common, address },
    asking: {
      caller: { id: 'desk', customers: 'all', quota: null, sandbox: false },
      requestId: '1',
      log: { info() {}, error() {} },
    },
    stop: new AbortController(),
    vantage: DEFAULT_VANTAGE,
    begun: {
      ...common,
      id: '00000000-0000-4000-8000-000000000000',
      customerId: 'acme',
      reference: null,
      ip: '127.0.0.1',
      domain: 'example.com',
      domainSource: 'customer',
      createdAt: new Date().toISOString(),
      testerVersion: '0',
      vantage: { name: 'default', ip: null, ehlo: null },
    },
  }
  /** A mailbox that never answers the question whether a message has arrived. */
  const stuck = {
    announced: Promise.resolve(),
    nonceOf: () => 'abcdefghijklmnopqrstuvwxyz',
    seen: () => new Promise<never>(() => {}),
    settle() {},
    forget() {},
  }
  const dialled: string[] = []
  const surroundings = { transcript: new Transcript(), expectation: stuck, refusedBefore: false, dialled, decided() {} }
  await assert.rejects(runJob(job, SETTINGS, surroundings), /did not end by its deadline/)
  assert.deepEqual(dialled, ['127.0.0.1'])
  assert.ok(server.lines.includes('DATA'), 'it was waiting for the arrival')
})
