/** What README shows and lists is true. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../src/config.ts'
import { PROBLEMS } from '../src/contract/problems.ts'
import { REASONS } from '../src/contract/words.ts'
import { FORMS, formsOf } from '../src/relay/forms.ts'
import { ROOT } from './harness/service.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

const README = read('README.md')

test('the configuration table of the README has every variable and no other, with its default', () => {
  const config = readConfig({
    CUSTOMERS_FILE: 'x',
    CALLERS_FILE: 'x',
    MAILBOX_DOMAIN: 'isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
  })
  const rows = [...README.matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm)].map(([, name = '', fallback = '']) => [
    name,
    fallback,
  ])
  const optional = ['VANTAGES_FILE', 'MAILBOX_LISTEN', 'TRUST_PROXY', 'REDIS_URL', 'AUDIT_FILE']
  assert.deepEqual(rows.map(([name]) => name).sort(), [...Object.keys(config), ...optional].sort())
  for (const [name = '', fallback = ''] of rows) {
    const value = Object.entries(config).find(([key]) => key === name)?.[1]
    const [, shown] = /^`(.*)`$/.exec(fallback) ?? []
    if (shown === undefined || name.startsWith('QUOTA_') || name === 'ALLOW_LOOPBACK_TARGETS') continue
    assert.equal(String(value), shown, name)
  }
})

test('every npm command in the documents exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  for (const name of [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`),
  ]) {
    for (const [, script = ''] of read(name).matchAll(/npm run\s+(?:-s |--silent )?([a-z:]+)/g))
      assert.ok(script in scripts, script)
  }
})

test('every link between the documents leads somewhere', () => {
  for (const name of ['README.md', 'CONTRIBUTING.md']) {
    for (const [, path = ''] of read(name).matchAll(/\]\((?!http)([^)#]+)\)/g))
      assert.ok(existsSync(join(ROOT, path)), path)
  }
})

test('docs/verdict.md tells of every form of the standard suite and every follow-up, and how many the full suite has', () => {
  const text = read('docs/verdict.md')
  const told = FORMS.filter(({ suites }) => suites.length === 0 || suites.includes('standard'))
  assert.ok(told.length > formsOf('standard').length)
  for (const { id } of told) assert.ok(text.includes(`\`${id}\``), id)
  assert.ok(text.includes(`${formsOf('full').length} forms`), 'the number of forms of the full suite')
})

test('the README tells how many forms each suite has', () => {
  assert.ok(README.includes(`\`standard\` (default, ${formsOf('standard').length} forms)`))
  assert.ok(README.includes(`\`full\` (${formsOf('full').length} forms `))
})

test('docs/verdict.md tells of every reason', () => {
  const text = read('docs/verdict.md')
  for (const reason of REASONS) assert.ok(text.includes(`\`${reason}\``), reason)
})

test('every problem has a status of its class and a title that does not end in a full stop', () => {
  for (const [slug, { status, title }] of Object.entries(PROBLEMS)) {
    assert.match(slug, /^[a-z-]+$/)
    assert.ok(status >= 400 && status < 600)
    assert.doesNotMatch(title, /\.$/)
  }
})
