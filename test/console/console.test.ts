/** The support console in a real browser: what it shows, how it is used by keyboard, and what it never runs. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { dnsServer } from '../harness/dns-server.ts'
import { writeYaml } from '../harness/files.ts'
import { bearer, callersYaml, keyOf, resultOf } from '../harness/http.ts'
import { closed, deadPort, gatedServer, open } from '../harness/mail-scripts.ts'
import { healthy, type Say, scriptedServer } from '../harness/mail-server.ts'
import { CALLERS, CUSTOMERS, KEYS, startService, type TestService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'
import { violations } from './axe.ts'
import { openBrowser, openPage, withBrowser } from './browser.ts'
import { PAYLOADS } from './payloads.ts'

const SERVER = 'Mail server'

let browser: Browser
const ending: (() => unknown)[] = []
before(async () => {
  if (!withBrowser.skip) browser = await openBrowser({ after: (work) => void ending.push(work) })
})
test.after(async () => {
  for (const work of ending) await work()
})

/** Opens the console as the user of a key. The browser sends the key, as a proxy would, so the page asks for none. */
async function visit(
  t: TestContext,
  service: TestService,
  options: Parameters<typeof openPage>[2] & { key?: string } = {},
) {
  const { key = KEYS.partner, ...rest } = options
  const opened = await openPage(t, browser, { extraHTTPHeaders: bearer(key), ...rest })
  await opened.page.goto(service.url)
  await opened.page.getByRole('textbox', { name: SERVER }).waitFor()
  return opened
}

async function ask(page: Page, target: string): Promise<void> {
  await page.getByRole('textbox', { name: SERVER }).fill(target)
  await page.getByRole('button', { name: 'Test', exact: true }).click()
}

const verdict = (page: Page, pattern: RegExp) => page.getByRole('heading', { name: pattern }).waitFor()

const onPort = (port: number) => ({ env: { ALLOWED_PORTS: `${port}` } })

test('the page asks for a key only if the service does, and stores it nowhere', withBrowser, async (t) => {
  const service = await startService(t, onPort(await deadPort()))
  const { page, faults } = await openPage(t, browser)
  await page.goto(service.url)
  const key = page.getByLabel('API key')
  await key.waitFor()
  assert.equal(await key.getAttribute('autocomplete'), 'current-password')
  assert.equal(await key.getAttribute('type'), 'password')
  assert.equal(await page.getByLabel('Name').getAttribute('autocomplete'), 'username')
  assert.deepEqual(await violations(page), [])

  await key.fill(keyOf('x'))
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'This key is not valid.' }).waitFor()

  await key.fill('')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'Enter your API key.' }).waitFor()

  await key.fill(KEYS.partner)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('You are partner.').waitFor()
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href])
  assert.deepEqual(kept, [0, 0, '', `${service.url}/`])

  const behindProxy = await visit(t, service)
  assert.equal(await behindProxy.page.getByLabel('API key').isVisible(), false)

  await ask(page, '127.0.0.1')
  await verdict(page, /^INCONCLUSIVE/)
  writeYaml(join(service.folder, 'callers.yaml'), callersYaml([{ id: 'desk', key: KEYS.desk, customers: 'all' }]))
  await until('the end of the key', async () => (await service.fetch('/limits')).status === 401)
  await ask(page, '127.0.0.2')
  await page.getByRole('alert').filter({ hasText: 'This key is not valid.' }).waitFor()
  await key.fill(KEYS.desk)
  await page.keyboard.press('Enter')
  await page.getByText('You are desk.').waitFor()
  await page.locator('#target:focus').waitFor()
  assert.equal(await page.getByRole('textbox', { name: SERVER }).inputValue(), '127.0.0.2')
  await page.reload()
  await key.waitFor()
  assert.deepEqual(faults, [])
})

test(
  'the page says when there were too many wrong keys, and when the service cannot be reached',
  withBrowser,
  async (t) => {
    const service = await startService(t)
    const { page } = await openPage(t, browser)
    await page.goto(service.url)
    const key = page.getByLabel('API key')
    for (let left = 11; left > 0; left -= 1) {
      await key.fill(keyOf('x'))
      const answered = page.waitForResponse(/\/limits$/)
      await page.keyboard.press('Enter')
      await answered
    }
    await page.locator('#key-problem', { hasText: 'Too many requests without a valid key' }).waitFor()
    const again = await openPage(t, browser)
    await again.page.goto(service.url)
    await again.page.locator('#status', { hasText: 'Too many requests without a valid key' }).waitFor()
    await key.fill(KEYS.partner)
    await page.keyboard.press('Enter')
    await page.getByText('You are partner.').waitFor()
    await service.stop()
    await ask(page, '127.0.0.1')
    await page.locator('#form-problem', { hasText: 'The service cannot be reached.' }).waitFor()
  },
)

