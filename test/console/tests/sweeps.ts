/** Sweeps: the list, the report of one, what has changed since the one before, and how results are taken away. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { bearer } from '../../harness/http.ts'
import { startService, type TestService } from '../../harness/service.ts'
import { begin, ended, SECURITY, SWEEP_CALLERS } from '../../harness/sweeps.ts'
import { until } from '../../harness/waiting.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { sweepServers } from '../servers.ts'
import { fact, heading, newPage, unfold, visit } from '../visit.ts'

const SERVERS = { acme: '127.0.0.11', beta: '127.0.1.11', gamma: '127.0.2.11' } as const

/** Starts the servers: those of acme and gamma relay. */
const start = (t: TestContext) => sweepServers(t, SERVERS, [SERVERS.acme, SERVERS.gamma])

const finding = (page: Page, text: RegExp | string) => page.locator('#finding', { hasText: text }).waitFor()
const shown = (page: Page, text: RegExp) => page.locator('#shown', { hasText: text }).waitFor()
const filter = (page: Page, name: RegExp) => page.locator('#filters').getByRole('link', { name }).click()

/** The texts of a column, from the top. */
const column = async (page: Page, name: string) =>
  (await page.locator(`#sweep-results td.${name}`).allInnerTexts()).map((text) => text.trim())

const isWide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)

/** Lets the time of a page run faster until it says so of the progress of a sweep. */
const soon = (page: Page, pattern: RegExp) =>
  until(`the progress ${pattern}`, async () => {
    await page.clock.fastForward(1_000)
    const [text = ''] = await page.locator('#done').allTextContents()
    return pattern.test(text)
  })

/** Notes when a page asks for a sweep, by its own clock, in milliseconds. */
async function looksAt(page: Page, id: string): Promise<() => Promise<number[]>> {
  await page.addInitScript((path) => {
    const { fetch } = window
    window.fetch = (input, init) => {
      const { dataset } = document.documentElement
      if (input === path) dataset.looks = `${dataset.looks ?? ''} ${Date.now()}`
      return fetch(input, init)
    }
  }, `/sweeps/${id}`)
  return () => page.evaluate(() => (document.documentElement.dataset.looks ?? '').trim().split(' ').map(Number))
}

/** Opens the report of a sweep, as a link does. */
async function openReport(
  t: TestContext,
  service: TestService,
  path: string,
  options: Parameters<typeof newPage>[1] = {},
) {
  const opened = await newPage(t, { extraHTTPHeaders: bearer(SECURITY), ...options })
  await opened.page.goto(`${service.url}/#/sweeps/${path}`)
  await opened.page.locator('#report').waitFor()
  return opened
}

