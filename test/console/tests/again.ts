/** Testing again: what has changed, earlier tests, and quotas. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../../harness/http.ts'
import { closed } from '../../harness/mail-scripts.ts'
import { scriptedServer } from '../../harness/mail-server.ts'
import { startService } from '../../harness/service.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { AT, ask, fact, heading, shared, unfold, visit } from '../visit.ts'

test('after the fix, the page says that the server was open before', withBrowser, async (t) => {
  const { service, mend } = shared()
  const { page, faults } = await visit(t, service)
  await ask(page, AT.mended)
  await heading(page, /^Open relay/)
  mend()
  await page.getByRole('button', { name: 'Test again' }).click()
  await heading(page, /^Closed/)
  await page.locator('#changed', { hasText: 'Closed now. It was open, ' }).waitFor()
  assert.equal(await page.title(), `Closed: ${AT.mended} · Relay Tests`)
  assert.deepEqual(faults, [])
})

test('a known mailbox is among the facts, and a repeated test names it again', withBrowser, async (t) => {
  const { page, faults } = await visit(t, shared().service)
  await page.getByText('More options').click()
  await page.getByText('With it, the test understands refusals in any words.').waitFor()
  await page.getByLabel('Known mailbox').fill(' jane@EXAMPLE.net ')
  await ask(page, AT.closed)
  await heading(page, /^Closed/)
  // The customer's first domain is another one: that of the mailbox counts.
  await unfold(page, 'technical')
  assert.equal(await fact(page, 'Known mailbox').textContent(), 'jane@example.net')
  assert.equal(await fact(page, 'Mail domain').textContent(), 'example.net')
  await page.getByLabel('Known mailbox').fill('')
  const repeated = page.waitForRequest((sent) => sent.method() === 'POST' && sent.url().endsWith('/relay-tests'))
  await page.getByRole('button', { name: 'Test again' }).click()
  const { domain, knownMailbox } = JSON.parse((await repeated).postData() ?? '')
  assert.deepEqual([domain, knownMailbox], ['example.net', 'jane@example.net'])
  await heading(page, `Earlier tests of ${AT.closed}`)
  assert.deepEqual(faults, [])
})

test(
  'test again, earlier tests, the quotas left, and the last verdict when a quota is used up',
  withBrowser,
  async (t) => {
    const server = await scriptedServer(t, { say: closed })
    const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '3/1h' } })
    const { page, faults } = await visit(t, service)
    const again = page.getByRole('button', { name: 'Test again' })
    const problem = page.locator('#form-problem:not(:empty)')
    await ask(page, '127.0.0.1')
    await heading(page, /^Closed/)
    await unfold(page, 'quotas')
    await page.getByText('2 of 3, resets in').waitFor()
    const first = page.url()
    await again.click()
    await heading(page, /^Earlier tests of 127\.0\.0\.1/)
    await page.getByText('1 of 3, resets in').waitFor()
    const second = page.url()
    assert.notEqual(second, first)
    await unfold(page, 'earlier')
    const link = page.locator('#earlier-list a')
    assert.equal(await link.count(), 1)
    assert.ok(first.endsWith((await link.getAttribute('href')) ?? 'nothing'))
    await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }), 201)
    await again.click()
    await problem.waitFor()
    await page.locator('#form-more', { hasText: /You can try again in \d+:\d\d/ }).waitFor()
    await page.getByText('0 of 3, resets in').waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByRole('link', { name: 'Show its last result: closed' }).click()
    await problem.waitFor({ state: 'detached' })
    await heading(page, /^Closed/)
    const third = page.url()
    await again.click()
    await page.getByRole('link', { name: 'Show its last result: closed' }).click()
    await problem.waitFor({ state: 'detached' })
    assert.equal(page.url(), third, 'it was shown already')

    // The Back button skips a name that could not be looked up.
    await ask(page, '127.0.0.256')
    await page.getByText('octet is at most 255').waitFor()
    assert.equal(await page.title(), 'Relay Tests')
    await ask(page, '127.0.0.2')
    await heading(page, /^No clear answer: 127\.0\.0\.2:/)
    for (const before of [third, second, first]) {
      await page.goBack()
      assert.equal(page.url(), before)
      await heading(page, /^Closed: 127\.0\.0\.1:/)
      await page.getByText(new URL(before).hash.slice(2), { exact: true }).waitFor({ state: 'attached' })
    }
    await page.getByRole('link', { name: 'Relay Tests' }).click()
    await page.locator('#result').waitFor({ state: 'detached' })
    // The newest of all tests are at the start.
    await heading(page, 'Recent tests')
    const recent = page.locator('#recent-list a')
    assert.equal(await recent.count(), 4)
    assert.match((await recent.first().textContent()) ?? '', /^No clear answer 127\.0\.0\.2:/)
    assert.equal(await page.title(), 'Relay Tests')
    assert.deepEqual(await violations(page), [])
    assert.deepEqual(faults, [])
  },
)