for (const [name, say, pattern, banner] of [
  ['closed', closed, /^CLOSED: 127\.0\.0\.1/, 'The server does not relay'],
  ['open', open, /^OPEN: 127\.0\.0\.1/, 'The server relays for everyone'],
] as const) {
  test(`a server that is ${name}: the session as support pages print it, the verdict above`, withBrowser, async (t) => {
    const server = await scriptedServer(t, { say })
    const service = await startService(t, onPort(server.port))
    const { page, faults } = await visit(t, service)
    await ask(page, '127.0.0.1')
    await verdict(page, pattern)
    await page.getByText(banner).waitFor()
    await page.getByText('tests of one address').waitFor()

    const id = new URL(page.url()).hash.slice(2)
    const result = await resultOf(await service.fetch(`/relay-tests/${id}`), 200)
    assert.equal(await page.getByRole('row').count(), result.attempts.length + 1)
    const shown = await page.locator('#session li').evaluateAll((items) =>
      items.map((item) => ({
        text: item.firstChild?.textContent ?? '',
        name: item.firstElementChild?.tagName ?? '',
        key: item.classList.contains('key'),
        color: getComputedStyle(item).color,
        bold: Number(getComputedStyle(item.firstElementChild ?? item).fontWeight) >= 700,
        italic: getComputedStyle(item.firstElementChild ?? item).fontStyle === 'italic',
      })),
    )
    assert.deepEqual(
      shown.filter(({ name: tag }) => tag !== '').map(({ text }) => text),
      result.transcript.filter(({ from }) => from !== 'event').map(({ line }) => line),
    )
    assert.equal(shown.filter(({ key }) => key).length, result.transcript.filter(({ key }) => key).length)
    const heights = await page.locator('#session li').evaluateAll((items) => items.map((item) => item.clientHeight))
    assert.ok(Math.min(...heights) > 12, 'the blank line of a message can be seen')
    const facts = await page.locator('#facts dt').allTextContents()
    assert.deepEqual(
      ['Suite', 'Proof', 'Evidence'].map((fact) => facts.includes(fact)),
      [true, true, name === 'open'],
    )
    for (const { name: tag, bold, italic } of shown) assert.deepEqual([bold, italic], [tag === 'KBD', tag === 'SAMP'])
    const [deciding, other] = [shown.find(({ key }) => key), shown.find(({ key, name: tag }) => !key && tag !== '')]
    assert.notEqual(deciding?.color, other?.color)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await violations(page), [], colorScheme)
    }
    assert.deepEqual(faults, [])
  })
}

test('replies stand under their commands, also with pipelining', withBrowser, async (t) => {
  const pipelining: Say = (line) => (/^RCPT/.test(line) ? '554 5.7.1 Relay access denied' : healthy(line))
  const server = await scriptedServer(t, { say: pipelining })
  const service = await startService(t, onPort(server.port))
  const { page } = await visit(t, service)
  await ask(page, '127.0.0.1')
  await verdict(page, /^CLOSED/)
  const lines = await page
    .locator('#session li')
    .evaluateAll((items) => items.map((item) => item.firstChild?.textContent ?? ''))
  const asked = lines.flatMap((line, index) => (line.startsWith('RCPT') ? [index] : []))
  assert.ok(asked.length >= 4)
  for (const index of asked) assert.match(lines[index + 1] ?? '', /^554/)
})

test('a server that does not answer is inconclusive; on a phone, with the keyboard only', withBrowser, async (t) => {
  const service = await startService(t, onPort(await deadPort()))
  const { page, faults } = await visit(t, service, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  await page.locator('#target:focus').waitFor()
  await page.keyboard.type('127.0.0.1')
  await page.keyboard.press('Enter')
  await verdict(page, /^INCONCLUSIVE/)
  await page.locator('#verdict:focus').waitFor()
  await page.getByText('connection-refused', { exact: true }).waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Run again')
  assert.deepEqual(await violations(page), [])
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    'nothing to scroll aside',
  )
  assert.deepEqual(faults, [])
})