test('a sweep is started and followed to its end; the next one says what has changed', withBrowser, async (t) => {
  const { service, port, relaying } = await start(t)
  const { page, faults } = await visit(t, service, { key: SECURITY })
  await page.clock.install()
  await page.reload()
  await page.getByRole('link', { name: 'Sweeps' }).click()
  await page.getByText('There is no sweep yet.').waitFor()
  await page.locator('#sweep-title:focus').waitFor()
  assert.equal(await page.locator('#test-form').isVisible(), false)
  assert.deepEqual(await violations(page), [])
  const startSweep = async () => {
    await unfold(page, 'new-sweep')
    await page.getByLabel('Name', { exact: true }).fill('weekly')
    await page.getByRole('button', { name: 'Start the sweep' }).click()
    await soon(page, /^3 servers, finished/)
  }
  await startSweep()
  await finding(page, '2 servers are open relays. There is no earlier sweep to compare with.')
  assert.equal(await page.locator('#filters li').count(), 4)
  assert.deepEqual(await column(page, 'customer'), ['acme', 'gamma'])
  relaying.delete(SERVERS.acme)
  relaying.add(SERVERS.beta)
  await page.getByRole('link', { name: 'Sweeps' }).click()
  await page.locator('#sweep-list', { hasText: /^weekly 2 open/ }).waitFor()
  await startSweep()
  await finding(page, /^2 servers are open relays; 1 opened and 1 closed again since the last sweep at \d\d:\d\d\.$/)
  await shown(page, /^2 results\.$/)
  assert.equal(await page.title(), 'Sweep weekly · Relay Tests')
  assert.deepEqual(await column(page, 'change'), ['Opened', ''])
  assert.deepEqual(await column(page, 'verdict'), ['Open relay', 'Open relay'])
  assert.deepEqual(await column(page, 'server'), [`${SERVERS.beta}:${port}`, `${SERVERS.gamma}:${port}`])
  await page.locator('#whom', { hasText: '2 customers: beta, gamma' }).waitFor()
  for (const [name, customer] of [
    [/^Opened 1/, 'beta'],
    [/^Still open 1/, 'gamma'],
    [/^Closed again 1/, 'acme'],
  ] as const) {
    await filter(page, name)
    await until('the results of the filter', async () => (await column(page, 'customer')).join() === customer)
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    assert.deepEqual(await violations(page), [], colorScheme)
  }
  await page.getByRole('link', { name: 'Sweeps' }).click()
  await page.locator('#sweep-list li', { hasText: '2 open, 1 of them opened' }).waitFor()
  assert.equal(await page.locator('#sweep-list li').count(), 2)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(faults, [])
})

test('the results are sorted, found, narrowed to a customer, and lead to their tests', withBrowser, async (t) => {
  const { service, port } = await start(t)
  const sweep = await begin(service, { name: 'weekly', customers: 'all' })
  await ended(service, sweep)
  const { page, faults } = await openReport(t, service, `${sweep.id}/all`)
  await shown(page, /^3 results\.$/)
  const sorted = async (direction: string, expected: readonly string[]) => {
    await page.getByRole('button', { name: 'Customer', exact: true }).click()
    const header = page.locator(`#sweep-results th[aria-sort=${direction}]`, { hasText: 'Customer' })
    await header.waitFor()
    assert.deepEqual(await column(page, 'customer'), expected)
  }
  await sorted('ascending', ['acme', 'beta', 'gamma'])
  await sorted('descending', ['gamma', 'beta', 'acme'])
  await page.getByLabel('Find in these results').fill('BETA')
  await shown(page, /^1 result with "BETA"\.$/)
  assert.deepEqual(await column(page, 'verdict'), ['Closed'])
  await page.getByLabel('Find in these results').fill('')
  await page.locator('#sweep-results').getByRole('link', { name: 'gamma' }).click()
  await shown(page, /^1 result\.$/)
  assert.equal(new URL(page.url()).hash, `#/sweeps/${sweep.id}/all/gamma`)
  await page.reload()
  await shown(page, /^1 result\.$/)
  assert.equal(await page.getByLabel('Only the customer').inputValue(), 'gamma')
  await page
    .locator('#sweep-results')
    .getByRole('link', { name: `${SERVERS.gamma}:${port}` })
    .click()
  await heading(page, `Open relay: ${SERVERS.gamma}:${port}`)
  assert.equal(await page.locator('#test-form').isVisible(), true)
  await page.goBack()
  await shown(page, /^1 result\.$/)
  await page.getByLabel('Only the customer').fill('nobody')
  await page.keyboard.press('Enter')
  await shown(page, /^0 results\.$/)
  await page.getByLabel('Only the customer').fill('')
  await page.keyboard.press('Enter')
  await shown(page, /^3 results\.$/)
  await unfold(page, 'about')
  assert.equal(await fact(page, 'Id').textContent(), sweep.id)
  assert.deepEqual(faults, [])
})

