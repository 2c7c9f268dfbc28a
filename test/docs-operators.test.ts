/** The commands of docs/operators.md work as they are written. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { hashKey } from '../src/access/keys.ts'
import { readConfig } from '../src/config.ts'
import { sweep } from '../src/contract/sweeps.ts'
import { folderOf } from './harness/files.ts'
import { bearer, problemIn } from './harness/http.ts'
import { closed, deadPort, open } from './harness/mail-scripts.ts'
import { type Say, scriptedServer } from './harness/mail-server.ts'
import { runProgram } from './harness/process.ts'
import { startSandbox } from './harness/sandbox.ts'
import { KEYS, programAt, ROOT, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

const DOCUMENT = read('docs/operators.md')

/** Returns the code blocks of the document in a language, in order. */
const blocksIn = (language: string): string[] =>
  [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

/** Commands that need an engine for containers, or that change the machine. test/deployments.test.ts reads them. */
const NOT_RUN = /^(?:docker|sudo) /
const [weekly = '', sweepCommands = '', makeKey = '', rotateMailboxKey = '', ...otherCommands] = blocksIn('sh').filter(
  (text) => !NOT_RUN.test(text),
)
const [mailboxesFile = '', serversFile = '', sweepersFile = '', sweepsFile = '', ...yaml] = blocksIn('yaml')
const [customersFile = '', callersFile = '', ...otherFiles] = yaml

const statusFor = async (service: TestService, key: string): Promise<number> =>
  (await service.fetch('/limits', { headers: bearer(key) })).status

/** Writes a configuration file of a running service, and waits until the service uses it. */
async function install(service: TestService, name: 'customers' | 'callers', text: string): Promise<void> {
  const reloads = () => service.logs().filter(({ msg }) => msg === `${name} reloaded`).length
  const before = reloads()
  writeFileSync(join(service.folder, `${name}.yaml`), text)
  await until(`${name} to be reloaded`, () => reloads() > before)
}

test('every command and file of the document is run here or by the proof of the image', () => {
  assert.match(weekly, /^relay-test --file /m)
  assert.match(sweepCommands, /^curl -sS "\$RELAY_TESTS_URL\/sweeps"/)
  assert.match(makeKey, /^node dist\/cli\/key\.js /)
  assert.match(rotateMailboxKey, /^export MAILBOX_KEY=/)
  assert.match(mailboxesFile, /^ {4}mailboxes:/m)
  assert.match(customersFile, /^testing: false$/m)
  assert.match(callersFile, /^callers:$/m)
  assert.deepEqual([...otherCommands, ...otherFiles], [])
  assert.deepEqual([blocksIn('json').length, blocksIn('zone').length], [1, 2])
})

test('the DNS records of the document match each other and the configuration for Kubernetes', () => {
  const records = (blocksIn('zone')[0] ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/))
  const values = (name: string, type: string) =>
    records.filter(([a, b]) => a === name && b === type).map(([, , c]) => c)
  const [vantage] = parse(read('k8s/base/config/vantages.yaml')).vantages
  const [ip] = vantage.publicIps
  const [, domain] = /^MAILBOX_DOMAIN=(.*)$/m.exec(read('k8s/base/config/settings.env')) ?? []
  assert.deepEqual(values(`${vantage.ehlo}.`, 'A'), [ip])
  assert.deepEqual(values(`${ip.split('.').reverse().join('.')}.in-addr.arpa.`, 'PTR'), [`${vantage.ehlo}.`])
  assert.deepEqual(values(`${domain}.`, 'TXT'), [`"v=spf1 ip4:${ip} -all"`])
  const [mx = ''] = values(`${domain}.`, 'MX')
  assert.equal(values(mx?.replace('10 ', '') ?? '', 'A').length, 1)
  assert.equal(records.length, 5)
})