test(
  'the session is live; another page joins by its link; it can be stopped, and can break off',
  withBrowser,
  async (t) => {
    const { server, hold, release } = await gatedServer(t)
    const service = await startService(t, onPort(server.port))
    const { page } = await visit(t, service)
    const held = hold(/^RCPT/)
    await ask(page, '127.0.0.1')
    await inTime('the first recipient', held)
    await page.locator('#session li', { hasText: 'RCPT TO' }).waitFor()
    await page.getByRole('heading', { name: 'Testing 127.0.0.1' }).waitFor()
    const other = await openPage(t, browser, { extraHTTPHeaders: bearer(KEYS.desk) })
    await other.page.goto(page.url())
    await other.page.locator('#session li', { hasText: 'RCPT TO' }).waitFor()
    await verdict(other.page, /^Testing 127\.0\.0\.1$/)
    await page.locator('#elapsed', { hasText: /[1-9] s/ }).waitFor()
    assert.equal(await page.locator('#status').textContent(), 'Testing 127.0.0.1…', 'what is read out does not count')
    assert.deepEqual(await violations(page), [])
    release()
    await verdict(page, /^CLOSED/)
    await verdict(other.page, /^CLOSED/)
    assert.equal(await page.locator('#elapsed').textContent(), '')

    const toStop = hold(/^RCPT/)
    await page.getByRole('button', { name: 'Run again' }).click()
    await inTime('the first recipient', toStop)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopping the test…').waitFor()
    release()
    await verdict(page, /^INCONCLUSIVE/)
    await page.getByText('interrupted', { exact: true }).waitFor()

    const toBreak = hold(/^RCPT/)
    await page.getByRole('button', { name: 'Run again' }).click()
    await inTime('the first recipient', toBreak)
    service.process.kill('SIGKILL')
    await verdict(page, /^The connection was lost$/)
    await page.getByRole('link', { name: 'Look for its result' }).click()
    await page.locator('#form-problem', { hasText: 'The service cannot be reached.' }).waitFor()
    await page.getByRole('link', { name: 'Look for its result' }).waitFor()
  },
)

test('an error appears beside the field that it points to', withBrowser, async (t) => {
  const service = await startService(t, onPort(await deadPort()))
  const { page, faults } = await visit(t, service)
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
  await besides('known-mailbox', /^Must be a mailbox, such as "jane@example\.com", with exactly one @\.$/)
  await page.getByLabel('Known mailbox').fill('jane@example.org')
  await ask(page, '127.0.0.1')
  await besides('known-mailbox', /^example\.org is not a domain of the customer/)
  assert.deepEqual(await violations(page), [])
  await page.getByLabel('Known mailbox').fill('')
  await page.getByLabel('Proof').selectOption('delivery')
  await ask(page, '127.0.0.1')
  await besides('proof', /no mailbox/)
  assert.deepEqual(faults, [])
})

test('a known mailbox is among the facts, and a repeated test names it again', withBrowser, async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const service = await startService(t, onPort(server.port))
  const { page, faults } = await visit(t, service)
  await page.getByText('More options').click()
  await page.getByText('With it, the test understands refusals in any words.').waitFor()
  await page.getByLabel('Known mailbox').fill(' jane@EXAMPLE.net ')
  await ask(page, '127.0.0.1')
  await verdict(page, /^CLOSED/)
  // The customer's first domain is another one: that of the mailbox counts.
  const facts = page.locator('#facts div')
  await facts.filter({ hasText: 'Known mailbox' }).getByText('jane@example.net', { exact: true }).waitFor()
  await facts.filter({ hasText: 'Mail domain' }).getByText('example.net', { exact: true }).waitFor()
  await page.getByLabel('Known mailbox').fill('')
  const repeated = page.waitForRequest((sent) => sent.method() === 'POST' && sent.url().endsWith('/relay-tests'))
  await page.getByRole('button', { name: 'Run again' }).click()
  const { domain, knownMailbox } = JSON.parse((await repeated).postData() ?? '')
  assert.deepEqual([domain, knownMailbox], ['example.net', 'jane@example.net'])
  await page.getByRole('heading', { name: 'Earlier tests of 127.0.0.1' }).waitFor()
  assert.deepEqual(faults, [])
})

