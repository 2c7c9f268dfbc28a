/** The memory of results and their dossiers, which late mail may amend, compared with what their limit counts. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import type { Caller } from '../../src/access/callers.ts'
import { NOTHING_SPENT } from '../../src/probe/question.ts'
import { MESSAGE_FORMS } from '../../src/relay/forms.ts'
import { Amendments } from '../../src/service/amend.ts'
import { Deliveries } from '../../src/service/deliveries.ts'
import { fromBytes, toBytes } from '../../src/service/dossier.ts'
import { finishedResult } from '../../src/service/result.ts'
import { memoryStores } from '../../src/store/stores.ts'
import { healthy } from '../harness/mail-server.ts'
import { visit } from '../harness/visit.ts'
import { jobOn } from './jobs.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const DESK: Caller = { id: 'desk', customers: 'all', quota: null, sandbox: false, sweeps: false, webhook: null }

const DAY_MS = 24 * 3_600_000
const MIB = 1024 ** 2
const COUNTED_MIB = 128
const FLOOD = 3_200

function usedMib(): number {
  for (let round = 0; round < 3; round += 1) collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / MIB
}

/** Returns a finished test of an open server that says as much as a transcript can hold. */
async function talkative(t: TestContext) {
  const long = Array.from({ length: 28 }, (_, line) => `${'x'.repeat(440)} ${line}`)
  const say = (line: string) => {
    if (line.startsWith('EHLO')) return ['250-mail.example.com', ...long.map((text) => `250-${text}`), '250 SIZE']
    const answer = [healthy(line) ?? ''].flat()[0] ?? ''
    const code = answer.slice(0, 3)
    return line === '.' ? [...long.map((text) => `${code}-${text}`), answer] : answer
  }
  const { observations, transcript, tls } = await visit(t, { say }, { proof: 'message' })
  for (let more = 0; !transcript.truncated; more += 1) transcript.add('server', 1, `250-${'y'.repeat(440)} ${more}`)
  const { test: identity } = jobOn(25, DESK)
  const run = {
    observations,
    localAddress: null,
    ehlo: 'us.example',
    extensions: ['SIZE'],
    tls,
    phases: null,
    spent: NOTHING_SPENT,
  }
  return {
    test: identity,
    runs: [{ vantage: identity.vantage, found: run, visits: [[1, 1]] }] as const,
    transcript,
    circumstances: {
      durationMs: 1,
      amendableMs: DAY_MS,
      related: [],
      withdrawn: null,
      followUpAt: null,
      followUps: [],
      followUpsEndMs: 0,
    },
    mail: { tokens: new Map(), secrets: new Map() },
    key: null,
    asked: {
      callerId: 'desk',
      requestId: 'request',
      request: { port: 25, suite: 'standard', proof: 'message' },
    } as const,
  }
}

test('after 3,200 of the longest results, the memory is what the limit counts', async (t) => {
  const bytes = toBytes(await talkative(t))
  const amended: string[] = []
  const stores = memoryStores(DAY_MS)
  const log = pino({ level: 'silent' })
  const amendments = new Amendments({ stores, log, amended: ({ id }) => void amended.push(id) })
  const deliveries = new Deliveries(stores.signals, amendments)
  let last = { id: '', token: '', secret: '' }
  const before = usedMib()
  for (let one = 0; one < FLOOD; one += 1) {
    const id = randomUUID()
    const made = fromBytes(bytes) ?? assert.fail()
    const finished = { ...made, test: { ...made.test, id, createdAt: new Date().toISOString() } }
    const tokens = [...MESSAGE_FORMS.map((form) => form.id), 'sender'].map((form, at) => {
      return [`${one.toString(32).padStart(8, 'a')}${at.toString(32).padStart(8, 'b')}`, form] as const
    })
    const expectation = await deliveries.expect(id, new Map(tokens))
    for (const form of ['outside-sender', 'own-domain-sender', 'percent-hack']) expectation.secretsOf(form)
    last = {
      id,
      token: tokens.find(([, form]) => form === 'outside-sender')?.[0] ?? '',
      secret: expectation.secretsOf('outside-sender').body,
    }
    const result = finishedResult(finished.test, finished.runs, finished.transcript, {
      ...finished.circumstances,
      amendedAt: null,
    })
    if (one === 0) assert.ok(JSON.stringify(result).length > 66_000, 'as long as a result can be')
    await stores.results.put(result, toBytes({ ...finished, mail: expectation.mail }))
    await expectation.handOver()
  }
  const used = usedMib() - before
  t.diagnostic(`${used.toFixed(1)} MiB for ${COUNTED_MIB} MiB that are counted`)
  assert.ok(used > COUNTED_MIB / 1.3 && used < COUNTED_MIB * 1.3, `${used} MiB`)
  const arrival = { helo: 'mail.example.com', peer: '203.0.113.25', mailFrom: '', received: [], report: null }
  const message = { token: last.token, kind: 'message', secrets: [last.secret], receivedAt: new Date() } as const
  assert.equal(await deliveries.arrived({ ...message, ...arrival }), true)
  assert.deepEqual(amended, [last.id], 'the newest test can still be amended')
  assert.notEqual(await stores.results.get(last.id), null)
})
