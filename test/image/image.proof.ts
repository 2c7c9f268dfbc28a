/** Builds the image and runs it (`npm run prove:image`). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { startMailServer } from '../../demo/mail-servers.ts'
import { relayTest } from '../../src/contract/relay-test.ts'
import { folderOf, whole as wholeYaml, yamlFolder } from '../harness/files.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { type Ran, runProgram } from '../harness/process.ts'
import { CALLERS, CUSTOMERS, environmentFor, KEYS } from '../harness/service.ts'
import { inTime } from '../harness/waiting.ts'
import { projectRoot } from '../lab/packages.ts'
import { labUnavailable } from '../lab/unavailable.ts'
import { BASE_IMAGE, makeBaseImage, npmSetting } from './base-image.ts'
import { type Podman, startPodman } from './podman.ts'

const IMAGE = 'localhost/relay-tests:local'
const VERSION = '0.1.0'
const DRAIN_MS = 1_000

/** The arguments of the command of docs/operators.md that begins so. Podman takes those of docker. */
function documented(start: string): string[] {
  const document = readFileSync(join(projectRoot, 'docs/operators.md'), 'utf8')
  const line = document.split('\n').find((one) => one.startsWith(`docker ${start}`))
  assert.ok(line, start)
  return line.split(' ').slice(2)
}

/**
 * Builds the image as docs/operators.md says, but for the base image; npm works with the settings and the cache of
 * this machine.
 */
async function buildImage(t: TestContext, podman: Podman): Promise<void> {
  const settings = await Promise.all(['globalconfig', 'userconfig'].map(npmSetting))
  const texts = settings.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'))
  const secret = join(folderOf(t, { npmrc: [...texts, 'prefer-offline=true'].join('\n') }), 'npmrc')
  chmodSync(secret, 0o600)
  const cache = await npmSetting('cache')
  const [folder = '', ...options] = documented('build').reverse()
  assert.equal(folder, '.')
  await podman.run(
    'build',
    '--pull-never',
    '--layers=false',
    '--network=host',
    ...['--build-arg', `NODE_IMAGE=${BASE_IMAGE}`],
    ...['--secret', `id=npmrc,src=${secret}`],
    ...(existsSync(cache) ? ['--volume', `${cache}:/root/.npm:O`] : []),
    ...options.reverse(),
    projectRoot,
  )
}

/**
 * How the image is run: nothing can be written, no privilege is left, and where the shell was there is an empty
 * folder.
 */
function runArguments(t: TestContext, env: Readonly<Record<string, string>>): string[] {
  const config = yamlFolder(t, { 'customers.yaml': CUSTOMERS, 'callers.yaml': CALLERS })
  const empty = folderOf(t)
  for (const folder of [config, empty]) chmodSync(folder, 0o755)
  const { PATH, NODE_V8_COVERAGE, ...ours } = environmentFor('/config')
  return [
    'run',
    '--rm',
    '--read-only',
    '--read-only-tmpfs=false',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    ...['--volume', `${empty}:/bin:ro`],
    ...['--volume', `${config}:/config:ro`],
    ...Object.entries({ ...ours, ...env }).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ]
}

interface Running {
  /** The log line that says that it is ready. */
  readonly ready: { readonly url: string; readonly metricsUrl: string; readonly version: string }
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number | null>
}

