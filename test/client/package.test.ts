/** The client's package as a partner gets it: installed from a running service, compiled strictly, and used. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf } from '../harness/files.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { runProgram } from '../harness/process.ts'
import { startSandbox } from '../harness/sandbox.ts'
import { ROOT } from '../harness/service.ts'

const TSC = join(ROOT, 'node_modules/.bin/tsc')

/** A partner's program. It reads no member that could be null, except where it asks first. */
const PROGRAM = `
import { isFinished, type FinishedRelayTest, type FinishedSweep, RelayTestClient, RelayTestTimeout, type Verdict } from 'relay-tests/client'

const [url = '', key = '', run = ''] = process.argv.slice(2)
const client = new RelayTestClient({ url, key, patienceMs: 0 })
const say = (...facts: readonly unknown[]) => console.log(facts.join(' '))

const [customer] = await client.customers()
say('customers', customer?.id, customer?.domains.join())
for (const { name, state } of await client.vantages()) say('vantage', name, state satisfies 'up' | 'down' | 'unknown')

const closed: FinishedRelayTest = await client.create({ ip: '192.0.2.1', reference: run })
const verdict: Verdict = closed.verdict
say('create', verdict, closed.summary.length > 0, closed.settledAt.length)

const looks: string[] = []
const { id } = await client.create({ ip: '192.0.2.5' }, { respondAsync: true })
const slow = await client.wait(id, { timeoutMs: 60_000, onProgress: (test) => looks.push(test.status) })
say('wait', slow.verdict.toUpperCase(), looks.length > 0, looks.every((status) => status === 'running'))

const again = await client.create({ ip: '192.0.2.5' }, { respondAsync: true })
if (isFinished(again)) throw new Error('too early')
const late = await client.wait(again.id, { timeoutMs: 100 }).catch((error: unknown) => error)
say('timeout', late instanceof RelayTestTimeout)
await client.wait(again.id)

const { name, addresses } = await client.testAll('example.com', { reference: run }, { timeoutMs: 60_000 })
for (const { ip, result, error, problem } of addresses) say(name, ip, result?.verdict ?? error?.message ?? problem?.detail)

const listed = await client.list({ reference: run })
say('list', listed.length, listed[0]?.customerId, (await client.list({ verdict: 'open', limit: 1 })).length)

for await (const event of client.follow({ ip: '192.0.2.2' })) {
  if (event.event === 'verdict') say('follow', event.data.verdict.toUpperCase())
}

const begun = await client.sweep({ name: 'weekly', targets: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] })
const sweep: FinishedSweep = await client.waitForSweep(begun.id, { timeoutMs: 60_000 })
say('sweep', sweep.status, sweep.finishedAt.length, sweep.verdicts.open, (await client.sweeps('weekly'))[0]?.id === sweep.id)
for await (const { ip, openSince } of client.sweepResults(sweep.id, { verdict: 'open' })) say(ip, openSince?.length)
`

const PRINTS = `customers sandbox-portal example.com
vantage default up
create closed true 24
wait CLOSED true true
timeout true
example.com 192.0.2.1 closed
example.com 192.0.2.2 open
example.com 192.0.2.3 inconclusive
example.com 192.0.2.4 inconclusive
example.com 192.0.2.5 closed
example.com 192.0.2.6 REFUSED
example.com 192.0.2.7 inconclusive
example.com 192.0.2.8 inconclusive
list 8 sandbox-portal 1
follow OPEN
sweep finished 24 1 true
192.0.2.2 24
`

/** Says that the types of the package are those of the contract: each can stand for the other. */
const SAME_TYPES = `
import type * as Ours from '${ROOT}src/client/types.ts'
import type * as Theirs from './node_modules/relay-tests/dist/client/types.js'

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false
export const same: [
  ${readFileSync(join(ROOT, 'src/client/types.ts'), 'utf8')
    .match(/\b[A-Z]\w+(?=[,\s}])/g)
    ?.filter((name) => !['The', 'Its'].includes(name))
    .map((name) => `Same<Ours.${name}, Theirs.${name}>`)
    .join(',\n  ')}
] = [] as never
type AllTrue<Results extends readonly boolean[]> = Results[number] extends true ? true : false
export const all: AllTrue<typeof same> = true
`

