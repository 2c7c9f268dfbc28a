/** Servers that put a test off are visited again, without a new request, until the verdict is known. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { writeYaml } from '../harness/files.ts'
import { problemIn, resultOf } from '../harness/http.ts'
import { closed, deadPort, gatedServer } from '../harness/mail-scripts.ts'
import { healthy, type Say, scriptedServer } from '../harness/mail-server.ts'
import { postOffice, taken } from '../harness/post-office.ts'
import { CALLERS, CUSTOMERS, startService, type TestService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const ASYNC = { prefer: 'respond-async' }
const GREYLISTED = '451 4.7.1 Greylisted, please try again later'

/** Makes a server that defers recipients until `isOver`, and then answers like `then`. */
const greylisting =
  (isOver: () => boolean, then: Say): Say =>
  (line, session) =>
    line.startsWith('RCPT') && !isOver() ? GREYLISTED : then(line, session)

async function start(t: TestContext, port: number, env: Record<string, string> = {}): Promise<TestService> {
  return startService(t, { env: { ALLOWED_PORTS: `${port}`, FOLLOW_UPS: '1s,1s,1s', ...env } })
}

const read = async (service: TestService, { id }: Pick<RelayTest, 'id'>): Promise<RelayTest> =>
  resultOf(await service.fetch(`/relay-tests/${id}`), 200)

/** Waits until a test is finished, and no follow-up is left. */
const answered = (service: TestService, test: Pick<RelayTest, 'id'>): Promise<RelayTest> =>
  until('the answer', async () => {
    const now = await read(service, test)
    return now.status === 'finished' && now.followUpAt === null && now
  })

const finished = (service: TestService, test: Pick<RelayTest, 'id'>): Promise<RelayTest> =>
  until('the first visit', async () => {
    const now = await read(service, test)
    return now.status === 'finished' && now
  })

