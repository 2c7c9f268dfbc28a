/** The commands of docs/partners.md work as they are written. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { SANDBOX_ADDRESSES } from '../src/access/sandbox.ts'
import { PROBLEMS } from '../src/contract/problem-catalogue.ts'
import { summaryOf } from '../src/contract/relay-test.ts'
import { webhookEvent } from '../src/contract/webhooks.ts'
import { signed } from '../src/webhooks/signing.ts'
import { documentOf, examplesIn, installed, patternOf, rowsBelow } from './harness/documents.ts'
import { problemIn, resultOf } from './harness/http.ts'
import { deadPort } from './harness/mail-scripts.ts'
import { killed, runProgram } from './harness/process.ts'
import { SECRET } from './harness/receiver.ts'
import { resultWith } from './harness/result.ts'
import { startSandbox } from './harness/sandbox.ts'
import { until } from './harness/waiting.ts'

const DOCUMENT = documentOf('docs/partners.md')

/** The folder of a reader who has followed the document and set no `"type": "module"`. */
const EMPTY = { 'package.json': '{}' }

test('every example for partners prints what the document says', async (t) => {
  const { env } = await startSandbox(t)
  const examples = examplesIn(DOCUMENT, 'sh', 'ts').filter(({ text }) => !text.includes('createServer'))
  for (const [index, { language, text, prints }] of examples.entries()) {
    assert.ok(prints, text)
    const name = `example-${index}.${language === 'ts' ? 'mts' : language}`
    const file = join(installed(t, { ...EMPTY, [name]: text }), name)
    const command = language === 'sh' ? ['sh', file] : [process.execPath, '--import', import.meta.resolve('tsx'), file]
    const [program = '', ...args] = command
    const { code, stdout, stderr } = await runProgram(program, args, env)
    assert.deepEqual([code, stderr], [0, ''], text)
    assert.match(stdout, patternOf(prints), text)
  }
})

test('the receiver for partners takes the events of a test, and refuses what is not signed', async (t) => {
  const [{ text } = assert.fail(), ...more] = examplesIn(DOCUMENT, 'ts').filter((one) =>
    one.text.includes('createServer'),
  )
  assert.equal(more.length, 0)
  assert.ok(text.split('\n').length <= 25)
  const port = await deadPort()
  const file = join(installed(t, { ...EMPTY, 'receiver.mts': text }), 'receiver.mts')
  const env = { PATH: process.env.PATH, PORT: `${port}`, RELAY_TESTS_WEBHOOK_SECRET: SECRET }
  const args = ['--import', import.meta.resolve('tsx'), file]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => killed(child))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (more) => {
    printed += more
  })
  const url = `http://127.0.0.1:${port}/`
  const unsigned = () => fetch(url, { method: 'POST', body: '{}' }).catch(() => null)
  assert.equal((await until('the receiver', unsigned)).status, 400)
  const service = await startSandbox(t, {}, { url, secret: SECRET })
  await resultOf(await service.post({ ip: '192.0.2.2' }))
  await until('the event', () => printed === 'relay-test.finished\n')
  const earlier = summaryOf(resultWith())
  const event = { type: 'server.opened', timestamp: '2027-01-02T03:04:05Z', data: { ...resultWith(), earlier } }
  const body = JSON.stringify(event)
  const { headers } = signed({ id: 'event-1', type: event.type, timestamp: event.timestamp, body }, SECRET, new Date())
  for (let time = 0; time < 2; time += 1)
    assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 204)
  await until('the line', () => printed === 'relay-test.finished\n203.0.113.25 is open: The server refused to relay.\n')
})

test('the document for partners lists every event of webhooks', () => {
  const types = webhookEvent.options.map(({ shape }) => shape.type.value)
  assert.deepEqual(
    rowsBelow(DOCUMENT, 'Webhooks').map(([type]) => type),
    types,
  )
})

test('every address of the sandbox gives the result in the document for partners', async (t) => {
  const service = await startSandbox(t)
  const rows = rowsBelow(DOCUMENT, 'Sandbox').slice(0, -1)
  assert.deepEqual(
    rows.map(([ip]) => ip),
    SANDBOX_ADDRESSES,
  )
  await Promise.all(
    rows.map(async ([ip = '', outcome = '']) => {
      const [verdict = '', detail] = outcome.split(/[,;(]/).map((part) => part.trim())
      const response = await service.post({ ip, followUp: true })
      if (verdict === '429') return assert.equal((await problemIn(response, 'quota-exceeded')).status, 429)
      const { verdict: found, reason, cause, followUpAt } = await resultOf(response)
      assert.equal(found, verdict, ip)
      assert.equal(followUpAt, null, 'no follow-ups')
      if (verdict !== 'closed') assert.equal(reason ?? cause, detail, ip)
    }),
  )
})

test('the document for partners lists every problem and no other, with its status', () => {
  assert.deepEqual(
    rowsBelow(DOCUMENT, 'Errors').map(([slug, status]) => [slug, Number(status)]),
    Object.entries(PROBLEMS)
      .map(([slug, { status }]) => [slug, status] as const)
      .sort(([, a], [, b]) => a - b),
  )
})
