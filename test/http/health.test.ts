/** The health endpoints. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { liveness, readiness } from '../../src/contract/health.ts'
import { writeYaml } from '../harness/files.ts'
import { CUSTOMERS, configFolder, startService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

test('health needs no key', async (t) => {
  const vantages = join(configFolder(t), 'vantages.yaml')
  writeYaml(vantages, 'vantages: [{ name: syd-1, ehlo: relaytest.isp.example }]\n')
  const began = Date.now()
  const service = await startService(t, { env: { VANTAGES_FILE: vantages } })
  const file = join(service.folder, 'customers.yaml')
  const ready = async () => {
    const response = await fetch(`${service.url}/readyz`)
    return { status: response.status, body: readiness.strict().parse(await response.json()) }
  }

  await t.test('livez says that the process runs', async () => {
    const response = await fetch(`${service.url}/livez`)
    assert.equal(response.status, 200)
    assert.deepEqual(liveness.strict().parse(await response.json()), { status: 'ok' })
  })

  await t.test('readyz says when each file was loaded', async () => {
    const { status, body } = await ready()
    assert.deepEqual([status, body.status], [200, 'ok'])
    assert.deepEqual(Object.keys(body.files).sort(), ['callers', 'customers', 'vantages'])
    for (const { loadedAt, error } of Object.values(body.files)) {
      assert.equal(error, null)
      assert.match(loadedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.ok(Date.parse(loadedAt) >= began && Date.parse(loadedAt) <= Date.now(), loadedAt)
    }
  })

  await t.test(
    'readyz stays 200 while a file has a mistake, and reports it without details until it is mended',
    async () => {
      const before = (await ready()).body.files.customers?.loadedAt
      writeYaml(file, `${CUSTOMERS}colour: red\n`)
      const broken = await until('the error', async () => {
        const now = await ready()
        return now.body.files.customers?.error ? now : null
      })
      assert.deepEqual([broken.status, broken.body.status], [200, 'ok'])
      assert.equal(
        broken.body.files.customers?.error,
        'the newest version was refused; the log of the service says why',
      )
      const told = () => service.logs().find(({ file: named, level }) => named === file && level === 50)
      const { error } = await until('the log line', told)
      assert.equal(error, `${file}:${CUSTOMERS.split('\n').length}: colour is unknown here`)
      assert.equal(broken.body.files.customers?.loadedAt, before)
      assert.equal(broken.body.files.callers?.error, null)
      writeYaml(file, CUSTOMERS)
      const mended = await until('the mended file', async () => {
        const { customers } = (await ready()).body.files
        return customers?.error === null ? customers : null
      })
      assert.ok(before !== undefined && mended.loadedAt > before)
    },
  )
})

test('during the drain readyz is 503 and livez is 200', async (t) => {
  const service = await startService(t, { env: { DRAIN_MS: '1500' } })
  service.process.kill('SIGTERM')
  const draining = await until('readyz to fail', async () => {
    const response = await fetch(`${service.url}/readyz`)
    return response.status === 503 ? response : null
  })
  const body = readiness.parse(await draining.json())
  assert.equal(body.status, 'shutting-down')
  assert.equal(body.files.customers?.error, null)
  assert.equal((await fetch(`${service.url}/livez`)).status, 200)
})
