/** How the files of the support console are served. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bearer } from '../harness/http.ts'
import { ROOT, startService } from '../harness/service.ts'

const FOLDER = join(ROOT, 'src/console')
const files = readdirSync(FOLDER)
const sources = files.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const)

test('the files of the console are served unchanged, without a key, with a policy that allows only our own files', async (t) => {
  const service = await startService(t)
  const pathOf = (name: string) => (name === 'index.html' ? '/' : `/console/${name}`)
  for (const [name, source] of sources) {
    const response = await fetch(`${service.url}${pathOf(name)}`)
    assert.equal(response.status, 200, name)
    assert.equal(await response.text(), source, name)
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    assert.equal(response.headers.get('set-cookie'), null)
  }
  assert.match((await fetch(service.url)).headers.get('content-type') ?? '', /^text\/html; charset=utf-8/)
  for (const path of ['/console/', '/console/server.js', '/console/../server.js', '/console/%2e%2e/server.js']) {
    assert.equal((await fetch(`${service.url}${path}`, { headers: bearer('x') })).status, 404, path)
  }
  assert.equal((await fetch(service.url, { method: 'POST' })).status, 405)
})

test('the whole page is smaller than 40 KiB', () => {
  const weight = sources.reduce((sum, [, source]) => sum + Buffer.byteLength(source), 0)
  assert.ok(weight < 40 * 1024, `${weight} bytes`)
})

test('the page contains no inline script or style, and no text becomes markup', () => {
  for (const [name, source] of sources) {
    if (name.endsWith('.html')) {
      assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|javascript:/)
      for (const [tag] of source.matchAll(/<script[^>]*>/g)) assert.match(tag, / src="\/console\//)
    }
    assert.doesNotMatch(
      source,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|Function\(/,
      name,
    )
    assert.doesNotMatch(source, /localStorage|sessionStorage|indexedDB|document\.cookie/, name)
    // The namespace of SVG looks like a link, but is only a name.
    assert.doesNotMatch(source.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\/[\w.]/, name)
  }
})
