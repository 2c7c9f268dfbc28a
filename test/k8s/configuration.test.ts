/** The manifests set only variables that the service reads. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../../src/config.ts'
import { folderOf } from '../harness/files.ts'
import { type Ran, runBuilt, runProgram } from '../harness/process.ts'
import { ROOT } from '../harness/service.ts'
import { folderOfReadme } from './folders.ts'
import { Rendered } from './objects.ts'
import { kubectl, withKubectl } from './render.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/** The members of the secret that operators make by hand. */
const SECRETS = { MAILBOX_KEY: 'k'.repeat(32), REDIS_URL: 'redis://redis.redis:6379' }

/** Runs check.js with the environment and the files that a pod would have. */
async function check(t: TestContext, rendered: Rendered, secrets: Record<string, string> = {}): Promise<Ran> {
  const folder = folderOf(t, rendered.files())
  const environment = Object.entries({ ...rendered.settings(), ...secrets }).map(([name, value]) => [
    name,
    value.startsWith('/config/') ? join(folder, value) : value,
  ])
  return runBuilt('dist/cli/check.js', [], Object.fromEntries(environment))
}

describe('the configuration of the pods', withKubectl, () => {
  test('names no variable that the service does not know', async () => {
    const known = new Set([...read('src/config.ts').matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name))
    const names = Object.keys((await Rendered.of('base')).settings())
    assert.ok(names.length > 5)
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    )
  })

  test('is found right by check.js, in memory and with a Redis', async (t) => {
    for (const [folder, secrets] of [
      ['overlays/single', {}],
      ['overlays/production', SECRETS],
    ] as const) {
      const { code, stdout, stderr } = await check(t, await Rendered.of(folder), secrets)
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^ok: 1 customers, 0 callers, from vantage default$/m)
    }
  })

  test('is what the folder of the README says, and the files keep their names, so that pods see them change', async (t) => {
    const rendered = await Rendered.of(folderOfReadme(t))
    const { PROVIDER_NAME, QUOTA_CALLER, MAILBOX_DOMAIN } = rendered.settings()
    assert.deepEqual([PROVIDER_NAME, QUOTA_CALLER, MAILBOX_DOMAIN], ['Another ISP', '600/1h', 'relaytest.isp.example'])
    assert.match(rendered.files()['/config/customers/customers.yaml'] ?? '', /id: other/)
    const names = [...rendered.every('ConfigMap'), ...rendered.every('Secret')].map(({ metadata }) => metadata.name)
    const [callers, customers, settings, sweeps, vantages] = names.sort()
    assert.match(settings ?? '', /^relay-tests-settings-[a-z0-9]{10}$/)
    assert.deepEqual(
      [callers, customers, sweeps, vantages],
      ['relay-tests-callers', 'relay-tests-customers', 'relay-tests-sweeps', 'relay-tests-vantages'],
    )
    assert.equal(rendered.pod().containers[0].image, 'registry.isp.example/relay-tests:0.1.0')
    assert.equal((await check(t, rendered, SECRETS)).code, 0)
  })

  test('mounts whole folders, and each file that the environment names lies in one', async () => {
    const rendered = await Rendered.of('base')
    const { CUSTOMERS_FILE, CALLERS_FILE, VANTAGES_FILE, SWEEPS_FILE } = rendered.settings()
    const files = Object.keys(rendered.files())
    for (const path of [CUSTOMERS_FILE, CALLERS_FILE, VANTAGES_FILE, SWEEPS_FILE]) {
      assert.ok(path && files.some((file) => file === path || file.startsWith(`${path}/`)), path)
    }
  })

  test('gives the last test the time that it may take', async () => {
    const rendered = await Rendered.of('base')
    const { containers, terminationGracePeriodSeconds } = rendered.pod()
    const { DRAIN_MS, TEST_DEADLINE_MS } = readConfig({ ...rendered.settings() })
    const [, closing] = /^const CLOSING_MS = (\d+)_000$/m.exec(read('src/server.ts')) ?? []
    const needed =
      containers[0].lifecycle.preStop.sleep.seconds + (DRAIN_MS + TEST_DEADLINE_MS) / 1_000 + Number(closing)
    assert.ok(terminationGracePeriodSeconds >= needed + 5, `${needed} s`)
  })

  test('takes its secrets from what the command of the README makes', async () => {
    const [, command = ''] = /^```sh\n(.*?)\n```$/ms.exec(read('k8s/README.md')) ?? []
    const script = `${command.replace('kubectl', await kubectl())} --dry-run=client -o yaml`
    const { stdout, stderr } = await runProgram('sh', ['-c', script])
    const secret = z
      .object({ metadata: z.object({ name: z.string() }).loose(), data: z.record(z.string(), z.string()) })
      .parse(parse(stdout), { error: () => stderr })
    assert.equal(secret.metadata.name, 'relay-tests-secrets')
    const held = Object.entries(secret.data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()])
    const config = readConfig({ ...(await Rendered.of('overlays/production')).settings(), ...Object.fromEntries(held) })
    assert.equal(config.REDIS_URL, 'rediss://:PASSWORD@redis.isp.example:6379')
  })

  test('needs the secret in production, where replicas share a Redis', async () => {
    const secretOf = async (folder: string) =>
      (await Rendered.of(folder)).pod().containers[0].envFrom.find(({ secretRef }) => secretRef)?.secretRef
    assert.deepEqual(await secretOf('overlays/single'), { name: 'relay-tests-secrets', optional: true })
    assert.deepEqual(await secretOf('overlays/production'), { name: 'relay-tests-secrets' })
  })
})
