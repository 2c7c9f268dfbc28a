/** The reference page: it is complete, its links work, and it needs nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { referencePage } from '../../openapi/reference.ts'
import { PROBLEMS, problemType } from '../../src/contract/problems.ts'
import { ROOT } from '../harness/service.ts'

const PAGE = readFileSync(join(ROOT, 'docs/api.html'), 'utf8')
const DOCUMENT = JSON.parse(readFileSync(join(ROOT, 'openapi/openapi.json'), 'utf8'))

test('the reference has every operation, schema and problem, and every link in it leads somewhere', () => {
  const ids = new Set([...PAGE.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  for (const [path, methods] of Object.entries<Record<string, { operationId: string }>>(DOCUMENT.paths)) {
    for (const [method, { operationId }] of Object.entries(methods)) {
      assert.ok(ids.has(operationId), operationId)
      assert.ok(PAGE.includes(`<h3><code>${method.toUpperCase()} ${path}</code>`), path)
    }
  }
  for (const [name, { properties = {} }] of Object.entries<{ properties?: object }>(DOCUMENT.components.schemas)) {
    const [, article = ''] = new RegExp(`<article id="${name}">(.*?)</article>`, 's').exec(PAGE) ?? []
    for (const member of Object.keys(properties))
      assert.ok(article.includes(`<code>${member}</code>`), `${name}.${member}`)
  }
  for (const slug of Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[])
    assert.ok(PAGE.includes(problemType(slug)), slug)
  for (const [, target] of PAGE.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(target), target)
})

test('the reference needs nothing else: it runs no script and loads no file', () => {
  assert.doesNotMatch(PAGE, /<script|<link|<img|<iframe|@import|url\(|javascript:| on[a-z]+="/i)
})

test('texts of the contract stay text in the reference', () => {
  const hostile = '<img src=x onerror=alert(1)> & "more" `<b>`'
  const page = referencePage({
    ...DOCUMENT,
    info: { ...DOCUMENT.info, title: hostile, description: hostile },
    components: { schemas: { Reply: { type: 'string', description: hostile, pattern: hostile } } },
  })
  assert.doesNotMatch(page, /<img|<b>/)
  assert.ok(page.includes('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot; <code>&lt;b&gt;</code>'))
})
