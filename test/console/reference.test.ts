/** The reference of `GET /docs` and the pages of errors in a real browser: they work, and ask no other host. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { startSandbox } from '../harness/sandbox.ts'
import { violations } from './axe.ts'
import { openBrowser, openPage, withBrowser } from './browser.ts'

const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 360, height: 700 } },
] as const

/** Faults of Swagger UI itself: it skips a level of headings, and its introduction is outside of its main part. */
const ACCEPTED = /^(heading-order|region): /

const faultsIn = async (page: Page): Promise<string[]> => {
  const { wider } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return { wider: scrollWidth - clientWidth }
  })
  const found = (await violations(page)).filter((one) => !ACCEPTED.test(one))
  return wider > 0 ? [`${wider} pixels too wide`, ...found] : found
}

test('the reference shows every call, and lets the reader try one with a sandbox key', withBrowser, async (t) => {
  const { url, key } = await startSandbox(t)
  const browser = await openBrowser(t)
  for (const look of LOOKS) {
    const { page, faults } = await openPage(t, browser, look)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${url}/docs`)
    await page.locator('#operations-Relay_tests-createRelayTest').waitFor()
    await page.getByRole('link', { name: 'vantage-inside-network' }).waitFor()
    await page.getByText('Receive the events of your tests').waitFor()
    assert.deepEqual(await faultsIn(page), [])

    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.getByRole('textbox', { name: 'auth-bearer-value' }).fill(key)
    assert.deepEqual(await faultsIn(page), [])
    await page.locator('.modal-ux').getByRole('button', { name: 'Authorize' }).click()
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    const call = page.locator('#operations-Relay_tests-createRelayTest')
    await call.getByRole('button').first().click()
    await call.getByRole('combobox', { name: 'Example' }).first().selectOption('In the sandbox: an open server')
    await call.getByRole('button', { name: 'Execute' }).click()
    const answer = call.locator('.live-responses-table')
    await answer.getByText('"verdict"').waitFor()
    assert.match(await answer.innerText(), /\b201\b.*"verdict": "open"/s)
    assert.deepEqual(await faultsIn(page), [])

    assert.deepEqual(
      asked.filter((address) => !address.startsWith(`${url}/`)),
      [],
    )
    assert.deepEqual(faults, [])
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0)
  }
})

test('the pages of errors can be read in light and dark, on a phone and by a screen reader', withBrowser, async (t) => {
  const { url } = await startSandbox(t)
  const browser = await openBrowser(t)
  for (const look of LOOKS) {
    const { page, faults } = await openPage(t, browser, look)
    await page.goto(`${url}/problems`)
    assert.deepEqual(await faultsIn(page), [])
    await page.getByRole('link', { name: 'quota-exceeded' }).click()
    await page.getByRole('heading', { name: 'A quota is used up' }).waitFor()
    assert.deepEqual(await faultsIn(page), [])
    assert.deepEqual(faults, [])
  }
})