test('the zone of the document is delegated to the host of the mailbox', () => {
  const [records = '', delegation = ''] = blocksIn('zone')
  const [name = '', type, host] = delegation.trim().split(/ {2,}/)
  assert.equal(type, 'NS')
  assert.equal(`10 ${host}`, / {2,}MX {2,}(.*)$/m.exec(records)?.[1])
  const needed = { CUSTOMERS_FILE: 'x', CALLERS_FILE: 'x', MAILBOX_DOMAIN: 'relaytest.isp.example' }
  const zone = { MX_ZONE: name.replace(/\.$/, ''), DNS_LISTEN: '0.0.0.0:5353', MAILBOX_LISTEN: '0.0.0.0:2525' }
  assert.equal(readConfig({ ...needed, ALLOW_LOOPBACK_TARGETS: 'true', ...zone }).MX_ZONE, zone.MX_ZONE)
  assert.ok(DOCUMENT.includes(`MX_ZONE=${zone.MX_ZONE}`))
})

test('the kill switch stops all tests, and the opt-out list overrules an allowlist', async (t) => {
  const service = await startService(t)
  const at = (ip: string) => service.post({ ip, port: 25 })
  await install(service, 'customers', customersFile)
  await problemIn(await at('203.0.113.25'), 'testing-off')
  await install(service, 'customers', customersFile.replace('testing: false', 'testing: true'))
  await problemIn(await at('203.0.113.250'), 'opted-out')
})

test('the known mailboxes of the document are listed for the customer', async (t) => {
  const service = await startService(t)
  await install(service, 'customers', mailboxesFile)
  const { customers } = await (await service.fetch('/customers')).json().then(Object)
  assert.deepEqual(customers[0].mailboxes, ['jane@example.net', 'joe@example.org'])
  assert.deepEqual(
    service.logs().filter(({ msg }) => String(msg).includes('role address')),
    [],
  )
})

test('a sweep tests all customers as the document says', async (t) => {
  const relays: Say = (line, session) => (session.address === '127.0.7.25' ? open : closed)(line, session)
  const { port } = await scriptedServer(t, { say: relays }, { hosts: ['127.0.7.25', '127.0.7.26'] })
  const folder = folderOf(t, { 'sweeps.yaml': sweepsFile })
  const env = { ALLOWED_PORTS: `${port}`, SWEEPS_FILE: join(folder, 'sweeps.yaml') }
  const service = await startService(t, { env })
  // The servers of this test have another port.
  const servers = serversFile
    .replace('[127.0.7.25,', `[{ ip: 127.0.7.25, port: ${port} },`)
    .replace('port: 26', `port: ${port}`)
  await install(service, 'callers', sweepersFile.replace('SHA256-OF-THE-KEY', hashKey(KEYS.desk) ?? ''))
  const warnings = () => service.logs().filter(({ msg }) => String(msg).includes('sweep weekly'))
  const before = warnings().length
  await install(service, 'customers', servers)
  assert.equal(warnings().length, before)
  const [begin = '', look = '', ...reads] = sweepCommands.trim().replaceAll('\\\n', '').split('\n')
  const access = { RELAY_TESTS_URL: service.url, RELAY_TESTS_KEY: KEYS.desk }
  const run = async (command: string, id: string) =>
    (await runProgram('sh', ['-c', command], { ...access, ID: id })).stdout
  const { id } = sweep.parse(JSON.parse(await run(begin, '')))
  await until('the end', async () => sweep.parse(JSON.parse(await run(look, id))).status === 'finished')
  const [csv = '', opened] = [await run(reads[0] ?? '', id), await run(reads[1] ?? '', id)]
  assert.match(csv, /^ip,port,.*\r\n"127\.0\.7\.25",.*\r\n$/)
  assert.equal(opened, '', 'the first sweep of a name has nothing to compare with')
})

test('a key can be made and rotated as the document says', async (t) => {
  const made = await runProgram('sh', ['-c', `cd '${ROOT}' && ${makeKey}`])
  const [key = ''] = /rtk_[\w-]{43}/.exec(made.stdout) ?? []
  assert.match(made.stdout, /^ {2}- id: support-desk$/m)
  assert.match(made.stdout, /expires: 2027-06-30/)
  const service = await startService(t)
  const both = callersFile.replace('OLD', hashKey(KEYS.desk) ?? '').replace('NEW', hashKey(key) ?? '')
  await install(service, 'callers', both)
  assert.deepEqual([await statusFor(service, KEYS.desk), await statusFor(service, key)], [200, 200])
  await install(service, 'callers', both.replace(/^ +- sha256: .*\n/m, ''))
  assert.deepEqual([await statusFor(service, KEYS.desk), await statusFor(service, key)], [401, 200])
})

