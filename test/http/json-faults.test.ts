/** The service names the place where a body stops being JSON, and accepts exactly what JSON.parse accepts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faultIn } from '../../src/http/json-faults.ts'

test('a fault is named with its place and the remedy', async () => {
  for (const [text, pointer, detail] of [
    ['{"ip": }', '/ip', 'write a value at line 1, column 8'],
    ['{"ip": "203.0.113.25"', '/ip', 'write a comma or } at line 1, column 22'],
    ['{\n  "ip": "203.0.113.25"\n  "port": 25\n}', '/ip', 'write a comma or } at line 3, column 3'],
    ['{"ip": "203.0.113.25",}', '', 'write a name in double quotes at line 1, column 23'],
    ["{'ip': '203.0.113.25'}", '', 'write a name in double quotes at line 1, column 2'],
    ['{"ip" "203.0.113.25"}', '/ip', 'write a colon at line 1, column 7'],
    ['{"a": [1, 2 3]}', '/a/1', 'write a comma or ] at line 1, column 13'],
    ['{"a": [1,]}', '/a/1', 'write a value at line 1, column 10'],
    ['{"port": 025}', '/port', 'write a comma or } at line 1, column 11'],
    ['{} {}', '', 'remove the rest at line 1, column 4'],
    ['203.0.113.25', '', 'remove the rest at line 1, column 6'],
    ['  ', '', 'write a value at line 1, column 3'],
  ] as const) {
    const error = { pointer, detail: `must be valid JSON: ${detail}` }
    assert.deepEqual(await faultIn(text), { error, detail: `The body must be valid JSON: ${detail}.` }, text)
  }
})

test('a member that is there twice, or nested too deep, is named', async () => {
  assert.equal((await faultIn('{"a": {"b": 1, "\\u0062": 2}}'))?.detail, '/a/b: must be given only once')
  assert.match((await faultIn('['.repeat(17)))?.detail ?? '', /nested deeper than 16 levels$/)
  assert.equal(await faultIn(`${'['.repeat(16)}${']'.repeat(16)}`), null)
})

const withoutDoubles = fc.json({ maxDepth: 5 }).filter((text) => !text.includes('__proto__'))

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('JSON has no fault, and whatever JSON.parse refuses has one', async () => {
  await fc.assert(fc.asyncProperty(withoutDoubles, async (text) => (await faultIn(text)) === null))
  const cut = fc.tuple(
    withoutDoubles,
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', '"', ',', '}', ':', '0', '\\', '\n', 'e'),
  )
  await fc.assert(
    fc.asyncProperty(cut, async ([text, place, length, more]) => {
      const at = place % (text.length + 1)
      const changed = `${text.slice(0, at)}${more}${text.slice(at + length)}`
      const fault = await faultIn(changed)
      if (isJson(changed)) assert.ok(fault === null || /only once|deeper/.test(fault.detail), changed)
      else assert.ok(fault, changed)
    }),
    { numRuns: 2_000 },
  )
})

test('a string of any length is read or refused, without a stack that overflows', async () => {
  assert.equal(await faultIn(`{"a": "${'x'.repeat(8_192)}"}`), null)
  for (const long of ['x'.repeat(8_193), 'x'.repeat(9_000_000), '\\n'.repeat(4_000_000)]) {
    const fault = await faultIn(`{"a": "${long}"}`)
    assert.match(fault?.detail ?? '', /the string at line 1, column 7 has no end, a wrong character, or more than 8192/)
  }
})
