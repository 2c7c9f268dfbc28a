/** A test whose caller disconnects. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayTest } from '../../src/contract/relay-test.ts'
import { resultOf } from '../harness/http.ts'
import { gatedServer, open } from '../harness/mail-scripts.ts'
import { startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

test('a test whose caller has left', async (t) => {
  const { server, hold, release } = await gatedServer(t, open)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })

  /** Leaves while the server holds back a reply. Returns the commands that the server got later, and the result. */
  const leaveAt = async (pattern: Pick<RegExp, 'test'>) => {
    const from = server.lines.length
    const tested = service.logs().filter(({ msg }) => msg === 'relay test').length
    const leaving = new AbortController()
    const stalled = hold(pattern)
    const request = service.fetch('/relay-tests', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ip: '127.0.0.1', port: server.port }),
      signal: leaving.signal,
    })
    await inTime('the command', stalled)
    const told = server.lines.length
    leaving.abort()
    await assert.rejects(request, { name: 'AbortError' })
    // The end of a connection reaches the service before what is sent after it.
    for (let round = 0; round < 3; round += 1) await service.fetch('/livez')
    release()
    await until('QUIT', () => server.lines.slice(from).includes('QUIT'))
    const line = await until('the log line', () => service.logs().filter(({ msg }) => msg === 'relay test')[tested])
    const result = await resultOf(await service.fetch(`/relay-tests/${line.id}`), 200)
    return { afterwards: server.lines.slice(told), result, line }
  }

  await t.test('asks nothing more after EHLO, says QUIT, and is interrupted', async () => {
    const { afterwards, result, line } = await leaveAt(/^EHLO/)
    assert.deepEqual(afterwards, ['QUIT'])
    assert.deepEqual([result.status, result.verdict, result.reason], ['finished', 'inconclusive', 'interrupted'])
    assert.deepEqual([...new Set(result.attempts.map(({ why }) => why))], ['interrupted'])
    assert.equal(line.callerGone, true)
  })

  await t.test('ends a started transaction with QUIT, and asks for no recipient', async () => {
    const { afterwards, result } = await leaveAt(/^MAIL/)
    assert.deepEqual(afterwards, ['QUIT'])
    assert.equal(result.reason, 'interrupted')
  })

  await t.test('keeps the answers that it got before', async () => {
    const { afterwards, result } = await leaveAt(/^RCPT/)
    assert.deepEqual(afterwards, ['QUIT'])
    assert.equal(result.reason, 'interrupted')
    assert.equal(result.attempts.find(({ form }) => form === 'outside-sender')?.outcome, 'accepted')
    assert.ok(result.transcript.some(({ line }) => line.startsWith('RCPT TO:')))
  })

  await t.test('sends no message when it leaves before DATA', async () => {
    // The fourth MAIL starts the transaction of the message: three senders were tried before.
    let senders = 0
    const fourthMail = {
      test(line: string) {
        if (line.startsWith('MAIL')) senders += 1
        return line.startsWith('MAIL') && senders === 4
      },
    }
    const { afterwards } = await leaveAt(fourthMail)
    assert.deepEqual(afterwards, ['RSET', 'QUIT'])
  })

  await t.test('leaves the address free for the next', async () => {
    const result = relayTest.parse(await (await service.post({ ip: '127.0.0.1', port: server.port })).json())
    assert.equal(result.verdict, 'open')
  })
})
