/** The example programs for partners do what the onboarding document says. */
import assert from 'node:assert/strict'
import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { transformSync } from 'esbuild'
import { relayTest } from '../src/contract/relay-test.ts'
import { documentOf, examplesIn, installed } from './harness/documents.ts'
import { keyOf } from './harness/http.ts'
import { listening } from './harness/listening.ts'
import { closed, deadPort, gatedServer, open } from './harness/mail-scripts.ts'
import { healthy, scriptedServer } from './harness/mail-server.ts'
import { type Ran, runProgram } from './harness/process.ts'
import { resultWith } from './harness/result.ts'
import { KEYS, ROOT, startService } from './harness/service.ts'
import { inTime } from './harness/waiting.ts'

const DOCUMENT = documentOf('docs/onboarding.md')
const exampleIn = (language: string): string => examplesIn(DOCUMENT, language)[0]?.text ?? assert.fail(language)

/** Replaces `sleep`: a pause of a minute or more ends at once, and is written down. */
const SHORT_SLEEP_SH = `#!/bin/sh
[ "$1" -lt 60 ] || { echo "$1" >> "$SLEPT"; exit 0; }
exec /bin/sleep "$1"
`
const SHORT_SLEEP_JS = `
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
const { setTimeout: sleep } = timers
timers.setTimeout = async (ms, ...rest) => {
  if (ms < 60_000) return sleep(ms, ...rest)
  appendFileSync(process.env.SLEPT, \`\${ms / 1_000}\\n\`)
}
syncBuiltinESMExports()
`

interface Example {
  readonly name: string
  run(order: string, request: object, url: string, key?: string): Promise<Ran>
  /** Returns the long pauses so far, in seconds. */
  slept(): string[]
}

const TSC = join(ROOT, 'node_modules/.bin/tsc')

/** Returns both examples of the document, ready to run. */
function examples(t: TestContext): Example[] {
  const folder = installed(t, {
    'onboard.sh': exampleIn('sh'),
    // Compiled here, because the tests run it many times.
    'package.json': '{}',
    'onboard.mjs': transformSync(exampleIn('ts'), { loader: 'ts' }).code,
    'short-sleep.mjs': SHORT_SLEEP_JS,
    'bin/sleep': SHORT_SLEEP_SH,
    slept: '',
  })
  chmodSync(join(folder, 'bin/sleep'), 0o755)
  const at = (name: string) => join(folder, name)
  const envFor = (url: string, key: string = KEYS.partner) => ({
    RELAY_TESTS_URL: url,
    RELAY_TESTS_KEY: key,
    SLEPT: at('slept'),
    PATH: `${at('bin')}:${process.env.PATH}`,
  })
  const slept = () => readFileSync(at('slept'), 'utf8').split('\n').slice(0, -1)
  const js = ['--import', pathToFileURL(at('short-sleep.mjs')).href, at('onboard.mjs')]
  return [
    {
      name: 'shell',
      slept,
      run: (order, request, ...to) =>
        runProgram('sh', [at('onboard.sh'), order, JSON.stringify(request)], envFor(...to)),
    },
    {
      name: 'TypeScript',
      slept,
      run: (order, request, ...to) =>
        runProgram(process.execPath, [...js, order, JSON.stringify(request)], envFor(...to)),
    },
  ]
}

test('the TypeScript example compiles with the types of the package', async (t) => {
  const folder = installed(t, {
    'package.json': '{}',
    'good.mts': exampleIn('ts'),
    'bad.mts': exampleIn('ts').replace('result.retryAfter === null', 'result.tryAgain === null'),
  })
  const flags = '--ignoreConfig --noEmit --strict --module nodenext --target es2023 --types node --skipLibCheck'
  const check = (name: string) => runProgram(TSC, [...flags.split(' '), join(folder, name)])
  assert.deepEqual(await check('good.mts'), { code: 0, stdout: '', stderr: '' })
  assert.match((await check('bad.mts')).stdout, /'tryAgain' does not exist on type/)
})

