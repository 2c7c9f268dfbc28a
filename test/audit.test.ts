/** The audit log: an intent before each dial, one result after it, and no dial without it. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { folderOf } from './harness/files.ts'
import { bearer, problemIn } from './harness/http.ts'
import { type ScriptedServer, type ScriptedSession, scriptedServer } from './harness/mail-server.ts'
import { randomFrom } from './harness/random.ts'
import { KEYS, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'
import { replies, servers } from './injection/wire.ts'

const SEED = 20270105
const HOSTS = servers('127.0.0', 12)
/** Nobody may have these tested, each for a reason of its own. */
const REFUSED = [
  { ip: '127.0.2.2' },
  { ip: '127.0.0.99' },
  { ip: '10.0.0.1' },
  { ip: '127.0.0.2', domain: 'example.edu' },
  { ip: '127.0.0.2', knownMailbox: 'jane@example.edu' },
  { ip: '127.1' },
  { ip: '127.0.0.2', customerId: 'nobody' },
]
/** Only servers say this here: it stands for every word of a transcript. */
const CANARY = 'canary-7d1f'

const line = z.looseObject({
  audit: z.enum(['intent', 'result']),
  time: z.iso.datetime(),
  id: z.uuid(),
  ip: z.string(),
  caller: z.string(),
  customer: z.string(),
  reference: z.string().nullable(),
  callerGone: z.boolean().optional(),
})
type Line = z.output<typeof line>

const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)))

interface Audited {
  readonly service: TestService
  readonly heard: ScriptedServer
  readonly file: string
}

async function start(t: TestContext, file: string): Promise<Audited> {
  const heard = await scriptedServer(
    t,
    { say: replies, inGroups: true, greeting: `220 mail.example.com ${CANARY}` },
    { hosts: HOSTS },
  )
  const env = { AUDIT_FILE: file, ALLOWED_PORTS: String(heard.port), QUOTA_TARGET: '40/1h' }
  return { service: await startService(t, { env }), heard, file }
}

/** Asks for a test and goes away: at once, or when the mail server has heard from us. */
async function askAndLeave({ service, heard }: Audited, body: object, late: boolean): Promise<void> {
  const before = heard.sessions.length
  const headers = { ...bearer(KEYS.partner), 'content-type': 'application/json' }
  const outgoing = request(`${service.url}/relay-tests`, { method: 'POST', headers })
  let isAnswered = false
  outgoing.once('response', () => {
    isAnswered = true
  })
  outgoing.on('error', () => {}).end(JSON.stringify(body))
  // A request that is refused leads to no connection.
  if (late) await until('a connection, or an answer', () => isAnswered || heard.sessions.length > before)
  outgoing.destroy()
}

/** Whether a connection came between an intent and its result. */
const covers = (intent: Line, result: Line, { address, at }: ScriptedSession): boolean =>
  intent.ip === address && Date.parse(intent.time) <= at && at <= Date.parse(result.time)

test('each connection has one intent before it and one result after it, whatever becomes of the request', async (t) => {
  const audited = await start(t, join(folderOf(t), 'audit.log'))
  const { service, heard, file } = audited
  let accepted = 0
  let refused = 0
  const lane = async (ip: string, seed: number) => {
    const random = randomFrom(seed)
    for (let turn = 0; turn < 50; turn += 1) {
      const body = { ip, port: heard.port, reference: `${ip} ${turn}` }
      if (random.chance(0.2)) await askAndLeave(audited, body, random.chance(0.7))
      else {
        const { status } = await service.post(random.chance(0.3) ? { ...body, ...random.pick(REFUSED) } : body)
        assert.ok([201, 400, 403, 409, 422, 429].includes(status), `${status}`)
        if (status === 201) accepted += 1
        else refused += 1
      }
    }
  }
  await Promise.all(HOSTS.map((ip, index) => lane(ip, SEED + index)))
  await service.stop()

  const lines = linesOf(file)
  const intents = lines.filter(({ audit }) => audit === 'intent')
  const results = new Map(lines.filter(({ audit }) => audit === 'result').map((result) => [result.id, result]))
  const gone = [...results.values()].filter(({ callerGone }) => callerGone === true).length
  t.diagnostic(
    `${intents.length} intents, ${heard.sessions.length} connections, ${accepted} accepted, ${refused} refused, ${gone} left`,
  )
  assert.ok(accepted > 200 && refused > 80 && gone > 20)

  assert.equal(new Set(intents.map(({ id }) => id)).size, intents.length)
  assert.equal(lines.length, 2 * intents.length, 'as many results as intents')
  const order = new Map(lines.map(({ audit, id }, index) => [`${audit} ${id}`, index]))
  for (const { id } of intents) {
    assert.ok((order.get(`intent ${id}`) ?? 0) < (order.get(`result ${id}`) ?? -1), `${id}: no result after the intent`)
  }
  const claimed = new Set<string>()
  const unclaimed = heard.sessions.filter((dialled) => {
    const owner = intents.find((intent) => {
      return !claimed.has(intent.id) && covers(intent, results.get(intent.id) ?? intent, dialled)
    })
    claimed.add(owner?.id ?? '')
    return owner === undefined
  })
  assert.deepEqual(unclaimed, [])
})

