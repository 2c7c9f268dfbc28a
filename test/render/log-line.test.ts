/** Lines of the log for people: what they say, and that nothing a stranger sent controls the terminal. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { renderLogLine } from '../../src/render/log-line.ts'
import { bearer } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { configFolder, environmentFor, KEYS, programAt } from '../harness/service.ts'

const COMMON = { level: 30, time: '2027-01-02T03:04:05.678Z', pid: 7, hostname: 'a', reqId: 'r' }
const line = (fields: object): string => `${JSON.stringify({ ...COMMON, ...fields })}\n`
const plain = (fields: object): string => renderLogLine(line(fields), false)

const TESTED = {
  id: 'ID',
  caller: 'desk',
  customer: 'acme',
  reference: null,
  ip: '192.0.2.25',
  port: 25,
  msg: 'relay test',
}

for (const [what, fields, expected] of [
  [
    'an open server',
    { ...TESTED, verdict: 'open', reason: null, cause: 'everyone', ms: 1234, reference: 'TICKET-1' },
    'OPEN  192.0.2.25:25  everyone  1.2 s  acme, for desk  TICKET-1  ID',
  ],
  [
    'a closed server at an IPv6 address',
    { ...TESTED, ip: '2001:db8::25', verdict: 'closed', reason: null, cause: null, ms: 90 },
    'CLOSED  [2001:db8::25]:25  0.1 s  acme, for desk  ID',
  ],
  [
    'a test without an answer, which the files stopped',
    { ...TESTED, verdict: 'inconclusive', reason: 'interrupted', ms: 5, withdrawn: 'testing is off' },
    'INCONCLUSIVE  192.0.2.25:25  interrupted  0.0 s  acme, for desk  withdrawn="testing is off"  ID',
  ],
  ['the line before a dial', { ...TESTED, audit: 'intent', msg: undefined }, 'asking  192.0.2.25:25  acme, for desk'],
  [
    'a refusal',
    {
      msg: 'refused',
      problem: 'opted-out',
      status: 422,
      caller: 'desk',
      from: '127.0.0.1',
      detail: 'It is opted out.',
    },
    'refused  422 opted-out  desk  127.0.0.1  It is opted out.',
  ],
  [
    'any other line',
    { msg: 'ready', url: 'http://127.0.0.1:3000', customers: 2 },
    'ready  url=http://127.0.0.1:3000  customers=2',
  ],
  ['a warning', { level: 40, msg: 'be careful', files: ['a b'] }, 'warning  be careful  files=["a b"]'],
] as const) {
  test(`${what} is one short line`, () => {
    assert.equal(plain(fields), `03:04:05  ${expected}\n`)
  })
}

test('an error has its stack below it', () => {
  const text = plain({
    level: 50,
    msg: 'it failed',
    err: { type: 'Error', message: 'no', stack: 'Error: no\n    at f (a.ts:1)' },
  })
  assert.equal(text, '03:04:05  error  it failed\n    Error: no\n    at f (a.ts:1)\n')
})

test('colours mark the verdict, and only if they are wanted', () => {
  const open = { ...TESTED, verdict: 'open', cause: 'everyone', ms: 1 }
  assert.match(renderLogLine(line(open), true), /\x1b\[1;31mOPEN\x1b\[0m/)
  assert.doesNotMatch(plain(open), /\x1b/)
})

test('nothing in a line can control the terminal, or pretend to be another line', () => {
  const hostile = 'a\x1b[2J\r\nb\u009b31m\u202ec\u2028d'
  for (const fields of [
    { ...TESTED, verdict: 'open', cause: hostile, reference: hostile, customer: hostile, ms: 1 },
    { msg: hostile, detail: hostile, more: [hostile], [hostile]: 1 },
    { msg: 'refused', problem: 'not-found', detail: hostile, from: hostile },
    { level: 50, msg: 'x', err: { stack: `Error: ${hostile}` } },
  ]) {
    const text = plain(fields)
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}\u2028\u2029]/u)
    assert.ok(text.includes('a'))
  }
})

test('a line that is no JSON stays as it is', () => {
  assert.equal(renderLogLine('what\n', true), 'what\n')
})

test('with LOG_FORMAT=text the service writes for people, one line when a test begins and one when it ends', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const env = { ...environmentFor(configFolder(t)), LOG_FORMAT: 'text', ALLOWED_PORTS: `${mail.port}` }
  const child = spawn(process.execPath, [programAt('dist/server.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGTERM'))
  const shown: string[] = []
  const place = `127\\.0\\.0\\.1:${mail.port}`
  for await (const told of createInterface({ input: child.stdout })) {
    shown.push(told)
    const [, url] = / {2}ready {2}url=(\S+)/.exec(told) ?? []
    if (url !== undefined) {
      await fetch(`${url}/relay-tests`, {
        method: 'POST',
        headers: { ...bearer(KEYS.partner), 'content-type': 'application/json' },
        body: JSON.stringify({ ip: '127.0.0.1', port: mail.port }),
      })
      shown.length = 0
    }
    if (/ {2}CLOSED {2}/.test(told)) break
  }
  assert.equal(shown.length, 2, shown.join('\n'))
  assert.match(shown[0] ?? '', new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}asking {2}${place} {2}acme, for partner$`))
  assert.match(
    shown[1] ?? '',
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}CLOSED {2}${place} {2}[\\d.]+ s {2}acme, for partner {2}`),
  )
  child.kill('SIGTERM')
  await once(child, 'exit')
})
