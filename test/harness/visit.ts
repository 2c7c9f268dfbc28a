/** Runs the probe against a scripted mail server, so that a test can state the verdict of a dialogue. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { parseAddress } from '../../src/ip/address.ts'
import { buildMessage } from '../../src/probe/message.ts'
import { type ProbeOptions, probe } from '../../src/probe/probe.ts'
import { type Server, serverAt } from '../../src/probe/server.ts'
import type { Form } from '../../src/relay/forms.ts'
import { judge } from '../../src/relay/verdict.ts'
import { dialFrom } from '../../src/smtp/dial.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { healthy, type Say, type Script, scriptedServer } from './mail-server.ts'

const LOOPBACK = parseAddress('127.0.0.1')
/** The secrets of every message. */
export const SECRETS = { header: 'q7w3ertyuiopasdfghjklzxcv2', body: 'abcdefghijklmnopqrstuvwxyz' }
const TESTER = { providerName: 'ISP', contact: 'help@isp.example' }
const addressesFor = (form: Form) => ({ sender: 'probe@isp.example', recipient: `${form.id}@isp.example` })
const DOMAIN = { name: 'example.com', source: 'request' } as const

/** A server without PIPELINING. */
export const plainEhlo: Say = (line) => (line.startsWith('EHLO') ? '250 mail.example.com' : healthy(line))

/** Runs a real test against a scripted server in this process, and judges it. */
export async function visit(
  t: TestContext,
  script: Script,
  options: Partial<ProbeOptions> & {
    patienceMs?: number
    tlsFirst?: boolean
    stop?: AbortSignal
    arrival?: Server['arrival']
    troubled?: Server['troubled']
  } = {},
) {
  const server = await scriptedServer(t, script)
  assert.ok(LOOPBACK)
  const transcript = new Transcript()
  const { patienceMs = 20_000, tlsFirst = false, stop = new AbortController().signal, ...others } = options
  const { arrival = async () => null, troubled = async () => false, ...rest } = others
  const route = {
    address: LOOPBACK,
    port: server.port,
    tlsFirst,
    dial: dialFrom([]),
    ehlo: 'relaytest.isp.example',
    deadline: performance.now() + patienceMs,
    transcript,
    stop,
    cut: new AbortController().signal,
    dialling() {},
  }
  const test: ProbeOptions = {
    address: LOOPBACK,
    suite: 'standard',
    proof: 'message',
    domain: DOMAIN,
    knownMailbox: null,
    refusedBefore: false,
    vantage: ['198.51.100.7'],
    deliveryWaitMs: 500,
    addressesFor,
    messageFor: (form) => ({
      lines: buildMessage(addressesFor(form), TESTER, new Date(0), SECRETS),
      secrets: Object.values(SECRETS),
    }),
    ...rest,
  }
  const { observations, tls, spent } = await probe(test, serverAt(route, { arrival, troubled }))
  const judgement = judge(observations)
  const { verdict, reason, cause, rows, caveats } = judgement
  const attempts = Object.fromEntries(
    rows.map(({ attempt, outcome, refusal }) => [attempt.form.id, attempt.why ?? refusal ?? outcome]),
  )
  return {
    server,
    observations,
    spent,
    tls,
    transcript,
    verdict,
    reason,
    cause,
    caveats,
    attempts,
    evidence: judgement.evidence,
  }
}

/** A server that denies relaying for everybody. */
export const deny: Say = (line) => (line.startsWith('RCPT') ? '554 5.7.1 Relay access denied' : healthy(line))

/** The attempts of the standard suite at that server. */
export const ALL_DENIED = {
  'outside-sender': 'relay-denied',
  'own-domain-sender': 'relay-denied',
  'null-sender': 'relay-denied',
  'percent-hack': 'relay-denied',
  'own-domain-postmaster': 'relay-denied',
}

/** Returns how often we waited ten seconds for an answer, and none came. */
export const silencesIn = (transcript: Transcript): number =>
  transcript.entries.filter(({ line }) => /^no answer for \d+ seconds$/.test(line)).length
