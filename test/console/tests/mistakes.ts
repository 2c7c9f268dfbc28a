/** Problems: each appears where the mistake is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { ask, shared, visit } from '../visit.ts'

test('an error appears beside the field that it points to', withBrowser, async (t) => {
  const { page, faults } = await visit(t, shared().service)
  const besides = async (field: string, detail: RegExp) => {
    await page.locator(`#${field}-problem`, { hasText: detail }).waitFor()
    const input = page.locator(`#${field}`)
    assert.equal(await input.getAttribute('aria-invalid'), 'true')
    assert.match((await input.getAttribute('aria-describedby')) ?? '', new RegExp(`${field}-problem`))
    await page.locator(`#${field}:focus`).waitFor()
  }
  await ask(page, 'a_b.example.com')
  await besides('target', /must be an IP address, a host name or a mail domain/i)
  assert.deepEqual(await violations(page), [])
  await ask(page, '127.0.0.256')
  await besides('target', /octet is at most 255/)
  await ask(page, '127.0.2.1')
  await besides('target', /^This key may not test 127\.0\.2\.1/)
  await ask(page, '127.0.0.99')
  await besides('target', /never tested/)
  await page.getByText('More options').click()
  await page.getByLabel('Mail domain it serves').fill('example.org')
  await ask(page, '127.0.0.1')
  await besides('domain', /^example\.org is not a domain of the customer/)
  await page.getByLabel('Mail domain it serves').fill('')
  await page.getByLabel('Known mailbox').fill('jane')
  await ask(page, '127.0.0.1')
  await besides('knownMailbox', /^Must be a mailbox, such as "jane@example\.com", with exactly one @\.$/)
  await page.getByLabel('Known mailbox').fill('jane@example.org')
  await ask(page, '127.0.0.1')
  await besides('knownMailbox', /^example\.org is not a domain of the customer/)
  assert.deepEqual(await violations(page), [])
  await page.getByLabel('Known mailbox').fill('')
  await page.getByLabel('How far to go').selectOption('delivery')
  await ask(page, '127.0.0.1')
  await besides('proof', /no mailbox/)
  assert.deepEqual(faults, [])
})

test('the customer and the place to test from can be picked', withBrowser, async (t) => {
  const { page, faults } = await visit(t, shared().service)
  await page.getByText('More options').click()
  await page.locator('#customers > option[value="acme"]').waitFor({ state: 'attached' })
  assert.ok((await page.getByLabel('Test from').locator('option').count()) >= 2)
  await page.getByLabel('Customer').fill('beta')
  await ask(page, '127.0.0.1')
  await page
    .locator('#form-problem:not(:empty), #target-problem:not(:empty), #customerId-problem:not(:empty)')
    .first()
    .waitFor()
  assert.deepEqual(faults, [])
})
