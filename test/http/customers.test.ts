/** The list of customers, and its pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CUSTOMERS_PAGE, customerList } from '../../src/contract/scope.ts'
import { bearer, problemIn } from '../harness/http.ts'
import { conforms } from '../harness/openapi.ts'
import { KEYS, startService, type TestService } from '../harness/service.ts'

const page = async (service: TestService, key: string, query = '') =>
  customerList.parse(
    await conforms('get /customers', await service.fetch(`/customers${query}`, { headers: bearer(key) }), 200),
  )

test('a key sees its own customers, with networks and domains, and no others', async (t) => {
  const service = await startService(t)
  const { customers, next } = await page(service, KEYS.partner)
  assert.deepEqual(customers, [
    {
      id: 'acme',
      name: 'Acme Pty Ltd',
      networks: ['127.0.0.0/24'],
      domains: ['example.com', 'example.net'],
      mailboxes: [],
    },
    { id: 'beta', name: 'Beta', networks: ['127.0.1.0/24'], domains: [], mailboxes: [] },
  ])
  assert.equal(next, null)
  const all = await page(service, KEYS.desk)
  assert.deepEqual(
    all.customers.map(({ id }) => id),
    ['acme', 'beta', 'gamma'],
  )
})

test('many customers are listed in pages, sorted by id', async (t) => {
  const ids = Array.from({ length: CUSTOMERS_PAGE * 2 }, (_, index) => `c${String(index).padStart(3, '0')}`)
  const entries = ids.toReversed().map((id, index) => `  - { id: ${id}, name: N, networks: [127.1.${index}.0/24] }\n`)
  const service = await startService(t, { customers: `customers:\n${entries.join('')}` })
  const seen: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const { customers, next } = await page(service, KEYS.desk, after && `?after=${after}`)
    assert.ok(customers.length <= CUSTOMERS_PAGE)
    seen.push(...customers.map(({ id }) => id))
    after = next
  }
  assert.deepEqual(seen, ids)
  assert.deepEqual((await page(service, KEYS.partner)).customers, [])
})

test('any other query is refused', async (t) => {
  const service = await startService(t)
  for (const query of ['?after=', '?after=a/b', '?after=a&after=b', '?before=a', `?after=${'a'.repeat(65)}`]) {
    await problemIn(await service.fetch(`/customers${query}`), 'invalid-request')
  }
})
