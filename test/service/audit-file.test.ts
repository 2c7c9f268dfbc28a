/** Writing the audit log, even when its file is moved or cannot be written. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAuditFile } from '../../src/service/audit-file.ts'
import { folderOf } from '../harness/files.ts'

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('an entry is one line of JSON with its time, and is written when the call ends', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  const audit = openAuditFile(path)
  await audit({ audit: 'intent', id: '1' })
  const [{ time, ...entry }] = linesOf(path)
  assert.deepEqual(entry, { audit: 'intent', id: '1' })
  assert.equal(new Date(time).toISOString(), time)
  await audit({ audit: 'result', id: '1' })
  assert.deepEqual(
    linesOf(path).map((line) => line.audit),
    ['intent', 'result'],
  )
})

test('text from a caller cannot make a second line', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  await openAuditFile(path)({ reference: 'a\n{"audit":"result"}\r\n' })
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 2)
  assert.equal(linesOf(path)[0].reference, 'a\n{"audit":"result"}\r\n')
})

test('a new entry is appended to an existing log', async (t) => {
  const path = join(folderOf(t, { 'audit.log': '{"audit":"old"}\n' }), 'audit.log')
  await openAuditFile(path)({ audit: 'new' })
  await openAuditFile(path)({ audit: 'newer' })
  assert.deepEqual(
    linesOf(path).map((line) => line.audit),
    ['old', 'new', 'newer'],
  )
})

test('a log that was moved away is opened again before the next line', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  const audit = openAuditFile(path)
  await audit({ id: '1' })
  renameSync(path, `${path}.1`)
  await audit({ id: '2' })
  await audit({ id: '3' })
  assert.deepEqual(
    [`${path}.1`, path].map((file) => linesOf(file).map(({ id }) => id)),
    [['1'], ['2', '3']],
  )
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
})

test('a log that was deleted is created again before the next line', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  const audit = openAuditFile(path)
  await audit({ id: '1' })
  rmSync(path)
  await audit({ id: '2' })
  assert.deepEqual(
    linesOf(path).map(({ id }) => id),
    ['2'],
  )
})

test('if another file has taken the place of the log, entries are appended to it', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  const audit = openAuditFile(path)
  await audit({ id: '1' })
  writeFileSync(`${path}.new`, '{"id":"theirs"}\n')
  renameSync(`${path}.new`, path)
  await audit({ id: '2' })
  assert.deepEqual(
    linesOf(path).map(({ id }) => id),
    ['theirs', '2'],
  )
})

test('however often the log is moved, no more than one file is open', async (t) => {
  const open = () => readdirSync('/proc/self/fd').length
  if (!existsSync('/proc/self/fd')) return t.skip('this system has no /proc')
  const path = join(folderOf(t), 'audit.log')
  const audit = openAuditFile(path)
  const before = open()
  for (let turn = 0; turn < 20; turn += 1) {
    renameSync(path, `${path}.1`)
    await audit({ turn })
  }
  assert.equal(open(), before)
})

test('each line is an error while the log cannot be written, and works again afterwards', async (t) => {
  const folder = folderOf(t, { 'logs/other.log': '' })
  const path = join(folder, 'logs/audit.log')
  const audit = openAuditFile(path)
  rmSync(path)
  mkdirSync(path)
  for (const id of ['1', '2']) await assert.rejects(audit({ id }), { code: 'EISDIR' })
  rmSync(join(folder, 'logs'), { recursive: true })
  await assert.rejects(audit({ id: '3' }), { code: 'ENOENT' })
  mkdirSync(join(folder, 'logs'))
  await audit({ id: '4' })
  assert.deepEqual(
    linesOf(path).map(({ id }) => id),
    ['4'],
  )
})

test('only its owner can read a new log', async (t) => {
  const path = join(folderOf(t), 'audit.log')
  openAuditFile(path)
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
})

test('a log that cannot be opened is an error at once', async (t) => {
  const folder = folderOf(t)
  assert.throws(() => openAuditFile(folder), { code: 'EISDIR' })
  assert.throws(() => openAuditFile(join(folder, 'missing/audit.log')), { code: 'ENOENT' })
})

test('a line that does not fit on the disk is an error', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full')
  const audit = openAuditFile('/dev/full')
  await assert.rejects(audit({ audit: 'intent' }), { code: 'ENOSPC' })
})
