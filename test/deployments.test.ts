/** compose.yaml, the systemd unit and `docker run` of the documents fit the service: settings, ports, time limits. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../src/config.ts'
import { divideOpenFiles } from '../src/open-files.ts'
import { atOnce } from '../src/service/follow-up-plan.ts'
import { folderOf } from './harness/files.ts'
import { ROOT } from './harness/service.ts'
import { onPath } from './lab/unavailable.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/** The settings of docs/configuration.md. */
const SETTINGS = new Set([...read('docs/configuration.md').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name]) => name))

/** Reads settings as the service does. Throws if one is wrong, or not in docs/configuration.md. */
function configOf(settings: Readonly<Record<string, string>>) {
  for (const name of Object.keys(settings)) assert.ok(SETTINGS.has(name), `${name} is no setting`)
  return readConfig(settings)
}

/** How long the service takes to stop, in seconds. */
const stoppingSeconds = ({ DRAIN_MS, TEST_DEADLINE_MS }: ReturnType<typeof readConfig>): number =>
  (DRAIN_MS + TEST_DEADLINE_MS + 5_000) / 1000

// Members that the Compose specification does not have are refused, so that a mistyped one is found.
const healthcheck = z.strictObject({
  test: z.array(z.string()),
  interval: z.string(),
  timeout: z.string(),
  start_period: z.string().optional(),
})
const container = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  restart: z.literal('unless-stopped'),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  command: z.array(z.string()).optional(),
  volumes: z.array(z.string()),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  mem_limit: z.string().optional(),
  stop_grace_period: z.string().optional(),
  healthcheck,
})
const compose = z
  .strictObject({
    services: z.strictObject({ 'relay-tests': container, redis: container }),
    networks: z.record(z.string(), z.strictObject({ internal: z.literal(true) })),
    volumes: z.record(z.string(), z.strictObject({})),
  })
  .parse(parse(read('compose.yaml')))

test('the settings of compose.yaml are settings of the service, and only the key comes from outside', () => {
  const { environment = {}, volumes } = compose.services['relay-tests']
  const fromOutside = Object.keys(environment).filter((name) => environment[name]?.includes('$'))
  assert.deepEqual(fromOutside, ['MAILBOX_KEY'])
  const config = configOf({ ...environment, MAILBOX_KEY: 'k'.repeat(32) })
  const [host = '', folder = ''] = volumes[0]?.split(':') ?? []
  assert.equal(host, './config')
  for (const file of [config.CUSTOMERS_FILE, config.CALLERS_FILE, config.VANTAGES_FILE])
    assert.ok(file?.startsWith(`${folder}/`), file)
  assert.equal(new URL(config.REDIS_URL ?? '').hostname, 'redis', 'the name of its Redis')
  assert.ok(compose.services.redis.command?.join(' ').includes('--maxmemory-policy noeviction'))
})

test('compose.yaml publishes the port of each part, and only the mailbox to others', () => {
  const { environment = {}, ports = [], stop_grace_period: grace = '' } = compose.services['relay-tests']
  const config = configOf({ ...environment, MAILBOX_KEY: 'k'.repeat(32) })
  assert.deepEqual(ports, [
    `127.0.0.1:${config.PORT}:${config.PORT}`,
    `127.0.0.1:${config.METRICS_PORT}:${config.METRICS_PORT}`,
    `0.0.0.0:25:${config.MAILBOX_LISTEN?.port}`,
  ])
  assert.equal(compose.services.redis.ports, undefined)
  assert.ok(Number.parseInt(grace, 10) >= stoppingSeconds(config))
})

/** The settings of a file for systemd: `NAME=VALUE` lines, perhaps in quotes. */
const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([A-Z0-9_]+)="?(.*?)"?$/gm)].map(([, name = '', value = '']) => [name, value]))

test('the settings of the systemd unit are settings of the service, and it gets the time to stop and its open files', () => {
  const config = configOf({ ...settingsOf(read('systemd/settings.env')), MAILBOX_KEY: 'k'.repeat(32) })
  const unit = read('systemd/relay-tests.service')
  const [, seconds = ''] = /^TimeoutStopSec=(\d+)s$/m.exec(unit) ?? []
  assert.ok(Number(seconds) >= stoppingSeconds(config))
  const [, folder = ''] = /^LogsDirectory=(.+)$/m.exec(unit) ?? []
  assert.ok(config.AUDIT_FILE?.startsWith(`/var/log/${folder}/`))
  const [, files = ''] = /^LimitNOFILE=(\d+)$/m.exec(unit) ?? []
  const { needed } = divideOpenFiles(Number.POSITIVE_INFINITY, atOnce(config.MAX_CONCURRENT_TESTS), true, true)
  assert.ok(Number(files) >= needed, `${needed} open files`)
  const written = unit.match(/^ReadWritePaths=.*$/gm) ?? []
  assert.deepEqual(written, [], 'the service writes its audit log and nothing else')
})

/** The unit with programs and folders of this machine, so that systemd can check that they are there. */
const unitHere = (): string =>
  read('systemd/relay-tests.service')
    .replaceAll('/usr/bin/node', process.execPath)
    .replaceAll('/opt/relay-tests', ROOT)
    .replace(/^User=.*$/m, 'User=daemon')
    .replace(/^Group=.*$/m, 'Group=daemon')

test('systemd finds no mistake in the unit, and little that it could still forbid', {
  skip: onPath('systemd-analyze') ? false : 'systemd-analyze is not on this machine',
}, (t) => {
  const file = join(folderOf(t), 'relay-tests.service')
  writeFileSync(file, unitHere())
  const analyze = (...args: string[]) =>
    execFileSync('systemd-analyze', [...args, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  assert.equal(analyze('verify', '--man=no'), '')
  // Of 100. A service without any restriction has 96.
  analyze('security', '--offline=yes', '--threshold=25', '--no-pager')
})

test('docker run of docs/operators.md names settings of the service and ports of the image', () => {
  const [command = ''] = /^docker run --detach [\s\S]*?[^\\]$/m.exec(read('docs/operators.md')) ?? []
  assert.ok(command.includes('--publish'), command)
  const exposed = /^EXPOSE (.+)$/m.exec(read('Dockerfile'))?.[1]?.split(' ') ?? []
  const published = [...command.matchAll(/--publish (?:[\d.]+:)?\d+:(\d+)/g)].map(([, port]) => port)
  assert.ok(published.length > 0)
  for (const port of published) assert.ok(exposed.includes(`${port}`), port)
  for (const [, name] of command.matchAll(/--env ([A-Z0-9_]+)/g)) assert.ok(SETTINGS.has(name), name)
})