describe('follow-ups', { concurrency: 4 }, () => {
  test('a follow-up settles a greylisted test, and asks only the questions without an answer', async (t) => {
    let isOver = false
    const refusesNull: Say = (line, session) => {
      if (line.startsWith('RCPT') && session.message.length === 0 && nullSender) return closed(line, session)
      return greylisting(() => isOver, closed)(line, session)
    }
    let nullSender = false
    const server = await scriptedServer(t, {
      say(line, session) {
        if (line.startsWith('MAIL')) nullSender = line.startsWith('MAIL FROM:<>')
        return refusesNull(line, session)
      },
    })
    const service = await start(t, server.port)
    const made = await resultOf(
      await service.post({ ip: '127.0.0.1', port: server.port, domain: 'example.com' }, ASYNC),
      202,
    )
    const first = await finished(service, made)
    assert.deepEqual([first.verdict, first.reason], ['inconclusive', 'greylisted'])
    assert.ok(first.followUpAt !== null && first.settledAt !== null && first.settledAt > first.followUpAt)
    const linesBefore = server.lines.length
    isOver = true
    const last = await answered(service, made)
    assert.deepEqual([last.verdict, last.reason, last.followUps.length], ['closed', null, 1])
    assert.deepEqual(
      [last.followUps[0]?.outcome, last.followUps[0]?.says],
      ['visited', 'The server answered: it is closed.'],
    )
    assert.equal(last.finishedAt, first.finishedAt)
    assert.ok(last.amendedAt && last.settledAt && last.settledAt >= last.amendedAt, 'settled after the last change')
    const later = server.lines.slice(linesBefore)
    assert.ok(!later.includes('MAIL FROM:<>'), 'the refused null sender is not asked again')
    const senderIn = (lines: readonly string[]) => lines.find((line) => /^MAIL FROM:<[a-z2-7]{16}@/.test(line))
    assert.equal(senderIn(later), senderIn(server.lines), 'the same test addresses')
    assert.deepEqual(
      last.transcript.slice(0, first.transcript.length).map(({ line }) => line),
      first.transcript.map(({ line }) => line),
    )
    const connections = last.attempts.flatMap(({ connection }) => connection ?? [])
    assert.ok(Math.max(...connections) > 1, 'the numbers of connections continue')
    const deciding = last.transcript.filter(({ key, from }) => key && from === 'server')
    assert.ok(deciding.length > 0 && deciding.every(({ line }) => line.startsWith('554')))
  })

  test('a server that relays when its greylisting is over is found open by a message', async (t) => {
    let isOver = false
    const office = await postOffice(
      t,
      greylisting(
        () => isOver,
        (line) => {
          if (line === '.') void office.bring(taken(office.server).recipient, taken(office.server).message)
          return healthy(line)
        },
      ),
      { FOLLOW_UPS: '1s', DELIVERY_WAIT_MS: '3000' },
    )
    const { ip, port, service } = office
    const made = await resultOf(await service.post({ ip, port }, ASYNC), 202)
    assert.equal((await finished(service, made)).reason, 'greylisted')
    isOver = true
    const last = await answered(service, made)
    assert.deepEqual([last.verdict, last.evidence], ['open', 'delivered'])
  })

  test('a time that the server names counts instead of the pause', async (t) => {
    const say: Say = (line, session) =>
      line.startsWith('RCPT') ? '450 4.2.0 Greylisted, come back in 60 seconds' : closed(line, session)
    const server = await scriptedServer(t, { say })
    const service = await start(t, server.port, { FOLLOW_UPS: '10m' })
    const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
    const first = await finished(service, made)
    const waitMs = Date.parse(first.followUpAt ?? '') - Date.parse(first.finishedAt ?? '')
    assert.ok(waitMs > 60_000 && waitMs < 70_000, `${waitMs}`)
  })

  test('a server that is down is visited again, at most three times', async (t) => {
    const port = await deadPort()
    const service = await start(t, port)
    const made = await resultOf(await service.post({ ip: '127.0.0.1', port, domain: 'example.com' }, ASYNC), 202)
    const last = await answered(service, made)
    assert.deepEqual([last.verdict, last.reason], ['inconclusive', 'connection-refused'])
    assert.deepEqual(
      last.followUps.map(({ outcome }) => outcome),
      ['visited', 'visited', 'visited'],
    )
    const intents = service.output.filter((line) => line.includes('"audit":"intent"'))
    assert.equal(intents.length, 4, 'each visit has its line')
    const other = await resultOf(await service.post({ ip: '127.0.0.2', port }, ASYNC), 202)
    await finished(service, other)
    await scriptedServer(t, { say: closed }, { hosts: ['127.0.0.2'], port })
    assert.equal((await answered(service, other)).verdict, 'closed')
  })

  test('followUp switches follow-ups on or off; without it, only tests with respond-async have them', async (t) => {
    const server = await scriptedServer(t, { say: greylisting(() => false, closed) })
    const service = await start(t, server.port, { FOLLOW_UPS: '1h' })
    const target = { ip: '127.0.0.1', port: server.port }
    const planned = async (body: object, headers = {}) => {
      const made = await resultOf(await service.post(body, headers), 'prefer' in headers ? 202 : 201)
      return (await finished(service, made)).followUpAt !== null
    }
    assert.equal(await planned(target), false)
    assert.equal(await planned(target, ASYNC), true)
    assert.equal(await planned({ ...target, followUp: true }), true)
    assert.equal(await planned({ ...target, followUp: false }, ASYNC), false)
    await problemIn(await service.post({ ...target, followUp: 'yes' }), 'invalid-request')
  })

  test('FOLLOW_UPS=none switches follow-ups off', async (t) => {
    const server = await scriptedServer(t, { say: greylisting(() => false, closed) })
    const service = await start(t, server.port, { FOLLOW_UPS: 'none' })
    const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
    assert.equal((await finished(service, made)).followUpAt, null)
  })

  for (const [what, file, text, why] of [
    ['testing is off', 'customers', `testing: false\n${CUSTOMERS}`, /switched testing off/],
    [
      'the address is on neverTest',
      'customers',
      CUSTOMERS.replace('127.0.0.99/32', '127.0.0.0/28'),
      /its operator asked/,
    ],
    ['the customer is gone', 'customers', 'customers: []\n', /127\.0\.0\.1/],
    ['the caller is gone', 'callers', CALLERS.replace('id: partner', 'id: another'), /may no longer use/],
  ] as const) {
    test(`when ${what}, a follow-up ends without a dial, and says why`, async (t) => {
      const server = await scriptedServer(t, { say: greylisting(() => false, closed) })
      const service = await start(t, server.port, { FOLLOW_UPS: '3s' })
      const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
      await finished(service, made)
      const { connections } = server
      writeYaml(join(service.folder, `${file}.yaml`), text)
      const ended = await until('the end', () => service.logs().find(({ msg }) => msg === 'relay test amended'))
      assert.equal(ended.id, made.id)
      assert.equal(server.connections, connections, 'nothing is dialled')
      writeYaml(join(service.folder, `${file}.yaml`), file === 'callers' ? CALLERS : CUSTOMERS)
      await until('the reload', () => service.logs().filter(({ msg }) => msg === `${file} reloaded`).length >= 2)
      const last = await read(service, made)
      assert.deepEqual([last.followUpAt, last.followUps[0]?.outcome], [null, 'not-allowed'])
      assert.match(last.followUps[0]?.says ?? '', why)
    })
  }

  test('while a follow-up runs, its target is busy for other tests', async (t) => {
    let isOver = false
    const { server, hold, release } = await gatedServer(
      t,
      greylisting(() => isOver, closed),
    )
    const service = await start(t, server.port)
    const target = { ip: '127.0.0.1', port: server.port, domain: 'example.com' }
    const made = await resultOf(await service.post(target, ASYNC), 202)
    await finished(service, made)
    isOver = true
    const held = hold(/^EHLO/)
    await inTime('the follow-up', held)
    await problemIn(await service.post(target), 'target-busy')
    release()
    assert.equal((await answered(service, made)).verdict, 'closed')
    assert.equal((await resultOf(await service.post(target))).verdict, 'closed')
  })

  test('an event stream can wait for the follow-ups', async (t) => {
    let isOver = false
    const server = await scriptedServer(t, { say: greylisting(() => isOver, closed) })
    const service = await start(t, server.port)
    const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
    await finished(service, made)
    isOver = true
    const stream = await service.fetch(`/relay-tests/${made.id}?until=answer`, {
      headers: { accept: 'text/event-stream' },
    })
    const verdicts = [...(await stream.text()).matchAll(/^event: verdict\ndata: (.*)$/gm)].map(([, data = '']) =>
      JSON.parse(data),
    )
    assert.deepEqual(
      verdicts.map(({ verdict }) => verdict),
      ['inconclusive', 'closed'],
    )
    assert.match(verdicts[0].summary, /We will ask the server again at \d\d:\d\d UTC/)
    await problemIn(await service.fetch(`/relay-tests/${made.id}?until=doomsday`), 'invalid-request')
  })

  test('when the service ends, the results of lost follow-ups say so', async (t) => {
    const server = await scriptedServer(t, { say: greylisting(() => false, closed) })
    const service = await start(t, server.port, { FOLLOW_UPS: '1h', DRAIN_MS: '10000' })
    const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
    await finished(service, made)
    service.process.kill('SIGTERM')
    const last = await answered(service, made)
    assert.equal(last.followUps[0]?.outcome, 'interrupted')
    assert.match(last.followUps[0]?.says ?? '', /Test again/)
  })
})