test('results are saved as CSV and as NDJSON: those of the filter, with the key', withBrowser, async (t) => {
  const { service } = await start(t)
  const sweep = await begin(service, { name: 'weekly', customers: 'all' })
  await ended(service, sweep)
  const { page, faults } = await newPage(t)
  await page.goto(`${service.url}/#/sweeps/${sweep.id}`)
  await page.getByLabel('API key').fill(SECURITY)
  await page.keyboard.press('Enter')
  await shown(page, /^2 results\.$/)
  for (const [button, type, end] of [
    ['Save as CSV', 'text/csv', 'csv'],
    ['Save as NDJSON', 'application/x-ndjson', 'ndjson'],
  ] as const) {
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: button }).click()
    const file = await saved
    assert.match(file.suggestedFilename(), new RegExp(`^sweep-weekly-\\d{4}-\\d\\d-\\d\\d-open\\.${end}$`))
    const headers = { accept: type, ...bearer(SECURITY) }
    const expected = await service.fetch(`/sweeps/${sweep.id}/results?verdict=open`, { headers })
    assert.equal(readFileSync(await file.path(), 'utf8'), await expected.text())
  }
  await page.locator('#status', { hasText: 'Saved.' }).waitFor()
  assert.deepEqual(faults, [])
})

test('a running sweep is followed slowly, and is stopped after a question', withBrowser, async (t) => {
  const { service } = await start(t)
  const sweep = await begin(service, { name: 'weekly', customers: 'all', spread: '1d' })
  const { page, faults } = await newPage(t, { extraHTTPHeaders: bearer(SECURITY) })
  await page.clock.install()
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.method()))
  const looks = await looksAt(page, sweep.id)
  await page.goto(`${service.url}/#/sweeps/${sweep.id}/all`)
  await shown(page, /^3 results\.$/)
  await finding(page, /^So far, /)
  await page.getByRole('progressbar', { name: 'Servers done' }).waitFor()
  await soon(page, /^1 of 3 servers done, began/)
  await until('a third look', async () => {
    await page.clock.fastForward(1_000)
    return (await looks()).length >= 3
  })
  const times = await looks()
  for (const [index, time] of times.entries()) assert.ok(index === 0 || time - (times[index - 1] ?? 0) >= 4_990)
  assert.deepEqual((await column(page, 'verdict')).sort().slice(1), ['Waiting', 'Waiting'])
  assert.deepEqual(await violations(page), [])
  const lost = page.locator('#sweep-problem', { hasText: 'The service cannot be reached.' })
  for (const offline of [true, false]) {
    await page.context().setOffline(offline)
    await until(offline ? 'the fault' : 'the end of the fault', async () => {
      await page.clock.fastForward(1_000)
      return (await lost.isVisible()) === offline
    })
  }
  await page.getByRole('button', { name: 'Stop the sweep' }).click()
  await page.getByRole('button', { name: 'Let it go on' }).click()
  await page.getByRole('button', { name: 'Stop the sweep' }).click()
  assert.deepEqual(await violations(page), [])
  assert.ok(!asked.includes('DELETE'))
  await page.getByRole('button', { name: 'Yes, stop this sweep' }).click()
  await page.locator('#done', { hasText: 'stopped after 1 of 3 servers' }).waitFor()
  await page.locator('#sweep-title:focus').waitFor()
  await page.locator('#says', { hasText: 'A caller stopped the sweep.' }).waitFor()
  await page.locator('#gaps', { hasText: '2 servers were not tested.' }).waitFor()
  assert.equal(await page.getByRole('button', { name: /Stop/ }).count(), 0)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(faults, [])
})

