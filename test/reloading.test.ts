/** The service follows its files, and keeps the last good ones. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readiness } from '../src/contract/health.ts'
import { writeYaml } from './harness/files.ts'
import { bearer, callersYaml, keyOf, problemIn, resultOf } from './harness/http.ts'
import { deadPort } from './harness/mail-scripts.ts'
import { CALLERS, configFolder, KEYS, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const customersYaml = (...ids: string[]): string =>
  `customers:\n${ids.map((id, index) => `  - { id: ${id}, name: ${id}, networks: [127.${30 + index}.0.0/16] }\n`).join('')}`

/** Waits until the log says that a file was read again, for the n-th time. */
const reloaded = (service: TestService, message: string, times = 1) =>
  until(`"${message}"`, () => service.logs().filter(({ msg }) => msg === message).length >= times)

// Most of it is waiting, so the tests run side by side.
describe('reloading', { concurrency: true }, () => {
  test('the service follows its files', async (t) => {
    const port = await deadPort()
    const env = { ALLOWED_PORTS: `${port}` }
    const service = await startService(t, { env, customers: customersYaml('a', 'b'), callers: CALLERS })
    const post = (ip: string, key: string) => service.post({ ip, port }, bearer(key))
    const write = (name: string, text: string) => writeYaml(join(service.folder, name), text)
    const fresh = keyOf('n')

    await t.test('as they are at the start', async () => {
      assert.equal((await resultOf(await post('127.31.0.1', KEYS.desk))).customerId, 'b')
      await problemIn(await post('127.31.0.1', fresh), 'unauthenticated')
    })

    await t.test('a new caller is let in, and a removed one is not', async () => {
      write('customers.yaml', customersYaml('c'))
      write('callers.yaml', callersYaml([{ id: 'new', key: fresh, customers: 'all' }]))
      await reloaded(service, 'customers reloaded')
      await reloaded(service, 'callers reloaded')
      const counts = ['customers', 'callers'].map((name) => {
        const line = service.logs().find(({ msg }) => msg === `${name} reloaded`)
        return [line?.file, name === 'customers' ? line?.customers : line?.callers]
      })
      assert.deepEqual(counts, [
        [join(service.folder, 'customers.yaml'), 1],
        [join(service.folder, 'callers.yaml'), 1],
      ])
      assert.equal((await resultOf(await post('127.30.0.1', fresh))).customerId, 'c')
      await problemIn(await post('127.31.0.1', fresh), 'address-special')
      await problemIn(await post('127.30.0.1', KEYS.desk), 'unauthenticated')
    })

    await t.test('a file that does not hold leaves the last good one in use, and the log says why', async () => {
      write('customers.yaml', `${customersYaml('d')}  - { id: e, name: E, networks: [127.0.0.1] }\n`)
      const refused = 'customers not reloaded: the last good version stays in use'
      await reloaded(service, refused)
      const { file, error, level } = service.logs().find(({ msg }) => msg === refused) ?? {}
      assert.deepEqual([file, level], [join(service.folder, 'customers.yaml'), 50])
      assert.equal(error, `${file}:3: customers[1].networks[0]: write 127.0.0.1/32`)
      assert.equal((await resultOf(await post('127.30.0.1', fresh))).customerId, 'c')
    })
  })

  test('the service follows a folder that Kubernetes swaps by a link', async (t) => {
    const port = await deadPort()
    const mount = join(configFolder(t), 'mount')
    const version = (name: string, files: Readonly<Record<string, string>>) => {
      mkdirSync(join(mount, name), { recursive: true })
      for (const [file, text] of Object.entries(files)) writeYaml(join(mount, name, file), text)
      symlinkSync(name, join(mount, '..data_tmp'))
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
    }
    version('..v1', { 'one.yaml': customersYaml('a'), 'notes.txt': 'no YAML' })
    for (const name of ['one.yaml', 'notes.txt']) symlinkSync(`..data/${name}`, join(mount, name))
    const service = await startService(t, { env: { ALLOWED_PORTS: `${port}`, CUSTOMERS_FILE: mount } })
    const ownerNow = async (): Promise<string> =>
      (await resultOf(await service.post({ ip: '127.30.0.1', port }, bearer(KEYS.desk)))).customerId
    assert.equal(await ownerNow(), 'a')
    version('..v2', { 'one.yaml': customersYaml('b') })
    rmSync(join(mount, 'notes.txt'))
    rmSync(join(mount, '..v1'), { recursive: true })
    await reloaded(service, 'customers reloaded')
    assert.equal(await ownerNow(), 'b')
    version('..v3', { 'one.yaml': customersYaml('c') })
    await reloaded(service, 'customers reloaded', 2)
    assert.equal(await ownerNow(), 'c')
  })

  test('a file that vanishes and comes back as it was is well again', async (t) => {
    const link = join(configFolder(t), 'customers.yaml')
    const target = `${link}.target`
    writeYaml(target, customersYaml('a'))
    rmSync(link)
    symlinkSync(target, link)
    const service = await startService(t, { env: { CUSTOMERS_FILE: link } })
    const errorNow = async () =>
      readiness.parse(await (await fetch(`${service.url}/readyz`)).json()).files.customers?.error
    assert.equal(await errorNow(), null)
    rmSync(link)
    const told = await until('the error', errorNow)
    assert.equal(told, 'the newest version was refused; the log of the service says why')
    const logged = () => service.logs().find(({ msg }) => `${msg}`.startsWith('customers not reloaded: '))
    const { error } = await until('the log line', logged)
    assert.equal(error, `${link}: cannot be read (ENOENT)`)
    symlinkSync(target, link)
    const THREE_LOOKS_MS = 6_000
    await until('the end of the error', async () => (await errorNow()) === null, THREE_LOOKS_MS)
  })

  test('a probable mistake is reported at the start and with each good version, and not with a bad one', async (t) => {
    const vantages = join(configFolder(t), 'vantages.yaml')
    writeYaml(vantages, 'vantages: [{ name: syd-1, ehlo: relaytest.isp.example }]\n')
    const customers = 'customers: []\n'
    const service = await startService(t, { env: { VANTAGES_FILE: vantages }, customers, callers: 'callers: []\n' })
    const warnings = () => service.logs().flatMap(({ level, msg }) => (level === 40 ? [msg] : []))
    const trial = 'ALLOW_LOOPBACK_TARGETS is on: loopback may be tested. Never use this outside of a trial.'
    const atStart = [
      trial,
      'there are no customers: nothing can be tested',
      'there are no callers: nobody can use the service',
    ]
    assert.deepEqual(warnings(), atStart)

    writeYaml(join(service.folder, 'callers.yaml'), 'callers: [{ id: p, keys: [], customers: [gone] }]\n')
    await reloaded(service, 'callers reloaded')
    const { customers: none, callers: one } = service.logs().find(({ msg }) => msg === 'callers reloaded') ?? {}
    assert.deepEqual([none, one], [0, 1])
    const after = [
      'there are no customers: nothing can be tested',
      'caller p may test gone, but there is no such customer',
    ]
    await until('the warnings', () => warnings().length >= atStart.length + after.length)
    assert.deepEqual(warnings().slice(atStart.length), after)

    const before = warnings().length
    writeYaml(join(service.folder, 'customers.yaml'), 'customers: 5\n')
    await reloaded(service, 'customers not reloaded: the last good version stays in use')
    writeYaml(join(service.folder, 'customers.yaml'), customersYaml('gone'))
    await reloaded(service, 'customers reloaded')
    const last = ['customer gone has no domains: its servers can be found open, but never closed']
    await until('the warnings', () => warnings().length > before)
    assert.deepEqual(warnings().slice(before), last)
  })

  test('a file that is cut off, or no file at all, leaves every denial in use', async (t) => {
    const port = await deadPort()
    const service = await startService(t, { env: { ALLOWED_PORTS: `${port}` } })
    const path = join(service.folder, 'customers.yaml')
    const whole = readFileSync(path, 'utf8')
    const refusals = () =>
      service.logs().flatMap(({ msg, error }) => (`${msg}`.startsWith('customers not reloaded') ? [`${error}`] : []))
    const attacks: readonly (readonly [put: () => void, error: RegExp])[] = [
      [() => writeFileSync(path, whole.slice(0, whole.indexOf('neverTest'))), /must end in a line with three dots/],
      [() => execFileSync('mkfifo', [path]), /is a FIFO/],
      [() => writeFileSync(path, `${'['.repeat(100_000)}\n...\n`), /:1: the file is nested too deeply$/],
      [() => writeFileSync(path, 'customers: []\n...\n'), /the file has no testing, so it may have been lost/],
    ]
    for (const [index, [put, error]] of attacks.entries()) {
      rmSync(path, { recursive: true })
      put()
      await until('the refusal', () => refusals().some((told) => error.test(told)))
      await problemIn(await service.post({ ip: '127.0.0.99', port }), 'opted-out')
      const ready = await fetch(`${service.url}/readyz`)
      assert.equal(ready.status, 200)
      assert.match(`${readiness.parse(await ready.json()).files.customers?.error}`, /the newest version was refused/)
      const metrics = await (await fetch(service.metricsUrl)).text()
      assert.match(metrics, /relay_tests_config_reload_success\{file="customers"\} 0/, `attack ${index}`)
    }
    rmSync(path)
    writeFileSync(path, whole)
    await reloaded(service, 'customers reloaded')
    assert.match(await (await fetch(service.metricsUrl)).text(), /config_reload_success\{file="customers"\} 1/)
  })

  test('an alias without its anchor is a fault of the file, not the end of the service', async (t) => {
    const service = await startService(t, { customers: customersYaml('a') })
    const bad = 'customers:\n  - { id: a, name: A, networks: [127.30.0.0/16], domains: [ *.example.com ] }\n'
    writeYaml(join(service.folder, 'customers.yaml'), bad)
    const word = await until('a word on it', () =>
      service.logs().find(({ level, msg }) => Number(level) >= 50 || msg === 'shutting down'),
    )
    assert.equal(word.msg, 'customers not reloaded: the last good version stays in use')
  })
})
