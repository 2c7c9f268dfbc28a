import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { parseAddress } from '../../src/ip/address.ts'
import { type Job, runJob } from '../../src/service/job.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { ROOT } from '../harness/service.ts'

/** Every file that a file runs code of, itself included: what is imported as a type alone is gone when it runs. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  for (const [, what = '', path = ''] of source.matchAll(/^import (?!type )([^'"]*?) from '(\.[^']+)'/gm)) {
    const values = what
      .replace(/[{}]/g, '')
      .split(',')
      .filter((name) => name.trim() !== '' && !/^\s*type /.test(name))
    if (values.length > 0) reachable(join(dirname(file), path), seen)
  }
  return seen
}

const filesFrom = (file: string): string[] => [...reachable(join(ROOT, file))].map((path) => relative(ROOT, path))

test('no code that the sandbox runs can dial', () => {
  const files = filesFrom('src/service/sandbox.ts')
  assert.ok(files.includes('src/smtp/reply.ts'), 'the look-up works')
  assert.ok(filesFrom('src/service/job.ts').includes('src/smtp/dial.ts'), 'it would find the dial')
  assert.deepEqual(
    files.filter((file) => /dial|connection|run\.ts|job\.ts/.test(file)),
    [],
  )
  for (const file of files)
    assert.doesNotMatch(readFileSync(join(ROOT, file), 'utf8'), /from 'node:(net|tls|dgram|http|dns)/, file)
})

test('what dials refuses a caller in the sandbox, whatever led there', async () => {
  const address = parseAddress('127.0.0.1')
  assert.ok(address)
  const job: Job = {
    request: { address, port: 25, suite: 'standard', proof: 'message' },
    asking: {
      caller: { id: 'try', customers: new Set(['sandbox-try']), quota: null, sandbox: true },
      requestId: 'request',
      log: { info() {}, error() {} },
    },
    stop: new AbortController(),
    vantage: DEFAULT_VANTAGE,
    begun: {
      id: '7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d',
      customerId: 'sandbox-try',
      reference: null,
      ip: '127.0.0.1',
      port: 25,
      domain: null,
      domainSource: null,
      suite: 'standard',
      proof: 'message',
      createdAt: '2027-01-02T03:04:05.678Z',
      testerVersion: '0.1.0',
      vantage: { name: 'default', ip: null, ehlo: null },
    },
  }
  const dialled: string[] = []
  const settings = {
    deadlineMs: 5_000,
    maxConcurrent: 1,
    mailboxDomain: 'isp.example',
    mailboxKey: 'k'.repeat(32),
    tester: { providerName: 'ISP', contact: 'help@isp.example' },
    deliveryWaitMs: 0,
    resultTtlMs: 172_800_000,
  }
  const surroundings = { transcript: new Transcript(), expectation: null, refusedBefore: false, dialled, decided() {} }
  await assert.rejects(runJob(job, settings, surroundings), /nothing is ever dialled for a caller in the sandbox/)
  assert.deepEqual(dialled, [])
})
