/** A finished test: the verdict above, the words to read out, the session as support pages print it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../../harness/http.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { AT, ask, fact, heading, idIn, shared, unfold, visit } from '../visit.ts'

for (const [name, title, banner, readOut] of [
  [
    'closed',
    'Closed',
    'The server does not relay',
    'We tried to send mail through your server as a stranger, and it refused.',
  ],
  ['open', 'Open relay', 'The server relays for everyone', 'Strangers can send mail through your server'],
] as const) {
  test(`a server that is ${name}: the session as support pages print it, the verdict above`, withBrowser, async (t) => {
    const { service, port } = shared()
    const { page, faults } = await visit(t, service)
    await ask(page, AT[name])
    await heading(page, `${title}: ${AT[name]}:${port}`)
    await page.getByText(banner).waitFor()
    await page.getByText(readOut).waitFor()
    await unfold(page, 'quotas')
    await page.getByText('tests of one port of an address').waitFor()
    const first = page.locator('#first', { hasText: 'Do this first' })
    assert.equal(await first.count(), name === 'open' ? 1 : 0)

    const result = await resultOf(await service.fetch(`/relay-tests/${idIn(page)}`), 200)
    for (const id of ['tried', 'talk', 'technical']) await unfold(page, id)
    assert.equal(await page.locator('#attempts > li').count(), result.attempts.length)
    const [deciding] = await page.locator('#attempts > li').all()
    assert.match((await deciding?.getAttribute('class')) ?? '', /decides/)
    assert.ok((await deciding?.textContent())?.startsWith('From a stranger to an outside address'))
    const shown = await page.locator('#session li').evaluateAll((items) =>
      items.map((item) => {
        const said = item.querySelector('kbd, samp')
        return {
          text: said?.textContent ?? '',
          name: said?.tagName ?? '',
          way: item.querySelector('.way')?.textContent ?? '',
          key: item.classList.contains('key'),
          color: getComputedStyle(item).color,
          bold: Number(getComputedStyle(said ?? item).fontWeight) >= 700,
          italic: getComputedStyle(said ?? item).fontStyle === 'italic',
        }
      }),
    )
    assert.deepEqual(
      shown.filter(({ name: tag }) => tag !== '').map(({ text }) => text),
      result.transcript.filter(({ from }) => from !== 'event').map(({ line }) => line),
    )
    assert.equal(shown.filter(({ key }) => key).length, result.transcript.filter(({ key }) => key).length)
    const heights = await page.locator('#session li').evaluateAll((items) => items.map((item) => item.clientHeight))
    assert.ok(Math.min(...heights) > 12, 'the blank line of a message can be seen')
    assert.equal(await fact(page, 'Forms').textContent(), 'standard')
    assert.equal(await fact(page, 'Proof').textContent(), 'message')
    assert.equal(await fact(page, 'Evidence').count(), name === 'open' ? 1 : 0)
    for (const { name: tag, way, bold, italic } of shown) {
      assert.deepEqual([bold, italic], [tag === 'KBD', tag === 'SAMP'])
      assert.equal(way, { KBD: '→', SAMP: '←' }[tag] ?? '·')
    }
    const [key, other] = [shown.find((line) => line.key), shown.find((line) => !line.key && line.name !== '')]
    assert.notEqual(key?.color, other?.color)
    const times = await page.locator('#facts time').evaluateAll((all) => all.map((one) => one.getAttribute('title')))
    assert.match(times[0] ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await violations(page), [], colorScheme)
    }
    assert.deepEqual(faults, [])
  })
}

test('replies stand under their commands, also with pipelining', withBrowser, async (t) => {
  const { page } = await visit(t, shared().service)
  await ask(page, AT.pipelining)
  await heading(page, /^Closed/)
  await unfold(page, 'talk')
  const lines = await page
    .locator('#session li')
    .evaluateAll((items) => items.map((item) => item.querySelector('kbd, samp')?.textContent ?? ''))
  const asked = lines.flatMap((line, index) => (line.startsWith('RCPT') ? [index] : []))
  assert.ok(asked.length >= 4)
  for (const index of asked) assert.match(lines[index + 1] ?? '', /^554/)
})

test(
  'on a phone, the verdict and the first step are seen without scrolling, with the keyboard only',
  withBrowser,
  async (t) => {
    const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const
    const { page, faults } = await visit(t, shared().service, phone)
    await page.locator('#target:focus').waitFor()
    await page.keyboard.type(AT.dead)
    await page.keyboard.press('Enter')
    await heading(page, /^No clear answer/)
    await page.locator('#verdict:focus').waitFor()
    assert.equal(await page.locator('#verdict').evaluate((title) => getComputedStyle(title).outlineStyle), 'none')
    await page.getByText('No mail server listens there.').waitFor()
    const step = await page.locator('#first').boundingBox()
    assert.ok(step && step.y >= 0 && step.y + step.height <= 844, JSON.stringify(step))
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'target')
    await unfold(page, 'technical')
    await page.getByText('connection-refused', { exact: true }).waitFor()
    assert.deepEqual(await violations(page), [])
    const isWide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    assert.equal(await isWide(), false, 'nothing to scroll aside')
    await page.setViewportSize({ width: 320, height: 640 })
    assert.equal(await isWide(), false, 'nothing to scroll aside on the smallest phone')
    assert.deepEqual(faults, [])
  },
)

test('a server that blocks us: the page says blocklist, and quotes the reply', withBrowser, async (t) => {
  const { page } = await visit(t, shared().service)
  await ask(page, AT.blocking)
  await heading(page, /^No clear answer/)
  await page.locator('#doubt', { hasText: 'our address is on a blocklist' }).waitFor()
  await page.locator('#doubt samp', { hasText: 'blocked using zen.spamhaus.org' }).waitFor()
})

test(
  'what else is worth knowing: findings with their steps, and the address that the server sees',
  withBrowser,
  async (t) => {
    const { page, faults } = await visit(t, shared().service)
    await page.getByText('More options').click()
    await page.getByLabel('Known mailbox').fill('jane@example.com')
    await ask(page, AT.behindProxy)
    await heading(page, /^Closed/)
    await unfold(page, 'also')
    const findings = page.locator('#findings > li')
    assert.equal(await findings.count(), 2)
    await findings.first().getByText('That is not relaying').waitFor()
    await findings.first().getByText('Publish SPF and DMARC records for example.com').waitFor()
    await unfold(page, 'technical')
    assert.equal(await fact(page, 'The server sees us as').textContent(), '172.17.0.1')
    assert.deepEqual(await violations(page), [])
    assert.deepEqual(faults, [])
  },
)

test('everything that is folded is printed', withBrowser, async (t) => {
  const { page } = await visit(t, shared().service)
  await ask(page, AT.closed)
  await heading(page, /^Closed/)
  assert.equal(await page.locator('#session').isVisible(), false)
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('#session').isVisible(), true)
  assert.equal(await page.locator('#test-form').isVisible(), false)
})