test(
  'what else is worth knowing: findings with their steps, and other addresses that fill the form',
  withBrowser,
  async (t) => {
    const say: Say = (line, session) => {
      if (line.startsWith('EHLO')) return `250 mail.example.com Hello ${line.slice(5)} [172.17.0.1]`
      return line.startsWith('RCPT TO:<jane@example.com>') ? '250 ok' : closed(line, session)
    }
    const server = await scriptedServer(t, { say })
    const dns = await dnsServer(t, { 'mail.example.com': { a: ['127.0.0.1', '127.0.0.2'] } })
    const env = { ALLOWED_PORTS: `${server.port}`, DNS_SERVERS: dns.address }
    const { page, faults } = await visit(t, await startService(t, { env }))
    await page.getByText('More options').click()
    await page.getByLabel('Known mailbox').fill('jane@example.com')
    await ask(page, '127.0.0.1')
    await verdict(page, /^CLOSED: 127\.0\.0\.1/)
    await page.getByRole('heading', { name: 'Also worth knowing' }).waitFor()
    const findings = page.locator('#findings > li')
    assert.equal(await findings.count(), 2)
    await findings.first().getByText('That is not relaying').waitFor()
    await page.getByRole('heading', { name: 'Other addresses of this server' }).waitFor()
    await findings.first().getByText('Publish SPF and DMARC records for example.com').waitFor()
    await page.locator('#facts', { hasText: 'The server sees us as172.17.0.1' }).waitFor()
    await page.locator('#related', { hasText: '127.0.0.2 not tested' }).waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Fill in 127.0.0.2' }).click()
    await page.locator('#target:focus').waitFor()
    assert.equal(await page.getByRole('textbox', { name: SERVER }).inputValue(), '127.0.0.2')
    assert.deepEqual(faults, [])
  },
)

test(
  'a name with several addresses gives a choice, and the reason for each that cannot be tested',
  withBrowser,
  async (t) => {
    const dns = await dnsServer(t, {
      'example.com': { mx: [[10, 'mail.example.com']] },
      'mail.example.com': { a: ['127.0.0.25', '127.0.0.26', '127.0.0.99', '93.184.216.34'] },
      'one.example.com': { a: ['127.0.0.27'] },
      'foreign.example.com': { a: ['93.184.216.34'] },
      'no-mail.example.com': { mx: [[0, '.']] },
      'lost.example.com': { mx: [[10, 'gone.example.com']] },
      'failing.example.com': 'failing',
    })
    const service = await startService(t, { env: { ALLOWED_PORTS: `${await deadPort()}`, DNS_SERVERS: dns.address } })
    const { page, faults } = await visit(t, service)
    await ask(page, 'example.com')
    await page.getByRole('heading', { name: 'Which address?' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /^Test 127/ }).count(), 2)
    await page.getByText('127.0.0.99 is never tested').waitFor()
    await page.getByText('This key may not test 93.184.216.34').waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Test 127.0.0.26' }).click()
    await verdict(page, /127\.0\.0\.26/)
    await ask(page, 'one.example.com')
    await verdict(page, /127\.0\.0\.27/)
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
  'run again, earlier tests, the quotas left, and the last verdict when a quota is used up',
  withBrowser,
  async (t) => {
    const server = await scriptedServer(t, { say: closed })
    const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '3/1h' } })
    const { page, faults } = await visit(t, service)
    await ask(page, '127.0.0.1')
    await verdict(page, /^CLOSED/)
    await page.getByText('2 of 3, resets in').waitFor()
    const first = page.url()
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('heading', { name: 'Earlier tests of 127.0.0.1' }).waitFor()
    await page.getByText('1 of 3, resets in').waitFor()
    const second = page.url()
    assert.notEqual(second, first)
    const link = page.locator('#earlier-list a')
    assert.equal(await link.count(), 1)
    assert.ok(first.endsWith((await link.getAttribute('href')) ?? 'nothing'))
    await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }), 201)
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByText('used up: tests of one address').waitFor()
    await page.getByText('0 of 3, resets in').waitFor()
    await page.getByRole('link', { name: 'Show its last result: closed' }).click()
    await page.getByText('used up: tests of one address').waitFor({ state: 'detached' })
    await verdict(page, /^CLOSED/)
    const third = page.url()
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('link', { name: 'Show its last result: closed' }).click()
    await page.getByText('used up: tests of one address').waitFor({ state: 'detached' })
    assert.equal(page.url(), third, 'it was shown already')

    // The Back button skips a name that could not be looked up.
    await ask(page, '127.0.0.256')
    await page.getByText('octet is at most 255').waitFor()
    assert.equal(await page.title(), 'Relay Tests')
    await ask(page, '127.0.0.2')
    await verdict(page, /^INCONCLUSIVE: 127\.0\.0\.2/)
    for (const before of [third, second, first]) {
      await page.goBack()
      assert.equal(page.url(), before)
      await verdict(page, /^CLOSED: 127\.0\.0\.1:/)
      await page.locator(`#permalink[href="${new URL(before).hash}"]`).waitFor()
    }
    await page.getByRole('link', { name: 'Relay Tests' }).click()
    await page.locator('#result').waitFor({ state: 'hidden' })
    assert.equal(await page.title(), 'Relay Tests')
    assert.deepEqual(await violations(page), [])
    assert.deepEqual(faults, [])
  },
)

