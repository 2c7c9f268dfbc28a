/** The commands, lists and links of README are true. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../src/config.ts'
import { PROBLEMS } from '../src/contract/problem-catalogue.ts'
import { relayTestRequest } from '../src/contract/relay-test.ts'
import { REASONS } from '../src/contract/words.ts'
import { FORMS, formsOf } from '../src/relay/forms.ts'
import { rowsBelow } from './harness/documents.ts'
import { ROOT } from './harness/service.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/** The documents for people, by their paths. */
const DOCUMENTS: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'k8s/README.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

test('the README is read in a few minutes: at most 90 lines', () => {
  assert.ok(read('README.md').split('\n').length <= 90)
})

test('docs/configuration.md has every variable and no other, with its default', () => {
  const needed = {
    CUSTOMERS_FILE: 'x',
    CALLERS_FILE: 'x',
    MAILBOX_DOMAIN: 'isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
  }
  const settingOf = (name: string, set = {}) =>
    Object.entries(readConfig({ ...needed, ...set })).find(([key]) => key === name)?.[1]
  const config = readConfig(needed)
  const rows = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm)].map(
    ([, name = '', fallback = '']) => [name, fallback],
  )
  const optional = [
    'VANTAGES_FILE',
    'SWEEPS_FILE',
    'MAILBOX_LISTEN',
    'MX_ZONE',
    'DNS_LISTEN',
    'TRUST_PROXY',
    'REDIS_URL',
    'AUDIT_FILE',
  ]
  assert.deepEqual(rows.map(([name]) => name).sort(), [...Object.keys(config), ...optional].sort())
  for (const [name = '', fallback = ''] of rows) {
    const [, shown] = /^`(.*)`$/.exec(fallback) ?? []
    if (shown === undefined || name === 'ALLOW_LOOPBACK_TARGETS') continue
    assert.deepEqual(settingOf(name), settingOf(name, { [name]: shown }), name)
  }
})

test('every npm command in the documents exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  for (const name of DOCUMENTS) {
    for (const [, script = ''] of read(name).matchAll(/npm run\s+(?:-s |--silent )?([a-z:]+)/g))
      assert.ok(script in scripts, script)
  }
})

test('every link between the documents leads somewhere', () => {
  for (const name of DOCUMENTS) {
    for (const [, path = ''] of read(name).matchAll(/\]\((?!http)([^)#]+)\)/g))
      assert.ok(existsSync(join(ROOT, dirname(name), path)), `${name}: ${path}`)
  }
})

/** The anchors of a document, as GitHub makes them from its headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('every link to a part of a document leads to a heading', () => {
  for (const name of DOCUMENTS) {
    for (const [, path = '', anchor = ''] of read(name).matchAll(/\]\((?!http)([^)#]*)#([^)]+)\)/g)) {
      const target = path === '' ? name : join(dirname(name), path)
      assert.ok(anchorsOf(read(target)).includes(anchor), `${name}: ${target}#${anchor}`)
    }
  }
})

test('docs/api.md lists every member of a request and no other', () => {
  const told = rowsBelow(read('docs/api.md'), 'Members of a test request').map(([member]) => member)
  assert.deepEqual(told.toSorted(), Object.keys(relayTestRequest.shape).toSorted())
})

test('every file and folder of the code that a document names exists', () => {
  for (const name of DOCUMENTS) {
    for (const [, path = ''] of read(name).matchAll(/`((?:src|test|bench|examples|k8s|openapi)\/[\w./-]+)`/g))
      assert.ok(path.includes('NAME') || existsSync(join(ROOT, path)), `${name}: ${path}`)
  }
})

test('the README leads to every document, directly or in one more step', () => {
  const linked = (name: string) =>
    [...read(name).matchAll(/\]\((?!http)([^)#]+\.md)\)/g)].map(([, path = '']) => join(dirname(name), path))
  const near = linked('README.md')
  const reached = new Set([...near, ...near.flatMap(linked)])
  for (const name of DOCUMENTS) assert.ok(name === 'README.md' || reached.has(name), name)
})

test('docs/verdict.md lists every form of the standard suite and every control, and the number of forms of the full suite', () => {
  const text = read('docs/verdict.md')
  const told = FORMS.filter(({ suites }) => suites.length === 0 || suites.includes('standard'))
  assert.ok(told.length > formsOf('standard').length)
  for (const { id } of told) assert.ok(text.includes(`\`${id}\``), id)
  assert.ok(text.includes(`${formsOf('full').length} forms`), 'the number of forms of the full suite')
})

test('docs/api.md says how many forms each suite has', () => {
  const text = read('docs/api.md')
  assert.ok(text.includes(`\`standard\` (default, ${formsOf('standard').length} forms)`))
  assert.ok(text.includes(`\`full\` (${formsOf('full').length} forms `))
})

test('docs/verdict.md lists every reason', () => {
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