test('a large sweep on a phone: rows come in parts, and the words of a request stay text', withBrowser, async (t) => {
  const ports = Array.from({ length: 10 }, (_, index) => 25 + index)
  const service = await startService(t, {
    callers: SWEEP_CALLERS,
    customers: 'customers: [{ id: acme, name: Acme, networks: [127.0.0.0/16] }]\nneverTest: []\n',
  })
  const reference = '<img src=x onerror=window.pwned=1>'
  const targets = Array.from({ length: 1_300 }, (_, index) => ({
    ip: `127.0.1.${1 + Math.floor(index / 10)}`,
    port: ports[index % 10] ?? 25,
    reference,
  }))
  const sweep = await begin(service, { name: 'large', targets, spread: '7d' })
  const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const
  const { page, faults } = await openReport(t, service, `${sweep.id}/all`, phone)
  const rows = () => page.locator('#sweep-results tbody tr').count()
  await shown(page, /^1 to 200 of 1,000 results, as far as they are loaded\.$/)
  assert.equal(await rows(), 200)
  assert.equal(await page.locator('#whom').count(), 0)
  assert.equal(await page.locator('#sweep-results td', { hasText: reference }).count(), 200)
  await page.getByRole('button', { name: 'Show 200 more' }).click()
  await shown(page, /^201 to 400 of 1,000/)
  assert.equal(await rows(), 200)
  await page.getByRole('button', { name: 'Load more results' }).click()
  await shown(page, /^201 to 400 of 1,300 results\.$/)
  await page.getByRole('button', { name: 'Show the 200 before' }).click()
  await shown(page, /^1 to 200 of 1,300 results\.$/)
  assert.equal(await rows(), 200)
  assert.equal(await isWide(page), false, 'nothing to scroll aside')
  assert.deepEqual(await violations(page), [])
  assert.equal(await page.evaluate(() => 'pwned' in window), false)
  assert.deepEqual(faults, [])
})

test('a mistake stands beside its field; a sweep of the same name that runs is shown', withBrowser, async (t) => {
  const { service } = await start(t)
  const phone = { viewport: { width: 390, height: 844 } } as const
  const { page, faults } = await visit(t, service, { key: SECURITY, ...phone })
  await page.getByRole('link', { name: 'Sweeps' }).click()
  await unfold(page, 'new-sweep')
  const startSweep = async (fields: Readonly<Record<string, string>>) => {
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text)
    await page.getByRole('button', { name: 'Start the sweep' }).click()
  }
  const besides = async (field: string, detail: RegExp) => {
    await page.locator(`#${field}-problem`, { hasText: detail }).waitFor()
    assert.equal(await page.locator(`#${field}`).getAttribute('aria-invalid'), 'true')
    await page.locator(`#${field}:focus`).waitFor()
  }
  await startSweep({ Name: 'every week' })
  await besides('sweep-name', /^Must be a name of 1 to 64 letters/)
  await startSweep({ Name: 'weekly', Customers: 'nobody, acme' })
  await besides('sweep-customers', /nobody/)
  await startSweep({ Customers: 'all', 'Spread over': 'some hours' })
  await besides('sweep-spread', /^Must be a time such as/)
  assert.deepEqual(await violations(page), [])
  assert.equal(await isWide(page), false, 'nothing to scroll aside')
  const { id } = await begin(service, { name: 'weekly', customers: 'all', spread: '1d' })
  await startSweep({ 'Spread over': '' })
  await page.locator('#sweep-problem', { hasText: /^A sweep with the name weekly runs\./ }).waitFor()
  await page.getByRole('link', { name: 'Show that sweep' }).click()
  await page.locator('#report').waitFor()
  assert.equal(new URL(page.url()).hash, `#/sweeps/${id}`)
  assert.deepEqual(faults, [])
})

test('a key that may not use sweeps has no link to them, and their address says why', withBrowser, async (t) => {
  const { service } = await start(t)
  const { page, faults } = await visit(t, service, { key: `rtk_${'d'.repeat(43)}` })
  const answered = page.waitForResponse(/\/sweeps$/)
  await page.reload()
  assert.equal((await answered).status(), 403)
  await page.locator('#quotas').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Sweeps' }).count(), 0)
  await page.goto(`${service.url}/#/sweeps`)
  await page.locator('#form-problem', { hasText: 'This key may not test many servers with one request.' }).waitFor()
  assert.deepEqual(faults, [])
})
