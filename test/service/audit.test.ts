import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAudit } from '../../src/service/audit.ts'
import { folderOf } from '../harness/files.ts'

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('an entry is a line of JSON with its time, written when the call returns', (t) => {
  const path = join(folderOf(t), 'audit.log')
  const audit = openAudit(path)
  audit({ audit: 'intent', id: '1' })
  const [{ time, ...entry }] = linesOf(path)
  assert.deepEqual(entry, { audit: 'intent', id: '1' })
  assert.equal(new Date(time).toISOString(), time)
  audit({ audit: 'result', id: '1' })
  assert.deepEqual(
    linesOf(path).map((line) => line.audit),
    ['intent', 'result'],
  )
})

test('what callers write cannot make a second line', (t) => {
  const path = join(folderOf(t), 'audit.log')
  openAudit(path)({ reference: 'a\n{"audit":"result"}\r\n' })
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 2)
  assert.equal(linesOf(path)[0].reference, 'a\n{"audit":"result"}\r\n')
})

test('a log that is there already is appended to', (t) => {
  const path = join(folderOf(t, { 'audit.log': '{"audit":"old"}\n' }), 'audit.log')
  openAudit(path)({ audit: 'new' })
  openAudit(path)({ audit: 'newer' })
  assert.deepEqual(
    linesOf(path).map((line) => line.audit),
    ['old', 'new', 'newer'],
  )
})

test('a new log is for its owner only', (t) => {
  const path = join(folderOf(t), 'audit.log')
  openAudit(path)
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
})

test('a log that cannot be opened is an error at once', (t) => {
  const folder = folderOf(t)
  assert.throws(() => openAudit(folder), { code: 'EISDIR' })
  assert.throws(() => openAudit(join(folder, 'missing/audit.log')), { code: 'ENOENT' })
})

test('a line that does not fit on the disk is an error', (t) => {
  if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full')
  const audit = openAudit('/dev/full')
  assert.throws(() => audit({ audit: 'intent' }), { code: 'ENOSPC' })
})
