/** How the files of the support console are served. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { bearer } from '../harness/http.ts'
import { ROOT, startService } from '../harness/service.ts'

const filesIn = (folder: string) =>
  readdirSync(join(ROOT, folder)).map((name) => [name, readFileSync(join(ROOT, folder, name), 'utf8')] as const)

const built = filesIn('dist/console')
const sources = filesIn('src/console')
/** The file that is not ours: Preact. */
const FOREIGN = 'preact.js'
const ours = built.filter(([name]) => name !== FOREIGN)

/** The page may load and call our own files and API, and do nothing else. */
const POLICY = [
  "base-uri 'none'",
  "connect-src 'self'",
  "default-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self'",
  "require-trusted-types-for 'script'",
  "script-src 'self'",
  "style-src 'self'",
  "trusted-types 'none'",
]

test('the files of the console are served unchanged, without a key, with a policy that allows only our own files', async (t) => {
  const service = await startService(t)
  const pathOf = (name: string) => (name === 'index.html' ? '/' : `/console/${name}`)
  assert.ok(built.length > 10)
  for (const [name, source] of built) {
    const response = await fetch(`${service.url}${pathOf(name)}`)
    assert.equal(response.status, 200, name)
    assert.equal(await response.text(), source, name)
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.deepEqual(policy.split('; ').sort(), POLICY)
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    assert.equal(response.headers.get('set-cookie'), null)
  }
  assert.match((await fetch(service.url)).headers.get('content-type') ?? '', /^text\/html; charset=utf-8/)
  for (const path of [
    '/console/',
    '/console/server.js',
    '/console/../server.js',
    '/console/%2e%2e/server.js',
    '/console/__proto__',
  ]) {
    assert.equal((await fetch(`${service.url}${path}`, { headers: bearer('x') })).status, 404, path)
  }
  assert.equal((await fetch(service.url, { method: 'POST' })).status, 405)
})

test('the files are sent compressed to a browser that takes that, and as they are to any other', async (t) => {
  const service = await startService(t)
  const get = (encoding: string) => fetch(`${service.url}/console/app.js`, { headers: { 'accept-encoding': encoding } })
  const [compressed, plain] = [await get('gzip, br'), await get('identity')]
  assert.equal(compressed.headers.get('content-encoding'), 'gzip')
  assert.equal(plain.headers.get('content-encoding'), null)
  assert.equal(compressed.headers.get('vary'), 'accept-encoding')
  assert.equal(await compressed.text(), await plain.text())
})

test('the whole page is sent in less than 48 KiB', () => {
  const weight = built.reduce((sum, [, source]) => sum + gzipSync(source).length, 0)
  assert.ok(weight < 48 * 1024, `${weight} bytes`)
})

test('the browser loads all modules at once: the page names each of them', () => {
  const page = built.find(([name]) => name === 'index.html')?.[1] ?? ''
  const named = [...page.matchAll(/"\/console\/([\w-]+\.js)"/g)].map(([, name]) => name)
  assert.deepEqual(
    named.sort(),
    built
      .map(([name]) => name)
      .filter((name) => name.endsWith('.js'))
      .sort(),
  )
})

test('the page contains no inline script or style, and no text becomes markup', () => {
  for (const [name, source] of [...ours, ...sources]) {
    if (name.endsWith('.html')) {
      assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|javascript:/)
      for (const [tag] of source.matchAll(/<script[^>]*>/g)) assert.match(tag, / src="\/console\//)
    }
    assert.doesNotMatch(
      source,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|Function\(/i,
      name,
    )
    // The key is kept for the tab, in one file.
    if (!/^api\.(ts|js)$/.test(name)) assert.doesNotMatch(source, /sessionStorage/, name)
    assert.doesNotMatch(source, /localStorage|indexedDB|document\.cookie/, name)
    // The namespace of SVG looks like a link, but is only a name.
    assert.doesNotMatch(source.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\/[\w.]/, name)
  }
  const preact = built.find(([name]) => name === FOREIGN)?.[1] ?? ''
  assert.doesNotMatch(preact, /\beval\(|new Function|document\.write|localStorage|sessionStorage|\bimport\b/)
})