test("the client's package", async (t) => {
  const sandbox = await startSandbox(t)
  const folder = folderOf(t, { 'package.json': '{ "type": "module" }', 'program.ts': PROGRAM, 'same.ts': SAME_TYPES })
  const nowhere = `http://127.0.0.1:${await deadPort()}`

  await t.test('is installed by npm from the service, and brings nothing else', async () => {
    const { code, stderr } = await runProgram(
      'npm',
      ['install', '--prefix', folder, '--registry', nowhere, '--no-audit', '--no-fund', `${sandbox.url}/client.tgz`],
      { HOME: folder, npm_config_cache: join(folder, '.npm'), npm_config_userconfig: join(folder, '.npmrc') },
    )
    assert.deepEqual([code, stderr], [0, ''])
    const installed = join(folder, 'node_modules')
    assert.deepEqual(
      readdirSync(installed).filter((name) => !name.startsWith('.')),
      ['relay-tests'],
    )
    const manifest = JSON.parse(readFileSync(join(installed, 'relay-tests/package.json'), 'utf8'))
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    assert.deepEqual([manifest.version, manifest.dependencies], [version, undefined])
    assert.deepEqual(readdirSync(join(installed, 'relay-tests')).sort(), [
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ])
  })

  const compile = (file: string, flags: string) =>
    runProgram(TSC, [
      ...`--ignoreConfig --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2022`.split(' '),
      ...`--typeRoots ${join(ROOT, 'node_modules/@types')} --types node ${flags}`.split(' '),
      join(folder, file),
    ])

  for (const flags of ['--module node16 --moduleResolution node16', '--module esnext --moduleResolution bundler']) {
    await t.test(`compiles in a strict program with ${flags}, and runs in it`, async () => {
      assert.deepEqual(await compile('program.ts', flags), { code: 0, stdout: '', stderr: '' })
      const ran = await runProgram(process.execPath, [join(folder, 'program.js'), sandbox.url, sandbox.key, flags])
      assert.equal(ran.stderr, '')
      assert.equal(ran.stdout.replace(/(192\.0\.2\.6) .*/, '$1 REFUSED'), PRINTS)
    })
  }

  await t.test('has the types of the contract', async () => {
    const flags = '--noEmit --allowImportingTsExtensions --module node16 --moduleResolution node16'
    assert.deepEqual(await compile('same.ts', flags), { code: 0, stdout: '', stderr: '' })
  })

  await t.test('refuses to read a verdict that may not be known', async () => {
    writeFileSync(
      join(folder, 'wrong.ts'),
      `import { RelayTestClient } from 'relay-tests/client'
const test = await new RelayTestClient({ url: '' }).get('x')
console.log(test.verdict.length)
`,
    )
    assert.match((await compile('wrong.ts', '--noEmit --module node16')).stdout, /'test\.verdict' is possibly 'null'/)
  })
})

test('GET /client.tgz needs no key, and sends nothing again that has not changed', async (t) => {
  const { url } = await startSandbox(t)
  const first = await fetch(`${url}/client.tgz`)
  assert.deepEqual([first.status, first.headers.get('content-type')], [200, 'application/gzip'])
  const bytes = Buffer.from(await first.arrayBuffer())
  assert.deepEqual(bytes, readFileSync(join(ROOT, 'dist/client.tgz')))
  const tag = first.headers.get('etag') ?? ''
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const again = await fetch(`${url}/client.tgz`, { headers: { 'if-none-match': known } })
    assert.deepEqual([again.status, again.headers.get('etag'), await again.text()], [304, tag, ''])
  }
  const other = await fetch(`${url}/client.tgz`, { headers: { 'if-none-match': '"other"' } })
  assert.equal(other.status, 200)
  await other.body?.cancel()
  const head = await fetch(`${url}/client.tgz`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, `${bytes.length}`])
})
