/** The sandbox: recorded sessions, judged by the code that judges all others. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../harness/service.ts'

/** Returns every file whose code a file runs, itself included. What is imported only as a type is gone by then. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  for (const [, what = '', path = ''] of source.matchAll(/^import (?!type )([^'"]*?) from '(\.[^']+)'/gm)) {
    const values = what
      .replace(/[{}]/g, '')
      .split(',')
      .filter((name) => name.trim() !== '' && !/^\s*type /.test(name))
    if (values.length > 0) reachable(join(dirname(file), path), seen)
  }
  return seen
}

const filesFrom = (file: string): string[] => [...reachable(join(ROOT, file))].map((path) => relative(ROOT, path))

test('no code that the sandbox runs can dial', () => {
  const files = filesFrom('src/sandbox/sandbox.ts')
  assert.ok(files.includes('src/smtp/reply.ts'), 'the search works')
  assert.ok(filesFrom('src/service/real-world.ts').includes('src/smtp/dial.ts'), 'it would find the dial')
  assert.deepEqual(
    files.filter((file) => /dial|connection|probe|real-world\.ts|^src\/service\//.test(file)),
    [],
  )
  for (const file of files)
    assert.doesNotMatch(readFileSync(join(ROOT, file), 'utf8'), /from 'node:(net|tls|dgram|http|dns)/, file)
})
