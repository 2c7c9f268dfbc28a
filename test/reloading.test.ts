import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
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
    const write = (name: string, text: string) => writeFileSync(join(service.folder, name), text)
    const fresh = keyOf('n')

    await t.test('as they are at the start', async () => {
      assert.equal((await resultOf(await post('127.31.0.1', KEYS.desk))).customerId, 'b')
      await problemIn(await post('127.31.0.1', fresh), 'unauthenticated')
    })

    await t.test('who is new is let in, and who is gone is not', async () => {
      write('customers.yaml', customersYaml('c'))
      write('callers.yaml', callersYaml([{ id: 'new', key: fresh, customers: 'all' }]))
      await reloaded(service, 'customers reloaded')
      await reloaded(service, 'callers reloaded')
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
      for (const [file, text] of Object.entries(files)) writeFileSync(join(mount, name, file), text)
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
    writeFileSync(target, customersYaml('a'))
    rmSync(link)
    symlinkSync(target, link)
    const service = await startService(t, { env: { CUSTOMERS_FILE: link } })
    const errorNow = async (): Promise<unknown> => JSON.stringify(await (await fetch(`${service.url}/readyz`)).json())
    rmSync(link)
    await until('the error', async () => String(await errorNow()).includes('ENOENT'))
    symlinkSync(target, link)
    const THREE_LOOKS_MS = 6_000
    await until('the end of the error', async () => !String(await errorNow()).includes('ENOENT'), THREE_LOOKS_MS)
  })

  test('an alias without its anchor is a fault of the file, not the end of the service', async (t) => {
    const service = await startService(t, { customers: customersYaml('a') })
    const bad = 'customers:\n  - { id: a, name: A, networks: [127.30.0.0/16], domains: [ *.example.com ] }\n'
    writeFileSync(join(service.folder, 'customers.yaml'), bad)
    const word = await until('a word on it', () =>
      service.logs().find(({ level, msg }) => Number(level) >= 50 || msg === 'shutting down'),
    )
    assert.equal(word.msg, 'customers not reloaded: the last good version stays in use')
  })
})
