/** The tests of the console share one browser, one service with several mail servers, and the user's actions. */
import { before, type TestContext, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { dnsServer } from '../harness/dns-server.ts'
import { bearer } from '../harness/http.ts'
import { closed, deadPort, open } from '../harness/mail-scripts.ts'
import { healthy, type Say, scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService, type TestService } from '../harness/service.ts'
import { openBrowser, openPage, withBrowser } from './browser.ts'
import { PAYLOADS } from './payloads.ts'

export const SERVER = 'Mail server'

/** A server that relays for nobody, and takes many commands at once. */
const pipelining: Say = (line) => (/^RCPT/.test(line) ? '554 5.7.1 Relay access denied' : healthy(line))

/** A closed server that accepts mail of its own domain from strangers, and sees them come from another address. */
const behindProxy: Say = (line, session) => {
  if (line.startsWith('EHLO')) return `250 mail.example.com Hello ${line.slice(5)} [172.17.0.1]`
  return line.startsWith('RCPT TO:<jane@example.com>') ? '250 ok' : closed(line, session)
}

/** A server that says that our address is on a blocklist. */
const blocking: Say = (line, session) =>
  /^RCPT/.test(line) ? '554 5.7.1 Client host [198.51.100.7] blocked using zen.spamhaus.org' : closed(line, session)

const several = (code: number, enhanced: string): string[] => [
  ...PAYLOADS.map((payload) => `${code}-${enhanced}${payload}`),
  `${code} ${enhanced}${PAYLOADS[0]}`,
]

/** A closed server whose every word is a script. */
const scripts: Say = (line) => {
  if (/^EHLO/.test(line)) return ['250-mail.example.com', ...PAYLOADS.map((payload) => `250-${payload}`), '250 HELP']
  if (/^RCPT/.test(line)) return several(554, '5.7.1 Relay access denied ')
  return `250 2.0.0 ${PAYLOADS[5]}`
}

/** The addresses of the servers. Each has its own, so that no test meets the ban of another. */
export const AT = {
  closed: '127.0.0.11',
  open: '127.0.0.12',
  pipelining: '127.0.0.13',
  behindProxy: '127.0.0.14',
  blocking: '127.0.0.15',
  scripts: '127.0.0.16',
  mended: '127.0.0.17',
  /** Nothing listens there. */
  dead: '127.0.0.18',
} as const

const ZONE = {
  'example.com': { mx: [[10, 'mail.example.com']] },
  'mail.example.com': { a: ['127.0.0.25', '127.0.0.26', '127.0.0.99', '93.184.216.34'] },
  'one.example.com': { a: ['127.0.0.27'] },
  'foreign.example.com': { a: ['93.184.216.34'] },
  'no-mail.example.com': { mx: [[0, '.']] },
  'lost.example.com': { mx: [[10, 'gone.example.com']] },
  'failing.example.com': 'failing',
  'xn--mller-kva.example.com': { a: ['127.0.0.28'] },
} as const

export interface Place {
  readonly service: TestService
  readonly port: number
  /** Lets the server at `AT.mended` relay no more. */
  mend(): void
}

let browser: Browser | null = null
let place: Place | null = null
const endings: (() => unknown)[] = []
const ending = { after: (work: () => unknown) => void endings.unshift(work) }

before(async () => {
  if (withBrowser.skip) return
  browser = await openBrowser(ending)
  place = await openPlace()
})
test.after(async () => {
  for (const work of endings) await work()
})

async function openPlace(): Promise<Place> {
  const port = await deadPort()
  let isMended = false
  const mended: Say = (line, session) => (isMended ? closed : open)(line, session)
  const says = { closed, open, pipelining, behindProxy, blocking, scripts, mended }
  for (const [name, say] of Object.entries(says)) {
    const greeting = { greeting: name === 'scripts' ? several(220, '') : '220 mail.example.com ESMTP Postfix' }
    const host = Object.entries(AT).find(([known]) => known === name)?.[1] ?? ''
    await scriptedServer(ending, { say, ...greeting }, { hosts: [host], port })
  }
  const dns = await dnsServer(ending, ZONE)
  const service = await startService(ending, { env: { ALLOWED_PORTS: `${port}`, DNS_SERVERS: dns.address } })
  const mend = () => {
    isMended = true
  }
  return { service, port, mend }
}

/** The service that most tests share. */
export function shared(): Place {
  if (!place) throw new Error('the shared service is started before the first test')
  return place
}

/** Opens a page without a key. */
export function newPage(t: TestContext, options: BrowserContextOptions = {}) {
  if (!browser) throw new Error('the browser is started before the first test')
  return openPage(t, browser, options)
}

/** Opens the console as the user of a key. The browser sends the key, as a proxy would, so the page asks for none. */
export async function visit(
  t: TestContext,
  service: TestService,
  { key = KEYS.partner, ...options }: BrowserContextOptions & { key?: string } = {},
) {
  const opened = await newPage(t, { extraHTTPHeaders: bearer(key), ...options })
  await opened.page.goto(service.url)
  await opened.page.getByRole('textbox', { name: SERVER }).waitFor()
  return opened
}

/** Types into the field for the mail server, and tests. */
export async function ask(page: Page, target: string): Promise<void> {
  await page.getByRole('textbox', { name: SERVER }).fill(target)
  await page.getByRole('button', { name: 'Test', exact: true }).click()
}

/** Waits for a heading, such as that of a verdict. */
export const heading = (page: Page, name: RegExp | string) => page.getByRole('heading', { name }).first().waitFor()

/** Opens a folded part of the page. */
export const unfold = (page: Page, id: string) => page.locator(`#${id} > summary`).click()

/** The values of a fact, among the technical details and elsewhere. */
export const fact = (page: Page, name: string) =>
  page
    .locator('dl > div')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('dd')

/** The id of the test in the address of the page. */
export const idIn = (page: Page): string => new URL(page.url()).hash.slice(2)

/** The environment of a service that tests only one port. */
export const onPort = (port: number) => ({ env: { ALLOWED_PORTS: `${port}` } })
