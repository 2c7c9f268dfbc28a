/** Nothing leaves the machine for a caller in the sandbox, by the count of the kernel. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKey } from '../src/access/keys.ts'
import { openWorld, watch, witnessed } from './dial/world.ts'
import { bearer, callersYaml, keyOf } from './harness/http.ts'
import { KEYS, startService } from './harness/service.ts'
import { labUnavailable } from './lab/unavailable.ts'

const missing = labUnavailable()
const skip = missing !== null && process.env.CI === undefined ? missing : false

const KEY = keyOf('s')
const CALLERS = `${callersYaml([{ id: 'desk', key: KEYS.desk, customers: 'all' }])}
  - { id: try, keys: [{ sha256: ${hashKey(KEY)} }], sandbox: true }
`
/** The very addresses of the sandbox, as those of a customer: whoever is not in it dials them. */
const CUSTOMERS = 'customers: [{ id: lab, name: Lab, networks: [{ cidr: 192.0.2.0/24, allowSpecial: true }] }]\n'

test('nothing leaves for a caller in the sandbox, though every address can be reached', { skip }, async (t) => {
  assert.equal(missing, null)
  await openWorld(['198.51.100.7'])
  const env = { ALLOWED_PORTS: '25' }
  const service = await startService(t, { callers: CALLERS, customers: CUSTOMERS, env })
  await watch(Number(new URL(service.url).port))

  const statuses: Record<number, number> = {}
  const ask = async (path: string, init: RequestInit) => {
    const { status } = await service.fetch(path, init)
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const asking = { method: 'POST', headers: { ...bearer(KEY), 'content-type': 'application/json' } }
  const post = (body: object) => ask('/relay-tests', { ...asking, body: JSON.stringify(body) })
  for (let host = 0; host < 256; host += 1) await post({ ip: `192.0.2.${host}`, reference: `${host}` })
  for (const ip of ['127.0.0.1', '198.51.100.7', '8.8.8.8', '93.184.216.34', '2001:db8::1', '2606:4700::1111']) {
    await post({ ip })
    await ask(`/addresses?name=${ip}`, { headers: bearer(KEY) })
  }
  await ask('/addresses?name=mail.example.com', { headers: bearer(KEY) })
  assert.deepEqual(await witnessed(), { port25: 0, elsewhere: 0, datagrams: 0 })
  assert.deepEqual([statuses[201], statuses[200], statuses[429]], [7, 7, 1])

  await t.test('and a connection would have been seen', async () => {
    await service.post({ ip: '192.0.2.1' }, bearer(KEYS.desk))
    assert.equal((await witnessed()).port25, 1)
  })
})
