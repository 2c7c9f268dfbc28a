/** Signing in and out. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeYaml } from '../../harness/files.ts'
import { callersYaml, keyOf } from '../../harness/http.ts'
import { deadPort } from '../../harness/mail-scripts.ts'
import { KEYS, startService } from '../../harness/service.ts'
import { until } from '../../harness/waiting.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { ask, heading, newPage, onPort, SERVER, visit } from '../visit.ts'

test('the page asks for a key only if the service does, and keeps it for this tab only', withBrowser, async (t) => {
  const service = await startService(t, onPort(await deadPort()))
  const { page, faults } = await newPage(t)
  await page.goto(service.url)
  const key = page.getByLabel('API key')
  await key.waitFor()
  assert.equal(await key.getAttribute('autocomplete'), 'current-password')
  assert.equal(await key.getAttribute('type'), 'password')
  assert.equal(await page.getByLabel('Name').getAttribute('autocomplete'), 'username')
  assert.deepEqual(await violations(page), [])

  for (const wrong of [keyOf('x'), 'schlüssel…']) {
    await key.fill(wrong)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').filter({ hasText: 'This key is not valid.' }).waitFor()
  }

  await key.fill('')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'Enter your API key.' }).waitFor()

  await key.fill(KEYS.partner)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('You are partner.').waitFor()
  const kept = () => page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href])
  assert.deepEqual(await kept(), [0, 1, '', `${service.url}/`])
  await page.reload()
  await page.getByText('You are partner.').waitFor()

  const behindProxy = await visit(t, service)
  assert.equal(await behindProxy.page.getByLabel('API key').isVisible(), false)
  assert.equal(await behindProxy.page.getByRole('button', { name: 'Sign out' }).count(), 0)

  await ask(page, '127.0.0.1')
  await heading(page, /^No clear answer/)
  writeYaml(join(service.folder, 'callers.yaml'), callersYaml([{ id: 'desk', key: KEYS.desk, customers: 'all' }]))
  await until('the end of the key', async () => (await service.fetch('/limits')).status === 401)
  await ask(page, '127.0.0.2')
  await page.getByRole('alert').filter({ hasText: 'This key is not valid.' }).waitFor()
  await key.fill(KEYS.desk)
  await page.keyboard.press('Enter')
  await page.getByText('You are desk.').waitFor()
  await page.locator('#target:focus').waitFor()
  assert.equal(await page.getByRole('textbox', { name: SERVER }).inputValue(), '127.0.0.2')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await key.waitFor()
  assert.deepEqual(await kept(), [0, 0, '', `${service.url}/#/`])
  assert.deepEqual(faults, [])
})

test(
  'the page says when there were too many wrong keys, and when the service cannot be reached',
  withBrowser,
  async (t) => {
    const service = await startService(t)
    const { page } = await newPage(t)
    await page.goto(service.url)
    const key = page.getByLabel('API key')
    for (let left = 11; left > 0; left -= 1) {
      await key.fill(keyOf('x'))
      const answered = page.waitForResponse(/\/limits$/)
      await page.keyboard.press('Enter')
      await answered
    }
    await page.locator('#key-problem', { hasText: 'Too many requests without a valid key' }).waitFor()
    const again = await newPage(t)
    await again.page.goto(service.url)
    await again.page.getByText('Too many requests without a valid key').waitFor()
    await key.fill(KEYS.partner)
    await page.keyboard.press('Enter')
    await page.getByText('You are partner.').waitFor()
    await service.stop()
    await ask(page, '127.0.0.1')
    await page.locator('#form-problem', { hasText: 'The service cannot be reached.' }).waitFor()
  },
)
