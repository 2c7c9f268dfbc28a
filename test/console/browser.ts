/** Starts Debian's Chromium for the tests of the console, without installing it. */
import { existsSync, linkSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Ending } from '../harness/service.ts'
import { fetchPackages, packages, projectRoot, storeOf } from '../lab/packages.ts'
import { packagesUnavailable } from '../lab/unavailable.ts'

/** The plain reason why no browser can be started on this machine, or null. */
const unavailable = (): string | null =>
  process.arch === 'x64' ? packagesUnavailable('the browser') : 'the browser is taken from packages for amd64'

/** The option of a test that needs a browser: skipped with the reason where it cannot be had, but never in CI. */
export const withBrowser = { skip: process.env.CI ? false : (unavailable() ?? false) }

/** Starts Debian's Chromium, unpacked and not installed; it ends with the test, and reaches loopback alone. */
export async function openBrowser(t: Ending): Promise<Browser> {
  await fetchPackages(projectRoot, packages.chromium)
  const home = mkdtempSync(join(tmpdir(), 'relay-tests-browser-'))
  const browser = await chromium.launch({
    executablePath: program(),
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
    env: { PATH: process.env.PATH ?? '', HOME: home, LD_LIBRARY_PATH: libraries() },
    timeout: 90_000,
  })
  t.after(async () => {
    await browser.close()
    rmSync(home, { recursive: true, force: true })
  })
  return browser
}

/** The program looks for its files beside itself, and Debian has them in another package. */
function program(): string {
  const [own, common] = ['chromium', 'chromium-common'].map((name) =>
    join(storeOf(projectRoot), name, 'usr/lib/chromium'),
  )
  const placed = join(common ?? '', 'chromium')
  try {
    linkSync(join(own ?? '', 'chromium'), placed)
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(placed)) throw error
  }
  return placed
}

function libraries(): string {
  const folders = packages.chromium.map((name) => join(storeOf(projectRoot), name, 'usr/lib/x86_64-linux-gnu'))
  const inner = folders.filter((folder) => existsSync(folder)).flatMap((folder) => [folder, ...subfolders(folder)])
  return inner.join(':')
}

const subfolders = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))

/** A page of its own, which collects what went wrong in it. */
export async function openPage(
  t: Ending,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext(options)
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // A browser reports every 4xx, and the page is meant to meet some.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return { page, faults }
}
