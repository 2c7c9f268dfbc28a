/** The keys that this project publishes are refused where others can use them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashKey } from '../../src/access/keys.ts'
import { isOnLoopback, isPublished } from '../../src/access/published-keys.ts'
import { ConfigFaults } from '../../src/config.ts'
import { setUp } from '../../src/setup.ts'
import { configFolder, environmentFor, ROOT } from '../harness/service.ts'

/** The folders and files that operators copy from. */
const COPIED = ['README.md', 'docs', 'examples', 'k8s', 'demo', 'compose.yaml', 'systemd']

const filesIn = (path: string): string[] =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesIn(join(path, name))) : [path]

const texts = COPIED.flatMap((name) => filesIn(join(ROOT, name)))
  .filter((file) => !file.endsWith('.png'))
  .map((file) => readFileSync(file, 'utf8'))

test('every key, and every hash of a key, that operators could copy is known as published', () => {
  const keys = texts.flatMap((text) => text.match(/\brtk_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g) ?? [])
  const hashes = texts.flatMap((text) =>
    [...text.matchAll(/\bsha256: ["']?([0-9a-f]{64})\b/g)].map(([, hash = '']) => hash),
  )
  assert.ok(keys.length > 0 && hashes.length > 0)
  for (const hash of [...keys.map((key) => hashKey(key) ?? ''), ...hashes]) assert.ok(isPublished(hash), hash)
})

test('only addresses of loopback keep others out', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) assert.equal(isOnLoopback(host), true, host)
  for (const host of ['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1', 'relay.isp.example', ''])
    assert.equal(isOnLoopback(host), false, host)
})

const CALLERS = readFileSync(join(ROOT, 'examples/callers.yaml'), 'utf8')

test('a service that others can reach does not start with the keys of the examples', async (t) => {
  const folder = configFolder(t, { callers: CALLERS.replace(/\.\.\.\s*$/, '') })
  const faultsOf = (env: Record<string, string>) =>
    setUp({ ...environmentFor(folder), ...env }).then(
      () => [],
      (error) => (error instanceof ConfigFaults ? error.faults : assert.fail(error)),
    )
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1']) {
    const faults = await faultsOf({ HOST })
    assert.equal(faults.length, 2, HOST)
    for (const fault of faults)
      assert.match(fault, /callers\.yaml:\d+: callers\[\d\]\.keys\[0\]: this is a key of the examples, .*HOST/)
  }
  for (const HOST of ['127.0.0.1', '']) assert.deepEqual(await faultsOf({ HOST }), [])
  assert.deepEqual(await faultsOf({}), [])
})
