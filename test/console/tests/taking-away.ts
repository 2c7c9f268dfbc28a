/** Taking a result away: as text, as Markdown, as a link, and single commands. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../../harness/waiting.ts'
import { withBrowser } from '../browser.ts'
import { AT, ask, heading, idIn, shared, visit } from '../visit.ts'

/** The clipboard, once it holds what a test waits for. The browser may fill it a moment after it says so. */
const clipboard = (page: Page, pattern: RegExp) =>
  until('the clipboard', async () => {
    const text = await page.evaluate(() => navigator.clipboard.readText())
    return pattern.test(text) && text
  })

test('the result is copied as text, as Markdown and as a link; nothing moves', withBrowser, async (t) => {
  const { service } = shared()
  const { page } = await visit(t, service, { permissions: ['clipboard-read', 'clipboard-write'] })
  // The page asks for its quotas last. Until then, the earlier tests of the address may still move the buttons.
  const settled = page.waitForResponse(/\/limits$/)
  await ask(page, AT.closed)
  await heading(page, /^Closed/)
  await settled
  // The place on the page: a click may scroll.
  const place = () =>
    page.getByRole('button', { name: 'Print' }).evaluate((button) => {
      const { left, top } = button.getBoundingClientRect()
      return { left: left + scrollX, top: top + scrollY }
    })
  const before = await place()
  await page.getByRole('button', { name: 'Copy as text' }).click()
  await page.locator('#status', { hasText: 'Copied as text.' }).waitFor()
  assert.deepEqual(await place(), before)
  const expected = await (
    await service.fetch(`/relay-tests/${idIn(page)}`, { headers: { accept: 'text/plain' } })
  ).text()
  assert.equal(await clipboard(page, /CLOSED/), expected)
  await page.getByRole('button', { name: 'Copy as Markdown' }).click()
  const markdown = await clipboard(page, /^\*\*Closed: 127/)
  assert.ok(markdown.includes(`- Result: ${page.url()}`))
  await page.getByRole('button', { name: 'Copy link' }).click()
  assert.equal(await clipboard(page, /^http/), page.url())
  await page.reload()
  await heading(page, /^Closed/)
})

test('a command can be copied by itself', withBrowser, async (t) => {
  const { page } = await visit(t, shared().service, { permissions: ['clipboard-read', 'clipboard-write'] })
  await ask(page, AT.open)
  await heading(page, /^Open relay/)
  await page
    .locator('#first')
    .getByRole('button', { name: /^Copy postconf / })
    .click()
  assert.equal(
    await clipboard(page, /^postconf/),
    'postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions',
  )
})

test('a page that may not use the clipboard shows the text instead', withBrowser, async (t) => {
  const { service } = shared()
  const { page } = await visit(t, service)
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('no clipboard'))
  })
  await ask(page, AT.closed)
  await heading(page, /^Closed/)
  await page.getByRole('button', { name: 'Copy as text' }).click()
  const shown = await (await service.fetch(`/relay-tests/${idIn(page)}`, { headers: { accept: 'text/plain' } })).text()
  await page.getByLabel('The text to copy').waitFor()
  assert.equal(await page.getByLabel('The text to copy').inputValue(), shown)
})
