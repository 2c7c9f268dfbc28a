/** The pages that explain problems, and the reference: they need no key, and a browser may keep them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROBLEM_HELP } from '../../src/contract/problem-help.ts'
import { keyOf, problemIn, rawRequest } from '../harness/http.ts'
import { conforms } from '../harness/openapi.ts'
import { startService } from '../harness/service.ts'

test('every problem leads to a page that explains it, for people and for programs', async (t) => {
  const service = await startService(t)
  const page = (path: string, accept: string) => fetch(`${service.url}${path}`, { headers: { accept } })

  await t.test('all of them, without a key', async () => {
    for (const [slug, help] of PROBLEM_HELP) {
      const html = await page(help.help, 'text/html,application/xhtml+xml,*/*;q=0.8')
      assert.equal(html.headers.get('vary'), 'Accept')
      assert.match(html.headers.get('cache-control') ?? '', /^public, max-age=\d+$/)
      const policy = html.headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; .*; style-src 'sha256-[\w+/]+=*'$/)
      assert.doesNotMatch(policy, /unsafe|\*/)
      const text = `${await conforms('get /problems/{slug}', html, 200)}`
      assert.ok(text.includes(`<h1>${help.title}</h1>`), slug)
      assert.doesNotMatch(text, /<script|<img|<link| style=/)
      const json = await page(help.help, 'application/json')
      assert.deepEqual(await conforms('get /problems/{slug}', json, 200), help)
      assert.equal(json.headers.get('cache-control'), 'no-store')
    }
    const all = await page('/problems', '*/*')
    const text = `${await conforms('get /problems', all, 200)}`
    for (const { help } of PROBLEM_HELP.values()) assert.ok(text.includes(`<a href="${help}">`))
    await conforms('get /problems', await page('/problems', 'application/json'), 200)
  })

  await t.test('but not one that does not exist', async () => {
    for (const slug of ['quota', 'constructor', '__proto__', 'quota-exceeded%00', 'a'.repeat(500)]) {
      await conforms('get /problems/{slug}', await page(`/problems/${slug}`, '*/*'), 'not-found')
    }
    await conforms('get /problems/{slug}', await page('/problems/not-found', 'image/png'), 'not-acceptable')
    await conforms('get /problems', await fetch(`${service.url}/problems`, { method: 'POST' }), 'method-not-allowed')
  })

  await t.test('and `help` leads to the same host as `Location`, whatever Host and the proxy say', async () => {
    const lines =
      'GET /limits HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n'
    const { help } = await problemIn(await rawRequest(service.url, lines), 'unauthenticated')
    assert.equal(help, '/problems/unauthenticated')
    const refused = await problemIn(
      await service.fetch('/limits', { headers: { authorization: keyOf('x') } }),
      'unauthenticated',
    )
    assert.equal((await fetch(new URL(refused.help, service.url))).status, 200)
  })
})

test('the reference and its files come from us, with a policy that allows only our own files', async (t) => {
  const service = await startService(t)
  for (const path of [
    '/docs',
    '/docs/',
    '/docs/start.js',
    '/docs/style.css',
    '/docs/swagger-ui.css',
    '/docs/swagger-ui-bundle.js',
  ]) {
    const response = await fetch(`${service.url}${path}`)
    assert.equal(response.status, 200, path)
    assert.ok((await response.text()).length > 100)
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; /)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  }
  for (const path of ['/docs/index.html', '/docs/%2e%2e/server.js', '/docs/json'])
    assert.equal((await fetch(`${service.url}${path}`)).status, 404, path)
  assert.equal((await fetch(`${service.url}/docs`, { method: 'POST' })).status, 405)
})
