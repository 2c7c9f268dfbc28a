/** Takes the pictures of the console in docs/ (`npm run pictures`), so that they can follow its texts. */
import { join } from 'node:path'
import { hashKey } from '../../src/access/keys.ts'
import { bearer, keyOf } from '../harness/http.ts'
import { ROOT, startService } from '../harness/service.ts'
import { openBrowser, openPage } from './browser.ts'

const KEY = keyOf('p')
const CALLERS = `callers: [{ id: support-desk, keys: [{ sha256: ${hashKey(KEY)} }], sandbox: true }]\n`

const PICTURES = [
  { name: 'console-closed.png', ip: '192.0.2.1', colorScheme: 'light' },
  { name: 'console-open.png', ip: '192.0.2.2', colorScheme: 'dark' },
] as const

const endings: (() => unknown)[] = []
const ending = { after: (work: () => unknown) => void endings.push(work) }
try {
  const browser = await openBrowser(ending)
  const service = await startService(ending, { callers: CALLERS, env: { ALLOWED_PORTS: '25' } })
  for (const { name, ip, colorScheme } of PICTURES) {
    const options = { colorScheme, viewport: { width: 1000, height: 800 }, extraHTTPHeaders: bearer(KEY) }
    const { page } = await openPage(ending, browser, options)
    await page.goto(service.url)
    await page.getByRole('textbox', { name: 'Mail server' }).fill(ip)
    await page.keyboard.press('Enter')
    await page.locator('#quotas').waitFor()
    await page.getByText('tests of one address').waitFor()
    // Moves the focus out of the picture.
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
    await page.screenshot({ path: join(ROOT, 'docs', name), fullPage: true })
  }
} finally {
  for (const work of endings.reverse()) await work()
}
