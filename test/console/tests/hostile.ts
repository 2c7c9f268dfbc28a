/** The page never runs the words of a mail server: they stay text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../../harness/http.ts'
import { withBrowser } from '../browser.ts'
import { PAYLOADS } from '../payloads.ts'
import { AT, ask, heading, idIn, shared, unfold, visit } from '../visit.ts'

/** The elements that the page itself makes. */
const OURS: readonly string[] = [
  ...['section', 'div', 'details', 'summary', 'h2', 'h3', 'p', 'b', 'dl', 'dt', 'dd', 'button', 'a', 'ol', 'ul', 'li'],
  ...['kbd', 'samp', 'code', 'span', 'time', 'wbr'],
]

test('sixty scripts in greeting and replies stay text: none runs, and none adds an element', withBrowser, async (t) => {
  assert.equal(new Set(PAYLOADS).size, 60)
  const { service } = shared()
  const { page, faults } = await visit(t, service)
  await ask(page, AT.scripts)
  await heading(page, /^Closed/)
  await page.locator('#quotas').waitFor()
  for (const id of ['tried', 'talk', 'technical']) await unfold(page, id)
  const { transcript, attempts } = await resultOf(await service.fetch(`/relay-tests/${idIn(page)}`), 200)
  const lines = await page.locator('#session samp').allTextContents()
  for (const payload of PAYLOADS) {
    // It is in the greeting, in the answer to EHLO, and at least in the first refusals.
    assert.ok(lines.filter((line) => line.includes(payload)).length >= 3, payload)
  }
  const names = await page
    .locator('main *')
    .evaluateAll((elements) =>
      elements.filter((element) => !element.closest('svg, form')).map(({ localName }) => localName),
    )
  const count = (name: string) => names.filter((one) => one === name).length
  const replies = attempts.filter(({ reply }) => reply !== null).length
  assert.equal(count('samp'), transcript.filter(({ from }) => from === 'server').length + replies)
  assert.equal(count('kbd'), transcript.filter(({ from }) => from === 'client').length)
  assert.equal(await page.locator('#attempts > li').count(), attempts.length)
  assert.deepEqual(
    [...new Set(names)].filter((name) => !OURS.includes(name)),
    [],
  )
  assert.equal(await page.locator('#result a, #banner a').count(), 0)
  assert.equal(await page.locator('main button:not(form button, .command button, #related button)').count(), 5)
  assert.deepEqual(await page.evaluate(() => [...document.scripts].map(({ src }) => new URL(src).pathname)), [
    '/console/app.js',
  ])
  const handlers = await page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .flatMap((element) => element.getAttributeNames())
      .filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc'),
  )
  assert.deepEqual(handlers, [])
  assert.equal(await page.evaluate(() => 'pwned' in window), false)
  assert.deepEqual(faults, [])
})

test('the policy of the page stops a script that got in', withBrowser, async (t) => {
  const { page } = await visit(t, shared().service)
  const outcomes = await page.evaluate(async () => {
    const tried: string[] = []
    const script = document.createElement('script')
    try {
      script.textContent = 'window.pwned = 1'
      document.body.append(script)
    } catch {
      tried.push('script refused')
    }
    try {
      document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned = 1">')
    } catch {
      tried.push('markup refused')
    }
    // The browser reports broken images later, and in order: when this one is reported, the one above had its chance.
    const last = new Image()
    await new Promise((resolve) => {
      last.onerror = resolve
      last.src = 'x'
    })
    return { tried, ran: 'pwned' in window }
  })
  assert.deepEqual(outcomes, { tried: ['script refused', 'markup refused'], ran: false })
})