test('the service accepts the mailbox key of the document', async () => {
  const old = 'o'.repeat(32)
  const { stdout } = await runProgram('sh', ['-c', `${rotateMailboxKey}\nprintf %s "$MAILBOX_KEY"`], {
    MAILBOX_KEY: old,
  })
  const [made = '', before] = stdout.split(',')
  assert.equal(before, old)
  const config = readConfig({
    CUSTOMERS_FILE: 'x',
    CALLERS_FILE: 'x',
    MAILBOX_DOMAIN: 'isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
    MAILBOX_KEY: stdout,
  })
  assert.equal(config.MAILBOX_KEY, made)
})

/** Starts a service whose Redis is down. */
const withoutRedis = async (t: TestContext) =>
  startService(t, { seesRedisFaults: true, env: { REDIS_URL: `redis://127.0.0.1:${await deadPort()}` } })

test('the service without Redis behaves as the document says', async (t) => {
  const service = await withoutRedis(t)
  const refused = await service.post({ ip: '127.0.0.1', port: 25 })
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  await problemIn(refused, 'limits-unavailable')
  const result = await service.fetch('/relay-tests/53e47991-0352-4264-8926-d61bebe500b9')
  await problemIn(result, 'limits-unavailable')
  const ready = await service.fetch('/readyz')
  assert.equal(ready.status, 200)
  const { files, ...state } = await ready.json().then(Object)
  assert.deepEqual(state, JSON.parse(blocksIn('json')[0] ?? ''))
  assert.match(await (await fetch(service.metricsUrl)).text(), /^relay_tests_redis_up 0$/m)
})

test('the document says what to do about every alert', () => {
  const [{ rules }] = parse(read('k8s/components/prometheus/rules.yaml')).spec.groups
  const told = [...DOCUMENT.matchAll(/^\| `(RelayTests\w+)` \|/gm)].map(([, name]) => name)
  assert.deepEqual(
    told,
    rules.map(({ alert }: { alert: string }) => alert),
  )
})

test('the weekly test of the document makes a whole report, and says what changed since the week before', async (t) => {
  const { env } = await startSandbox(t)
  const folder = folderOf(t, {
    'targets.txt': '192.0.2.1\n192.0.2.3\n',
    'relay-test': `#!/bin/sh\nexec ${process.execPath} ${programAt('dist/cli/relay-test.js')} "$@"\n`,
  })
  chmodSync(join(folder, 'relay-test'), 0o755)
  const run = () =>
    runProgram('sh', ['-c', `cd ${folder}\n${weekly}`], { ...env, PATH: `${folder}:${process.env.PATH}` })
  const report = () => readFileSync(join(folder, 'report.html'), 'utf8')
  const first = await run()
  assert.deepEqual([first.code, first.stderr], [2, 'relay-test: 2/2  0 open, 1 closed, 1 inconclusive, 0 error\n'])
  assert.match(report(), /<p>0 open, 1 closed, 1 inconclusive, 0 error<\/p>\n<table>/)
  const [week = ''] = readdirSync(join(folder, 'results'))
  assert.match(week, /^\d{4}-\d\d\.ndjson$/)
  renameSync(join(folder, 'results', week), join(folder, 'results/2020-01.ndjson'))
  writeFileSync(join(folder, 'targets.txt'), '192.0.2.2\n192.0.2.3\n')
  const second = await run()
  assert.equal(second.code, 1)
  assert.match(second.stderr, /\nrelay-test: since the last time: 0 opened, 0 closed, 0 lost, 1 new, 1 gone\n$/)
  assert.match(report(), /<p>Since the last time: 0 opened, 0 closed, 0 lost, 1 new, 1 gone<\/p>/)
})