test('an audit line says who asked for what and when, and holds neither a key nor a word of the session', async (t) => {
  const { service, heard, file } = await start(t, join(folderOf(t), 'audit.log'))
  const response = await service.post({
    ip: '127.0.0.2',
    port: heard.port,
    reference: 'TICKET "1"\\',
    domain: 'mx.example.com',
    knownMailbox: 'jane@example.net',
  })
  assert.match(await response.text(), new RegExp(CANARY))
  await service.stop()
  const [intent, result, ...more] = linesOf(file)
  assert.deepEqual(more, [])
  const who = { caller: 'partner', customer: 'acme', reference: 'TICKET "1"\\', ip: '127.0.0.2', port: heard.port }
  for (const [name, value] of Object.entries(who)) {
    assert.deepEqual([intent?.[name], result?.[name]], [value, value], name)
  }
  assert.equal(intent?.requestId, response.headers.get('request-id'))
  assert.equal(intent?.domain, 'mx.example.com')
  assert.deepEqual([intent?.knownMailbox, result?.knownMailbox], ['jane@example.net', 'jane@example.net'])
  const text = readFileSync(file, 'utf8')
  for (const key of Object.values(KEYS)) {
    for (const secret of [key, key.slice(4, 16)]) assert.ok(!text.includes(secret), 'a key')
  }
  for (const word of [CANARY, 'EHLO', 'RCPT', 'Relay access denied']) assert.ok(!text.includes(word), word)
})

test('if no audit line can be written, nothing is dialled', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full',
}, async (t) => {
  const { service, heard } = await start(t, '/dev/full')
  for (const ip of HOSTS) await problemIn(await service.post({ ip, port: heard.port }), 'audit-unavailable')
  assert.equal(heard.sessions.length, 0)
})

test('an audit log that fails stops tests, and one that is mended lets them go on', async (t) => {
  const folder = folderOf(t)
  const file = join(folder, 'audit.log')
  const { service, heard } = await start(t, file)
  const ask = (ip: string) => service.post({ ip, port: heard.port })
  assert.equal((await ask('127.0.0.2')).status, 201)
  rmSync(file)
  // Not even root writes a line into a folder.
  mkdirSync(file)
  const before = heard.sessions.length
  for (const ip of HOSTS) await problemIn(await ask(ip), 'audit-unavailable')
  assert.equal(heard.sessions.length, before)
  rmSync(file, { recursive: true })
  assert.equal((await ask('127.0.0.2')).status, 201)
  assert.deepEqual(
    linesOf(file).map(({ audit }) => audit),
    ['intent', 'result'],
  )
})

test('the audit log says what was decided, every address that was dialled and how many messages were accepted', async (t) => {
  const { service, heard, file } = await start(t, join(folderOf(t), 'audit.log'))
  // The second of them relays for everybody, the first for nobody.
  for (const ip of ['127.0.0.2', '127.0.0.3']) assert.equal((await service.post({ ip, port: heard.port })).status, 201)
  await service.stop()
  const [closedIntent, closed, openIntent, open] = linesOf(file)
  for (const intent of [closedIntent, openIntent]) {
    assert.equal(intent?.decision, 'allowed')
    assert.equal(intent?.suite, 'standard')
  }
  assert.deepEqual([closed?.dialled, closed?.connections, closed?.messagesAccepted], [['127.0.0.2'], 1, 0])
  assert.deepEqual([open?.dialled, open?.connections, open?.messagesAccepted], [['127.0.0.3'], 1, 1])
})

test('a test that a quota refused after its intent says so in its result, and dialled nothing', async (t) => {
  const heard = await scriptedServer(
    t,
    { say: replies, inGroups: true, greeting: '220 mail.example.com' },
    { hosts: HOSTS },
  )
  const file = join(folderOf(t), 'audit.log')
  const env = { AUDIT_FILE: file, ALLOWED_PORTS: String(heard.port), QUOTA_CUSTOMER: '3/1h' }
  const service = await startService(t, { env })
  await Promise.all(HOSTS.map((ip) => service.post({ ip, port: heard.port })))
  await service.stop()
  const results = linesOf(file).filter(({ audit }) => audit === 'result')
  const dialled = results.flatMap((result) => z.array(z.string()).parse(result.dialled))
  assert.deepEqual(dialled.sort(), heard.sessions.map(({ address }) => address).sort())
})