test('the onboarding examples', async (t) => {
  const shut = await gatedServer(t, closed)
  const relay = await scriptedServer(t, { say: open })
  let greylists = true
  const greylisting = await scriptedServer(t, {
    say: (line, session) => {
      if (!/^RCPT/.test(line)) return healthy(line)
      return greylists ? '451 4.7.1 Greylisted, try again later' : closed(line, session)
    },
  })
  const dead = await deadPort()
  const ports = [shut.server.port, relay.port, greylisting.port, dead]
  const service = await startService(t, { env: { ALLOWED_PORTS: ports.join(',') } })
  const intents = () => service.logs().filter(({ audit }) => audit === 'intent').length
  const at = (port: number) => ({ ip: '127.0.0.1', port, domain: 'example.com' })

  for (const { name, run, slept } of examples(t)) {
    await t.test(`in ${name}: activate a closed server, and find the same test when run again`, async () => {
      const before = intents()
      const stalled = shut.hold(/^EHLO/)
      const first = run(`${name}-closed`, at(shut.server.port), service.url)
      await inTime('the test', stalled)
      // Runs the job a second time, while the test runs or right after it.
      const second = run(`${name}-closed`, at(shut.server.port), service.url)
      shut.release()
      const ran = [await first, await second, await run(`${name}-closed`, at(shut.server.port), service.url)]
      for (const { code, stdout, stderr } of ran) {
        assert.deepEqual([code, stderr], [0, ''])
        assert.match(stdout, /^closed: /)
      }
      assert.equal(intents(), before + 1)
    })

    await t.test(`in ${name}: do not activate an open one`, async () => {
      const { code, stdout } = await run(`${name}-open`, at(relay.port), service.url)
      assert.match(stdout, /^open: /)
      assert.equal(code, 1)
    })

    await t.test(`in ${name}: ask somebody to look where another test would tell no more`, async () => {
      const { code, stdout } = await run(`${name}-dead`, at(dead), service.url)
      assert.match(stdout, /^inconclusive: /)
      assert.equal(code, 2)
    })

    await t.test(`in ${name}: come back when retryAfter says, three times at most`, async () => {
      greylists = true
      const before = intents()
      assert.equal((await run(`${name}-greylisted`, at(greylisting.port), service.url)).code, 2)
      assert.equal(intents(), before + 3)
      assert.deepEqual([...new Set(slept())], ['600'])
      // The server no longer greylists us.
      greylists = false
      assert.match((await run(`${name}-later`, at(greylisting.port), service.url)).stdout, /^closed: /m)
    })

    await t.test(`in ${name}: ask somebody to look, with the reason, where the request is refused`, async () => {
      const order = `${name}-refused`
      const foreign = { ...at(dead), domain: 'example.org' }
      for (const [ran, reason] of [
        [
          await run(order, foreign, service.url),
          /^example\.org is not a domain of the customer, and not a subdomain of one: .*$/m,
        ],
        [await run(order, at(dead), service.url, keyOf('x')), /^Send a valid key: /m],
      ] as const) {
        assert.match(ran.stderr, reason)
        assert.deepEqual([ran.code, ran.stdout], [2, ''])
      }
    })

    await t.test(`in ${name}: ask somebody to look where the script is led nowhere`, async () => {
      const { code, stdout, stderr } = await run(`${name}-lost`, at(dead), '')
      assert.match(stderr, /\burl\b/i)
      assert.deepEqual([code, stdout], [2, ''])
    })

    await t.test(
      `in ${name}: come back after a 503, read again at settledAt, and do not activate what has turned`,
      async (context) => {
        const turning = await turningService(context)
        const { code, stdout } = await run(`${name}-turning`, at(dead), turning.url)
        assert.match(stdout, /^open: a late message\n$/)
        assert.equal(code, 1)
        assert.ok(turning.readAfterwards())
      },
    )
  }
})

/**
 * Starts a service that is busy at first. The verdict of its test changes when it settles, after two seconds. With the
 * real service that takes a day.
 */
async function turningService(t: TestContext): Promise<{ url: string; readAfterwards: () => boolean }> {
  const settledAt = Date.now() + 2_000
  let readAfterwards = false
  let busy = true
  const server = createServer((request, response) => {
    if (busy) {
      busy = false
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' })
      response.end(JSON.stringify({ type: 'urn:relay-tests:problem:at-capacity', status: 503, detail: 'busy' }))
      return
    }
    const isOver = Date.now() >= settledAt
    readAfterwards ||= isOver && request.method === 'GET'
    const result = resultWith({
      verdict: isOver ? 'open' : 'closed',
      summary: isOver ? 'a late message' : 'not yet',
      settledAt: new Date(settledAt).toISOString(),
    })
    response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(relayTest.parse(result)))
  })
  const port = await listening(t, server, new Set())
  return { url: `http://127.0.0.1:${port}`, readAfterwards: () => readAfterwards }
}