/** Starts the service in a container. */
async function startContainer(t: TestContext, podman: Podman, args: readonly string[]): Promise<Running> {
  const { program, args: all, env } = podman.command(...args)
  const child = spawn(program, all, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const stop = () => {
    if (child.exitCode === null) child.kill('SIGTERM')
    return inTime('the end of the container', exited)
  }
  t.after(stop)
  const ready = new Promise<Running['ready']>((resolve, reject) => {
    exited.then((code) => reject(new Error(`the container ended with ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line)
      if (entry.msg === 'ready') resolve(entry)
    })
  })
  return { ready: await inTime('the service', ready), stop }
}

test('the image', { skip: process.env.CI ? false : (labUnavailable() ?? false) }, async (t) => {
  const podman = await startPodman(t)
  const ended = async (args: readonly string[]): Promise<Ran> => {
    const { program, args: all, env } = podman.command(...args)
    return runProgram(program, all, env)
  }
  await makeBaseImage(podman, folderOf(t))
  await buildImage(t, podman)

  const megabytes = async (image: string) =>
    Number(await podman.run('image', 'inspect', '--format', '{{.Size}}', image)) / 1e6
  const [whole, base] = [await megabytes(IMAGE), await megabytes(BASE_IMAGE)]
  t.diagnostic(`${whole.toFixed(0)} MB, of which ${(whole - base).toFixed(0)} MB lie on the base image`)

  await t.test('has an unprivileged user, its ports, its labels, and no shell in its command', async () => {
    const [{ Config: config }] = JSON.parse(await podman.run('image', 'inspect', IMAGE))
    assert.equal(config.User, '10001:10001')
    assert.deepEqual(Object.keys(config.ExposedPorts).sort(), ['2525/tcp', '3000/tcp', '9464/tcp'])
    assert.deepEqual([...config.Entrypoint, ...config.Cmd], ['node', '--enable-source-maps', 'dist/server.js'])
    assert.equal(config.Labels['org.opencontainers.image.title'], 'Relay Tests')
    assert.equal(config.Labels['org.opencontainers.image.version'], VERSION)
  })

  await t.test('holds the built service and what it needs, and nothing that it was built with', async (context) => {
    const list = "for (const at of ['.', 'node_modules', '/root']) console.log(fs.readdirSync(at).join(' '))"
    const { stdout } = await ended([...runArguments(context, {}), '--network=none', '--user=0', IMAGE, '-e', list])
    const [app = '', modules = '', home = ''] = stdout.split('\n')
    assert.equal(app, 'LICENSE dist node_modules package.json')
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
    const installed = new Set(modules.split(' '))
    const unscoped = (names: object) => Object.keys(names).filter((name) => !name.startsWith('@'))
    assert.deepEqual(
      unscoped(dependencies).filter((name) => !installed.has(name)),
      [],
    )
    assert.deepEqual(
      unscoped(devDependencies).filter((name) => name !== 'ajv' && name !== 'ajv-formats' && installed.has(name)),
      [],
      'fastify itself needs ajv; nothing else may be there',
    )
    assert.equal(home, '', 'no settings of npm, and no cache')
  })

  await t.test('has no shell to be run when it is tested', async (context) => {
    const { code } = await ended([...runArguments(context, {}), '--network=none', '--entrypoint=/bin/sh', IMAGE])
    assert.equal(code, 127)
  })

  await t.test('makes keys and checks a configuration', async (context) => {
    const args = [...runArguments(context, {}), '--network=none', IMAGE]
    const key = await ended([...args, 'dist/cli/key.js', '--caller', 'support-desk'])
    assert.match(key.stdout, /^ {2}rtk_[\w-]{43}$/m)
    const check = await ended([...args, 'dist/cli/check.js'])
    assert.match(check.stdout, /^ok: 3 customers, 2 callers/m)
    const bad = await ended([...runArguments(context, { PORT: 'x' }), '--network=none', IMAGE, 'dist/cli/check.js'])
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /^PORT: /)
  })

  await t.test('checks a configuration by the command of docs/operators.md', async (context) => {
    const { PATH, NODE_V8_COVERAGE, ...env } = environmentFor('/config')
    const folder = folderOf(context, {
      'config/customers.yaml': wholeYaml(CUSTOMERS),
      'config/callers.yaml': wholeYaml(CALLERS),
      'settings.env': Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    })
    chmodSync(folder, 0o755)
    const { program, args, env: environment } = podman.command('run', '--network=none', ...documented('run --rm'))
    const { stdout, stderr } = await runProgram('env', ['-C', folder, program, ...args], environment)
    assert.match(stdout, /^ok: 3 customers, 2 callers/m, stderr)
  })

  await t.test('listens on every interface unless told otherwise, and ends in order', async (context) => {
    const env = { PORT: '', METRICS_PORT: '', MAILBOX_LISTEN: '0.0.0.0:2525', DRAIN_MS: `${DRAIN_MS}` }
    const args = [...runArguments(context, env), '--network=none', IMAGE]
    const { ready, stop } = await startContainer(context, podman, args)
    assert.equal(ready.metricsUrl, 'http://0.0.0.0:9464/metrics')
    assert.match(ready.url, /:3000$/)
    assert.equal(await stop(), 0)
  })

  await t.test('tests a mail server, for a program on this machine and for its own command line', async (context) => {
    const mailbox = await deadPort()
    const server = await startMailServer('open', mailbox)
    context.after(() => server.close())
    const env = {
      HOST: '127.0.0.1',
      ALLOWED_PORTS: `${server.port}`,
      MAILBOX_LISTEN: `127.0.0.1:${mailbox}`,
    }
    const args = [...runArguments(context, env), '--network=host', IMAGE]
    const { ready, stop } = await startContainer(context, podman, args)
    const response = await fetch(`${ready.url}/relay-tests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.partner}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ip: '127.0.0.1', port: server.port }),
    })
    const { verdict, evidence, cause } = relayTest.parse(await response.json())
    assert.deepEqual([response.status, verdict, evidence], [201, 'open', 'delivered'])
    assert.equal(cause, 'own-domain-sender')
    assert.equal((await fetch(`${ready.url}/client.tgz`)).status, 200)
    assert.match(await (await fetch(ready.metricsUrl)).text(), /^relay_tests_finished_total\{.*verdict="open"/m)

    const client = { RELAY_TESTS_URL: ready.url, RELAY_TESTS_KEY: KEYS.partner }
    const told = await ended([
      ...runArguments(context, client),
      '--network=host',
      IMAGE,
      'dist/cli/relay-test.js',
      '127.0.0.1',
      '--port',
      `${server.port}`,
    ])
    assert.match(told.stdout, /open/i)
    assert.equal(told.code, 1, told.stderr)
    assert.equal(await stop(), 0)
  })
})
