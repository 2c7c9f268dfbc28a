/** Headers that cost much time to read somewhere are refused by their length, before anything reads them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemIn } from '../harness/http.ts'
import { startService } from '../harness/service.ts'

/** Texts that were expensive for slow regular expressions, with the headers that they were sent in. */
const LONG: readonly (readonly [header: string, value: string])[] = [
  ['prefer', `a${' '.repeat(7_600)}b`],
  ['prefer', '"\\'.repeat(3_800)],
  ['prefer', ';='.repeat(3_800)],
  ['accept', 'a/b;q=0.1,'.repeat(700)],
  ['accept', `text/${' '.repeat(7_000)}x`],
  ['authorization', `Bearer${' '.repeat(7_000)}x`],
  ['content-type', `application/json;${' '.repeat(7_000)}charset`],
  ['content-encoding', 'x'.repeat(7_000)],
  ['idempotency-key', 'k'.repeat(7_000)],
  ['traceparent', '0'.repeat(7_000)],
  ['x-forwarded-for', '1.1.1.1,'.repeat(900)],
]

test('each header that is read has a length of its own', async (t) => {
  const service = await startService(t)
  for (const [header, value] of LONG) {
    const { detail } = await problemIn(
      await service.post({ ip: '127.0.0.1' }, { [header]: value }),
      'headers-too-large',
    )
    assert.match(`${detail}`, new RegExp(`^The ${header} header may have at most \\d+ characters\\.$`))
  }
  // Headers that nobody reads may be as long as all headers together.
  assert.equal((await service.fetch('/limits', { headers: { 'x-other': 'x'.repeat(7_000) } })).status, 200)
})
