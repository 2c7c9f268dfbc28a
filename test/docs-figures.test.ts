/** The figures that documents repeat: each is worked out from the code and looked for in every document that has it. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SANDBOX_ADDRESSES } from '../src/access/sandbox.ts'
import { QUOTAS } from '../src/contract/limits.ts'
import { SUITES, type Suite } from '../src/contract/words.ts'
import { formsOf } from '../src/relay/forms.ts'
import { documentOf } from './harness/documents.ts'
import { ROOT } from './harness/service.ts'

/** Every document that describes the present, and the page of the console. CHANGELOG.md describes the past. */
const DOCUMENTS = ['.', 'docs', 'k8s']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => join(folder, file)))
  .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
  .concat('src/console/index.html')

const WORDS = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']
const NUMBER = `\\d+|${WORDS.join('|')}`

const numberIn = (text: string): number => {
  const word = WORDS.indexOf(text.toLowerCase())
  return word === -1 ? Number(text) : word + 2
}

/** Every place where the documents match, with the groups of the match. Lines that were wrapped count as one. */
function found(
  pattern: string,
): { readonly name: string; readonly text: string; readonly groups: readonly string[] }[] {
  return DOCUMENTS.flatMap((name) =>
    [...documentOf(name).replace(/\s+/g, ' ').matchAll(new RegExp(pattern, 'gi'))].map(([text, ...groups]) => ({
      name,
      text,
      groups,
    })),
  )
}

const isSuite = (word: string): word is Suite => SUITES.some((suite) => suite === word)

test('wherever a document says how many forms a suite has, it is as many', () => {
  const told = found(
    `\\b(standard|full)\`?(?: suite)?(?::| has| tries| is the first| asks)?(?: of)? \\(?(?:default, )?(${NUMBER})\\b`,
  )
  for (const { name, text, groups } of told) {
    const [suite = '', number = ''] = groups.map((group) => group.toLowerCase())
    assert.ok(isSuite(suite))
    assert.equal(numberIn(number), formsOf(suite).length, `${name}: ${text}`)
  }
  for (const suite of SUITES)
    assert.ok(
      told.some(({ groups: [word = ''] }) => word.toLowerCase() === suite),
      suite,
    )
})

test('wherever a document says how many forms are spared at most, it is a third of the full suite', () => {
  const told = found(`up to (${NUMBER}) of its (?:last )?forms`)
  assert.ok(told.length > 0)
  for (const { name, text, groups } of told)
    assert.equal(numberIn(groups[0] ?? ''), Math.floor(formsOf('full').length / 3), `${name}: ${text}`)
})

test('wherever a document says how many quotas a test counts for, it is as many', () => {
  const counted = Object.keys(QUOTAS).filter((name) => name.startsWith('tests-'))
  for (const { name, text, groups } of found(`\\b(${NUMBER}) quotas\\b`))
    assert.equal(numberIn(groups[0] ?? ''), counted.length, `${name}: ${text}`)
})

test('wherever a document names the range of the sandbox, it is the whole of it', () => {
  const told = found('\\b(192\\.0\\.2\\.\\d+) to (192\\.0\\.2\\.\\d+)')
  assert.ok(told.length > 0)
  for (const { name, text, groups } of told)
    assert.deepEqual(groups, [SANDBOX_ADDRESSES[0], SANDBOX_ADDRESSES.at(-1)], `${name}: ${text}`)
})
