/** The figures that documents repeat: each is worked out from the code and looked for in every document that has it. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SANDBOX_ADDRESSES } from '../src/access/sandbox.ts'
import { readConfig } from '../src/config.ts'
import { QUOTAS } from '../src/contract/limits.ts'
import { SUITES, type Suite } from '../src/contract/words.ts'
import { divideOpenFiles } from '../src/open-files.ts'
import { FIGURES, USUAL } from '../src/probe/pace.ts'
import { formsOf } from '../src/relay/forms.ts'
import { atOnce } from '../src/service/follow-up-plan.ts'
import { documentOf } from './harness/documents.ts'
import { ROOT } from './harness/service.ts'

/** Every document that describes the present, and the page of the console. CHANGELOG.md describes the past. */
const DOCUMENTS = ['.', 'docs', 'k8s']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => join(folder, file)))
  .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
  .concat('src/console/options.tsx')

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

/** Sentences with figures of the code: `#` stands for a number, in digits or as a word. */
const FIGURES_TOLD: readonly (readonly [sentence: string, ...values: number[]])[] = [
  ['at most # recipients a transaction', USUAL.recipients],
  ['at most # at once and # a test', USUAL.atOnce, FIGURES.connections],
  ['# messages at most', FIGURES.messages],
  ['at most # messages', FIGURES.messages],
  ['connect # s, greeting # s', FIGURES.connectMs / 1_000, FIGURES.greetingMs / 1_000],
  ['pause of # ms', FIGURES.pauseMs],
  ['the pause is # s, then # s', ...FIGURES.throttledMs.map((ms) => ms / 1_000)],
  ['the first pause is # s', FIGURES.sessionPauseMs / 1_000],
  ['next answer to a group, or to RSET, # s, or # times', FIGURES.silenceMs / 1_000, FIGURES.silenceGrowth],
  ['That costs # s and one connection', FIGURES.silenceMs / 1_000],
  ['says nothing for # s', FIGURES.quietMs / 1_000],
]

for (const [sentence, ...values] of FIGURES_TOLD) {
  test(`wherever a document says "${sentence}", the figures are those of the code`, () => {
    for (const { name, text, groups } of found(`\\b${sentence.replaceAll('#', `(${NUMBER})`)}\\b`))
      assert.deepEqual(groups.map(numberIn), values, `${name}: ${text}`)
  })
}

test('the documents have several of these figures', () => {
  const told = FIGURES_TOLD.filter(([sentence]) => found(`\\b${sentence.replaceAll('#', `(${NUMBER})`)}`).length > 0)
  assert.ok(told.length >= 3)
})

test('wherever a document counts the quotas, it counts all of them, or those for tests', () => {
  const all = Object.keys(QUOTAS)
  const forTests = all.filter((name) => name.startsWith('tests-'))
  for (const { name, text, groups } of found(`\\b(${NUMBER}) quotas\\b`))
    assert.ok([all.length, forTests.length].includes(numberIn(groups[0] ?? '')), `${name}: ${text}`)
})

test('docs/configuration.md says how many open files the service needs with the default settings', () => {
  const needed = { CUSTOMERS_FILE: 'x', CALLERS_FILE: 'x', MAILBOX_DOMAIN: 'isp.example' }
  const { MAX_CONCURRENT_TESTS: tests } = readConfig({ ...needed, ALLOW_LOOPBACK_TARGETS: 'true' })
  const files = divideOpenFiles(Number.POSITIVE_INFINITY, atOnce(tests), true, true).needed
  const told = found('\\bneeds at most ([\\d,]+) open files\\b')
  assert.deepEqual(
    told.map(({ name, groups: [figure = ''] }) => [name, Number(figure.replace(',', ''))]),
    [['docs/configuration.md', files]],
  )
})

test('wherever a document names the range of the sandbox, it is the whole of it', () => {
  const told = found('\\b(192\\.0\\.2\\.\\d+) to (192\\.0\\.2\\.\\d+)')
  assert.ok(told.length > 0)
  for (const { name, text, groups } of told)
    assert.deepEqual(groups, [SANDBOX_ADDRESSES[0], SANDBOX_ADDRESSES.at(-1)], `${name}: ${text}`)
})
