/** Results in memory, within a bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RelayTest, summaryOf } from '../../src/contract/relay-test.ts'
import { memoryResults, type Results } from '../../src/store/results.ts'
import { resultWith } from '../harness/result.ts'
import { until } from '../harness/waiting.ts'

const LONG_MS = 60_000

/** The bytes that a result counts. Ids have the same length, so that all results have the same size. */
const sizeOf = (result: RelayTest) => JSON.stringify(result).length + JSON.stringify(summaryOf(result)).length + 1_024
const SIZE = sizeOf(resultWith({ id: 'a' }))

async function idsIn(results: Results, ids: string): Promise<string> {
  const found = await Promise.all([...ids].map((id) => results.get(id)))
  return found.map((result) => result?.id ?? '').join('')
}

async function putAll(results: Results, ids: string): Promise<void> {
  for (const id of ids) await results.put(resultWith({ id }))
}

test('a result is what was put', async () => {
  const results = memoryResults(LONG_MS)
  await results.put(resultWith({ summary: 'é \u2028 \\x00' }))
  assert.deepEqual(await results.get(resultWith().id), resultWith({ summary: 'é \u2028 \\x00' }))
})

test('an unknown id has no result', async () => {
  const results = memoryResults(LONG_MS)
  await putAll(results, 'a')
  for (const id of ['b', '', 'constructor', '__proto__']) assert.equal(await results.get(id), null)
})

test('a result that is put again takes the place of the first', async () => {
  const results = memoryResults(LONG_MS)
  await results.put(resultWith({ id: 'a', status: 'running' }))
  await results.put(resultWith({ id: 'a', status: 'finished' }))
  assert.equal((await results.get('a'))?.status, 'finished')
})

test('a stored result stays the same if its reader or its writer changes theirs', async () => {
  const results = memoryResults(LONG_MS)
  const written = resultWith({ id: 'a' })
  await results.put(written)
  written.caveats.push('by the writer')
  const read = await results.get('a')
  read?.caveats.push('by the reader')
  assert.deepEqual((await results.get('a'))?.caveats, [])
})

test('over the capacity the oldest results go first', async () => {
  const results = memoryResults(LONG_MS, 3 * SIZE)
  await putAll(results, 'abc')
  assert.equal(await idsIn(results, 'abc'), 'abc')
  await putAll(results, 'd')
  assert.equal(await idsIn(results, 'abcd'), 'bcd')
  await putAll(results, 'ef')
  assert.equal(await idsIn(results, 'abcdef'), 'def')
})

test('over the capacity, the customer with the most results loses its own oldest ones, and no other loses any', async () => {
  const results = memoryResults(LONG_MS, 4 * SIZE)
  await results.put(resultWith({ id: 'a', customerId: 'beta' }))
  await putAll(results, 'bcdefgh')
  assert.equal(await idsIn(results, 'abcdefgh'), 'afgh')
  await results.put(resultWith({ id: 'i', customerId: 'beta' }))
  assert.equal(await idsIn(results, 'afghi'), 'aghi')
})

test('one large result drives out as many as it needs', async () => {
  const results = memoryResults(LONG_MS, 3 * SIZE)
  await putAll(results, 'abc')
  await results.put(resultWith({ id: 'd', caveats: ['x'.repeat(SIZE - 2)] }))
  assert.equal(await idsIn(results, 'abcd'), 'cd')
})

test('a result larger than the capacity is not kept, and what comes after it is', async () => {
  const results = memoryResults(LONG_MS, 2 * SIZE)
  await results.put(resultWith({ id: 'a', summary: 'x'.repeat(2 * SIZE) }))
  assert.equal(await results.get('a'), null)
  await putAll(results, 'bc')
  assert.equal(await idsIn(results, 'bc'), 'bc')
})

test('a result that is put again counts once, and as new', async () => {
  const results = memoryResults(LONG_MS, 2 * SIZE)
  await putAll(results, 'abaaa')
  assert.equal(await idsIn(results, 'ab'), 'ab')
  await putAll(results, 'c')
  assert.equal(await idsIn(results, 'abc'), 'ac')
})

test('a result goes when its time is over', async () => {
  const results = memoryResults(1)
  await putAll(results, 'a')
  await until('the result is gone', async () => (await results.get('a')) === null)
})
