/** Takes the pictures of the console in docs/ (`npm run pictures`), so that they can follow its texts. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { hashKey } from '../../src/access/keys.ts'
import { bearer, keyOf } from '../harness/http.ts'
import { ROOT, startService } from '../harness/service.ts'
import { begin, ended, SECURITY } from '../harness/sweeps.ts'
import { openBrowser, openPage } from './browser.ts'
import { severalServers, sweepServers } from './servers.ts'

const KEY = keyOf('p')
const CALLERS = `callers: [{ id: support-desk, keys: [{ sha256: ${hashKey(KEY)} }], sandbox: true }]\n`

const DESKTOP = { width: 960, height: 720 }
const PHONE = { width: 390, height: 844 }

/** One picture: what is asked in the sandbox, and what must be seen before it is taken. */
interface Picture {
  readonly name: string
  readonly ask: string | null
  readonly colorScheme: 'light' | 'dark'
  readonly viewport: typeof DESKTOP
  /** Waits until the page shows what the picture is for. */
  ready(page: Page): Promise<unknown>
}

const hasText = (text: string) => (page: Page) => page.getByText(text).first().waitFor()

const PICTURES: readonly Picture[] = [
  {
    name: 'open',
    ask: '192.0.2.2',
    colorScheme: 'light',
    viewport: DESKTOP,
    ready: async (page) => {
      await page.getByRole('heading', { name: /^Open relay/ }).waitFor()
      await page.locator('#remedy > summary').click()
    },
  },
  {
    name: 'open-phone',
    ask: '192.0.2.2',
    colorScheme: 'light',
    viewport: PHONE,
    ready: (page) => page.getByRole('heading', { name: /^Open relay/ }).waitFor(),
  },
  {
    name: 'closed',
    ask: '192.0.2.1',
    colorScheme: 'dark',
    viewport: DESKTOP,
    ready: async (page) => {
      await page.getByRole('heading', { name: /^Closed/ }).waitFor()
      await page.locator('#tried > summary').click()
    },
  },
  {
    name: 'inconclusive',
    ask: '192.0.2.3',
    colorScheme: 'light',
    viewport: DESKTOP,
    ready: async (page) => {
      await page.getByRole('heading', { name: /^No clear answer/ }).waitFor()
    },
  },
  { name: 'running', ask: '192.0.2.5', colorScheme: 'dark', viewport: PHONE, ready: hasText('answered 2 of 4') },
  { name: 'problem', ask: '192.0.2.6', colorScheme: 'light', viewport: PHONE, ready: hasText('You can try again in') },
  { name: 'start', ask: null, colorScheme: 'light', viewport: DESKTOP, ready: hasText('Mail server') },
]

const endings: (() => unknown)[] = []
const ending = { after: (work: () => unknown) => void endings.push(work) }

/** Takes a picture of the first screen. Small enough for documents. */
async function take(page: Page, name: string): Promise<void> {
  // Moves the focus out of the picture.
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  const path = join(ROOT, 'docs', `console-${name}.png`)
  await page.screenshot({ path })
  process.stdout.write(`${name}: ${Math.round(statSync(path).size / 1024)} KiB\n`)
}

async function ask(page: Page, target: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Mail server' }).fill(target)
  await page.keyboard.press('Enter')
}

/** Takes the report of a sweep, after one server was opened and another one closed. */
async function takeReport(browser: Browser): Promise<void> {
  const names = ['bakery-jones', 'city-library', 'harbour-hotel', 'north-clinic', 'red-cabs', 'school-4711']
  const servers = Object.fromEntries(names.map((name, index) => [name, `127.0.${index}.25`]))
  const { service, relaying } = await sweepServers(ending, servers, ['127.0.1.25', '127.0.3.25', '127.0.4.25'])
  const sweep = async () => ended(service, await begin(service, { name: 'weekly', customers: 'all' }))
  await sweep()
  relaying.delete('127.0.1.25')
  relaying.add('127.0.5.25')
  const { id } = await sweep()
  const { page } = await openPage(ending, browser, { viewport: DESKTOP, extraHTTPHeaders: bearer(SECURITY) })
  await page.goto(`${service.url}/#/sweeps/${id}`)
  await page.getByText('3 results.').waitFor()
  await take(page, 'sweep')
}

try {
  const browser = await openBrowser(ending)
  const sandbox = await startService(ending, { callers: CALLERS, env: { ALLOWED_PORTS: '25' } })
  for (const { name, ask: target, colorScheme, viewport, ready } of PICTURES) {
    const { page } = await openPage(ending, browser, { colorScheme, viewport, extraHTTPHeaders: bearer(KEY) })
    await page.goto(sandbox.url)
    if (target !== null) await ask(page, target)
    await ready(page)
    await take(page, name)
  }
  const { service, key, name } = await severalServers(ending)
  const { page } = await openPage(ending, browser, {
    colorScheme: 'dark',
    viewport: DESKTOP,
    extraHTTPHeaders: bearer(key),
  })
  await page.goto(service.url)
  await ask(page, name)
  await page.getByRole('button', { name: /^Test all/ }).waitFor()
  await take(page, 'choices')
  await page.getByRole('button', { name: /^Test all/ }).click()
  await page.getByText('1 open, 2 closed.').waitFor()
  await take(page, 'several')
  await takeReport(browser)
} finally {
  for (const work of endings.reverse()) await work()
}
