/** Pasted texts, and names that lead to several addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../harness/waiting.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { severalServers } from '../servers.ts'
import { AT, ask, fact, heading, idIn, shared, unfold, visit } from '../visit.ts'

test(
  'a name with several addresses gives a choice, and the reason for each that cannot be tested',
  withBrowser,
  async (t) => {
    const { page, faults } = await visit(t, shared().service)
    await ask(page, 'example.com')
    await heading(page, 'Which address?')
    await page.locator('#choices-title:focus').waitFor()
    assert.equal(await page.getByRole('button', { name: /^Test 127/ }).count(), 2)
    await page.getByRole('button', { name: 'Test all 2 addresses' }).waitFor()
    await page.getByText('127.0.0.99 is never tested').waitFor()
    await page.getByText('This key may not test 93.184.216.34').waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Test 127.0.0.26' }).click()
    await heading(page, /127\.0\.0\.26/)
    await ask(page, 'one.example.com')
    await heading(page, /127\.0\.0\.27/)
    for (const [name, title, note] of [
      ['no-such-name', 'No address', 'no-such-name.example.com does not exist, or has no address.'],
      ['no-mail', 'No mail server', 'no-mail.example.com accepts no mail'],
      ['lost', 'No address', 'Mail for lost.example.com goes to gone.example.com'],
      ['failing', 'No answer', 'The name servers did not answer for failing.example.com (MX)'],
      ['foreign', 'None of these addresses can be tested', 'foreign.example.com has these addresses:'],
    ] as const) {
      await ask(page, `${name}.example.com`)
      await page.locator('#choices', { hasText: note }).waitFor()
      assert.equal(await page.locator('#choices-title').textContent(), title, name)
    }
    assert.deepEqual(faults, [])
  },
)

test(
  'what people paste is understood: a link, an address with its port, a mail address, umlauts',
  withBrowser,
  async (t) => {
    const { service, port } = shared()
    const { page, faults } = await visit(t, service)
    for (const [pasted, tested] of [
      [`${AT.closed}:${port}`, AT.closed],
      ['https://one.example.com/webmail', '127.0.0.27'],
      ['müller.example.com', '127.0.0.28'],
    ] as const) {
      await ask(page, pasted)
      await heading(page, new RegExp(tested.replaceAll('.', '\\.')))
    }
    await ask(page, 'Jane <jane@one.example.com>')
    await heading(page, /127\.0\.0\.27/)
    await unfold(page, 'technical')
    assert.equal(await fact(page, 'Known mailbox').count(), 0, 'one.example.com is no mail domain of the customer')
    await ask(page, '127.0.0.1:4')
    await page.locator('#target-problem', { hasText: 'Port 4 cannot be tested.' }).waitFor()
    assert.deepEqual(faults, [])
  },
)

test(
  'all addresses of a domain in one go: IPv4 and IPv6 side by side, with a link that shows them again',
  withBrowser,
  async (t) => {
    const { service, key, name } = await severalServers(t)
    const { page, faults } = await visit(t, service, { key })
    // A result names the last verdict of each other address. So one of them has a verdict before the test of ::1 ends.
    await ask(page, '127.0.0.1')
    await heading(page, /^Closed: 127\.0\.0\.1/)
    await ask(page, name)
    await page.getByRole('button', { name: 'Test all 3 addresses' }).click()
    await page.getByText('1 open, 2 closed.').waitFor()
    const row = page.getByRole('row', { name: /^mx1\.example\.com/ })
    await row.getByRole('cell').nth(0).getByText('Closed').waitFor()
    await row.getByRole('cell').nth(1).getByText('Open relay').waitFor()
    await page.getByRole('columnheader', { name: 'IPv6' }).waitFor()
    assert.deepEqual(await violations(page), [])
    await page.setViewportSize({ width: 390, height: 844 })
    assert.deepEqual(await violations(page), [], 'on a phone')
    await until('three tests in the address', async () => idIn(page).split(',').length === 3)
    await page.reload()
    await page.getByText('1 open, 2 closed.').waitFor()
    await page.getByRole('link', { name: /Open relay/ }).click()
    await heading(page, /^Open relay: \[::1\]/)
    await unfold(page, 'others')
    await page.locator('#related', { hasText: '127.0.0.1 Closed' }).waitFor()
    await page.getByRole('button', { name: 'Fill in 127.0.0.1' }).click()
    await page.locator('#target:focus').waitFor()
    assert.equal(await page.getByRole('textbox', { name: 'Mail server' }).inputValue(), '127.0.0.1')
    await page.goBack()
    await page.getByText('1 open, 2 closed.').waitFor()
    assert.deepEqual(faults, [])
  },
)