test('the result is copied as text', withBrowser, async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const service = await startService(t, onPort(server.port))
  const text = async (page: Page) => {
    await ask(page, '127.0.0.1')
    await verdict(page, /^CLOSED/)
    await page.getByRole('button', { name: 'Copy as text' }).click()
    const id = new URL(page.url()).hash.slice(2)
    return (await service.fetch(`/relay-tests/${id}`, { headers: { accept: 'text/plain' } })).text()
  }
  const { page } = await visit(t, service, { permissions: ['clipboard-read', 'clipboard-write'] })
  const expected = await text(page)
  await page.getByText('Copied.').waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), expected)

  const { page: without } = await visit(t, service)
  await without.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('no clipboard'))
  })
  const shown = await text(without)
  assert.equal(await without.getByLabel('The result as text').inputValue(), shown)
})

test('sixty scripts in greeting and replies stay text: none runs, and none adds an element', withBrowser, async (t) => {
  assert.equal(new Set(PAYLOADS).size, 60)
  const several = (code: number, enhanced: string) => [
    ...PAYLOADS.map((payload) => `${code}-${enhanced}${payload}`),
    `${code} ${enhanced}${PAYLOADS[0]}`,
  ]
  const server = await scriptedServer(t, {
    greeting: several(220, ''),
    say: (line) => {
      if (/^EHLO/.test(line))
        return ['250-mail.example.com', ...PAYLOADS.map((payload) => `250-${payload}`), '250 HELP']
      if (/^RCPT/.test(line)) return several(554, '5.7.1 Relay access denied ')
      return `250 2.0.0 ${PAYLOADS[5]}`
    },
  })
  const service = await startService(t, onPort(server.port))
  const { page, faults } = await visit(t, service)
  await ask(page, '127.0.0.1')
  await verdict(page, /^CLOSED/)
  await page.getByRole('heading', { name: 'Quotas left' }).waitFor()
  const id = new URL(page.url()).hash.slice(2)
  const { transcript, attempts } = await resultOf(await service.fetch(`/relay-tests/${id}`), 200)
  const lines = await page.locator('#session samp').allTextContents()
  for (const payload of PAYLOADS) {
    // It is in the greeting, in the answer to EHLO, and at least in the first refusals.
    assert.ok(lines.filter((line) => line.includes(payload)).length >= 3, payload)
  }
  const names = await page
    .locator('#result *')
    .evaluateAll((elements) => elements.filter((element) => !element.closest('svg')).map(({ localName }) => localName))
  const count = (name: string) => names.filter((one) => one === name).length
  assert.equal(count('samp'), transcript.filter(({ from }) => from === 'server').length + 1)
  assert.equal(count('kbd'), transcript.filter(({ from }) => from === 'client').length + 1)
  assert.equal(count('tr'), attempts.length + 1)
  const ours = [
    'section',
    'h2',
    'p',
    'dl',
    'div',
    'dt',
    'dd',
    'button',
    'a',
    'textarea',
    'ol',
    'ul',
    'li',
    'kbd',
    'samp',
    'span',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
  ]
  assert.deepEqual(
    [...new Set(names)].filter((name) => !ours.includes(name)),
    [],
  )
  assert.deepEqual([count('a'), count('button'), count('textarea')], [1, 2, 1])
  assert.equal(await page.locator('#session a, #attempts a').count(), 0)
  assert.deepEqual(await page.evaluate(() => [...document.scripts].map(({ src }) => new URL(src).pathname)), [
    '/console/app.js',
  ])
  const handlers = await page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .flatMap((element) => element.getAttributeNames())
      .filter((name) => name.startsWith('on')),
  )
  assert.deepEqual(handlers, [])
  assert.equal(await page.evaluate(() => 'pwned' in window), false)
  assert.deepEqual(faults, [])
})

test('the policy of the page stops a script that got in', withBrowser, async (t) => {
  const service = await startService(t, { customers: CUSTOMERS, callers: CALLERS })
  const { page } = await visit(t, service)
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
    await new Promise((resolve) => setTimeout(resolve, 200))
    return { tried, ran: 'pwned' in window }
  })
  assert.deepEqual(outcomes, { tried: ['script refused', 'markup refused'], ran: false })
})
