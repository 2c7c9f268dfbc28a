/** The API reference in a real browser: it works without any other host. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../harness/service.ts'
import { violations } from './axe.ts'
import { openBrowser, openPage, withBrowser } from './browser.ts'

test('the reference can be read in light and dark, on a phone and by a screen reader', withBrowser, async (t) => {
  const browser = await openBrowser(t)
  for (const options of [
    { colorScheme: 'light' },
    { colorScheme: 'dark', viewport: { width: 360, height: 700 } },
  ] as const) {
    const { page, faults } = await openPage(t, browser, options)
    await page.goto(pathToFileURL(join(ROOT, 'docs/api.html')).href)
    await page.getByRole('heading', { name: 'Relay Tests: API reference' }).waitFor()
    assert.deepEqual(await violations(page), [])
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(wider <= 0, `${wider} pixels too wide`)
    assert.deepEqual(faults, [])
  }
})
