/** A test while it runs: its place among those that wait, its phases, its session; stopped, joined and broken off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { bearer, resultOf } from '../../harness/http.ts'
import { gatedServer, open } from '../../harness/mail-scripts.ts'
import { KEYS, startService } from '../../harness/service.ts'
import { inTime } from '../../harness/waiting.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { ask, fact, heading, newPage, onPort, unfold, visit } from '../visit.ts'

test('a test that waits for a slot shows its place, and then its session', withBrowser, async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const env = { ALLOWED_PORTS: `${server.port}`, MAX_CONCURRENT_TESTS: '1' }
  const service = await startService(t, { env })
  const stalled = hold(/^EHLO/)
  const queue = (ip: string) => service.post({ ip, port: server.port }, { prefer: 'respond-async' })
  await resultOf(await queue('127.0.0.1'), 202)
  await inTime('the test before', stalled)
  await resultOf(await queue('127.0.0.2'), 202)
  const { id } = await resultOf(await queue('127.0.0.1'), 202)
  const { page } = await visit(t, service)
  await page.goto(`${service.url}/#/${id}`)
  await heading(page, /^Waiting for a free slot$/)
  await page.getByText('1 test is before this one.').waitFor()
  release()
  await heading(page, /^Closed: 127\.0\.0\.1/)
  await unfold(page, 'technical')
  await fact(page, 'Waited for a slot').waitFor()
})

/** Tests again, and waits until the page knows the new test. The mail server may hear of the test earlier. */
async function testAgain(page: Page): Promise<void> {
  const before = page.url()
  await page.getByRole('button', { name: 'Test again' }).click()
  await page.waitForURL((url) => url.href !== before)
}

test(
  'the session is live; another page joins by its link; it can be stopped, and can break off',
  withBrowser,
  async (t) => {
    const { server, hold, release } = await gatedServer(t)
    const service = await startService(t, onPort(server.port))
    const { page } = await visit(t, service)
    const held = hold(/^RCPT/)
    await ask(page, '127.0.0.1')
    await inTime('the first recipient', held)
    await page.locator('#session li', { hasText: 'RCPT TO' }).waitFor()
    await heading(page, 'Testing 127.0.0.1')
    await page.getByText('Asking the server. It answered 0 of 4 questions so far.').waitFor()
    const other = await newPage(t, { extraHTTPHeaders: bearer(KEYS.desk) })
    await other.page.goto(page.url())
    await other.page.locator('#session li', { hasText: 'RCPT TO' }).waitFor()
    await heading(other.page, /^Testing 127\.0\.0\.1$/)
    await page.locator('#elapsed', { hasText: /[1-9] s/ }).waitFor()
    assert.equal(await page.locator('#status').textContent(), 'Testing 127.0.0.1…', 'what is read out does not count')
    assert.deepEqual(await violations(page), [])
    release()
    await heading(page, /^Closed/)
    await heading(other.page, /^Closed/)
    assert.equal(await page.locator('#elapsed').count(), 0)

    const toStop = hold(/^RCPT/)
    await testAgain(page)
    await inTime('the first recipient', toStop)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopping the test…').waitFor()
    release()
    await heading(page, /^No clear answer/)
    await unfold(page, 'technical')
    await page.getByText('interrupted', { exact: true }).waitFor()

    const toBreak = hold(/^RCPT/)
    await testAgain(page)
    await inTime('the first recipient', toBreak)
    service.process.kill('SIGKILL')
    await heading(page, /^The connection was lost$/)
    assert.deepEqual(await violations(page), [])
    await page.getByRole('link', { name: 'Look for its result' }).click()
    await page.locator('#form-problem', { hasText: 'The service cannot be reached.' }).waitFor()
    await page.getByRole('link', { name: 'Look for its result' }).waitFor()
  },
)

test('a server that says nothing: the page is connected, and waits for the greeting', withBrowser, async (t) => {
  const { server, hold, release } = await gatedServer(t, open)
  const service = await startService(t, onPort(server.port))
  const { page } = await visit(t, service)
  const dot = hold(/^\.$/)
  await ask(page, '127.0.0.1')
  await inTime('the final dot', dot)
  await page.getByText('It accepted an outside recipient. Sending a test message.').first().waitFor()
  release()
  await heading(page, /^Open relay/)
})
