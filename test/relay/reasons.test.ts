/** The rows of reasons and causes: their sentences can be read out, and docs/verdict.md says the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAUSES, FINDINGS, REASONS } from '../../src/contract/words.ts'
import { CAUSE_ROWS } from '../../src/relay/causes.ts'
import { FINDING_ROWS } from '../../src/relay/findings.ts'
import { REASON_ROWS } from '../../src/relay/reasons.ts'
import { fill } from '../../src/relay/wording.ts'
import { documentOf, rowsBelow } from '../harness/documents.ts'
import { resultWith } from '../harness/result.ts'

const DOCUMENT = documentOf('docs/verdict.md')
const TEST = resultWith()

test('docs/verdict.md has the row of every reason, in the order in which they are reported', () => {
  const expected = REASONS.map((reason) => {
    const { says, retryAfter } = REASON_ROWS[reason]
    return [reason, fill(says, TEST, retryAfter), `${retryAfter ?? '–'}`]
  })
  assert.deepEqual(rowsBelow(DOCUMENT, 'Reasons'), expected)
})

test('docs/verdict.md has the sentence of every cause', () => {
  const expected = CAUSES.map((cause) => [cause, fill(CAUSE_ROWS[cause].says, TEST)])
  assert.deepEqual(rowsBelow(DOCUMENT, 'The rules'), expected)
})

test('a row that tells people to wait knows how long', () => {
  for (const reason of REASONS) {
    const { says, steps, retryAfter } = REASON_ROWS[reason]
    if ([says, ...steps].some((text) => text.includes('{wait}'))) assert.notEqual(retryAfter, null, reason)
    if (retryAfter !== null) assert.equal(retryAfter % 60, 0, `${reason}: whole minutes`)
  }
})

/** Every sentence that a summary can be made of. */
const SENTENCES = [
  ...REASONS.map((reason) => REASON_ROWS[reason].says),
  ...CAUSES.map((cause) => CAUSE_ROWS[cause].says),
  ...FINDINGS.map((finding) => FINDING_ROWS[finding].says),
]

test('every sentence can be read out: whole sentences in plain ASCII that begin with a name, none twice', () => {
  for (const says of SENTENCES) {
    assert.match(says, /^(The|We|Our|Something) [\x20-\x7e]{10,200}\.$/)
    for (const known of [TEST, { ...TEST, domain: null, vantage: { name: 'default', ip: null, ehlo: null } }])
      assert.doesNotMatch(fill(says, known, 600), /[{}]|null|undefined/)
  }
  assert.equal(new Set(SENTENCES).size, SENTENCES.length)
})

test('known facts are filled in as they are, and unknown ones get words', () => {
  const text = 'Allow {us} on port {port} for {domain} in {wait}: {other}'
  assert.equal(
    fill(text, TEST, 1200),
    'Allow our address 198.51.100.7 on port 25 for example.com in 20 minutes: {other}',
  )
  assert.equal(
    fill(text, { domain: null, port: 587, vantage: { name: 'default', ip: null, ehlo: null } }),
    'Allow our address on port 587 for its own domain in some minutes: {other}',
  )
  assert.equal(fill('{domain}', { ...TEST, domain: '$&' }), '$&')
})
