/** Files that are followed: a change is taken over, and a mistake leaves the last good version in use. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { z } from 'zod'
import { Reloading } from '../../src/files/reloading.ts'
import { readYamlFile, validate } from '../../src/files/yaml-file.ts'
import { faultsOf, folderOf } from '../harness/files.ts'

const wordFile = z.strictObject({ word: z.string() })

/** The words of some files: a version is good where each file has one. */
const words = (files: readonly string[]): string =>
  files.map((file) => validate(readYamlFile(file), wordFile).word).join(' ')

const following = (path: string) => new Reloading(path, words)

/** A file with the word `first`, followed. Later words must be of another length: two writes may share an mtime. */
function oneFile(t: TestContext) {
  const path = join(folderOf(t, { 'words.yaml': 'word: first\n' }), 'words.yaml')
  return { path, file: following(path) }
}

test('the first version must be good', (t) => {
  const folder = folderOf(t, { 'words.yaml': 'word: [\n' })
  assert.ok(faultsOf(() => following(join(folder, 'words.yaml'))).length > 0)
  assert.deepEqual(
    faultsOf(() => following(join(folder, 'none.yaml'))),
    [`${folder}/none.yaml: cannot be read (ENOENT)`],
  )
})

test('without a change a look sees nothing new', async (t) => {
  const { file } = oneFile(t)
  const { loadedAt } = file
  assert.equal(await file.look(), false)
  assert.equal(file.current, 'first')
  assert.equal(file.loadedAt, loadedAt)
  assert.equal(file.error, null)
})

test('a look sees a file that was written anew', async (t) => {
  const { path, file } = oneFile(t)
  const { loadedAt } = file
  writeFileSync(path, 'word: second\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'second')
  assert.notEqual(file.loadedAt, loadedAt)
  assert.equal(await file.look(), false)
})

test('a look sees a file that another one was renamed to, even one of the same size', async (t) => {
  const { path, file } = oneFile(t)
  writeFileSync(`${path}.new`, 'word: other\n')
  renameSync(`${path}.new`, path)
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'other')
})

/** A folder as Kubernetes mounts a ConfigMap: words.yaml → ..data/words.yaml, ..data → ..1. */
function mountedFolder(t: TestContext): string {
  const folder = folderOf(t, { '..1/words.yaml': 'word: first\n', '..2/words.yaml': 'word: other\n' })
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync('..data/words.yaml', join(folder, 'words.yaml'))
  return folder
}

function swapData(folder: string, to: string): void {
  symlinkSync(to, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
}

test('a look sees the symlink swap of Kubernetes, by file and by folder', async (t) => {
  const folder = mountedFolder(t)
  const followed = [following(join(folder, 'words.yaml')), following(folder)]
  swapData(folder, '..2')
  for (const file of followed) {
    assert.equal(file.current, 'first')
    assert.equal(await file.look(), true)
    assert.equal(file.current, 'other')
    assert.equal(await file.look(), false)
  }
})

test('a folder is its YAML files in the order of their names, without hidden ones', (t) => {
  const folder = folderOf(t, {
    'b.yaml': 'word: b\n',
    'a.yml': 'word: a\n',
    'c.yaml': 'word: c\n',
    '.hidden.yaml': 'no word\n',
    'd.yaml~': 'no word\n',
    'readme.md': 'no word\n',
    '..data/e.yaml': 'no word\n',
  })
  assert.equal(following(folder).current, 'a b c')
})

test('a look at a folder sees a file that comes, changes and goes', async (t) => {
  const folder = folderOf(t, { 'a.yaml': 'word: a\n' })
  const file = following(folder)
  writeFileSync(join(folder, 'b.yaml'), 'word: b\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a b')
  writeFileSync(join(folder, 'b.yaml'), 'word: bee\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a bee')
  unlinkSync(join(folder, 'a.yaml'))
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'bee')
  writeFileSync(join(folder, 'notes.txt'), 'no word\n')
  assert.equal(await file.look(), false)
})

test('of a broken, emptied or deleted file the last good version stays, and the next good one takes over', async (t) => {
  const ways: readonly ((path: string) => void)[] = [
    (path) => writeFileSync(path, 'word: [\n'),
    (path) => writeFileSync(path, 'word: 5\n'),
    (path) => writeFileSync(path, ''),
    (path) => writeFileSync(path, readFileSync(path).subarray(0, 3)),
    (path) => writeFileSync(path, Buffer.from([0, 0xff, 0xfe])),
    (path) => unlinkSync(path),
    (path) => {
      unlinkSync(path)
      mkdirSync(join(path, 'folder.yaml'), { recursive: true })
    },
  ]
  for (const damage of ways) {
    const { path, file } = oneFile(t)
    const { loadedAt } = file
    damage(path)
    assert.equal(await file.look(), true, String(damage))
    assert.equal(file.current, 'first')
    assert.equal(file.loadedAt, loadedAt)
    assert.ok(file.error?.startsWith(path), `${file.error}`)
    rmSync(path, { recursive: true, force: true })
    writeFileSync(path, 'word: repaired\n')
    assert.equal(await file.look(), true)
    assert.equal(file.current, 'repaired')
    assert.equal(file.error, null)
  }
})

test('an error is told once, and another error is told anew', async (t) => {
  const { path, file } = oneFile(t)
  writeFileSync(path, 'word: 5\n')
  assert.equal(await file.look(), true)
  assert.equal(await file.look(), false)
  writeFileSync(path, 'word: 5 # still\n')
  assert.equal(await file.look(), false)
  assert.match(`${file.error}`, /:1: word: /)
  writeFileSync(path, '\nword: 5\n')
  assert.equal(await file.look(), true)
  assert.match(`${file.error}`, /:2: word: /)
  unlinkSync(path)
  assert.equal(await file.look(), true)
  assert.equal(await file.look(), false)
})

test('one bad file of a folder keeps the whole folder as it was', async (t) => {
  const folder = folderOf(t, { 'a.yaml': 'word: a\n', 'b.yaml': 'word: b\n' })
  const file = following(folder)
  writeFileSync(join(folder, 'a.yaml'), 'word: changed\n')
  writeFileSync(join(folder, 'b.yaml'), 'sword: b\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a b')
  assert.match(`${file.error}`, /b\.yaml:1: /)
})

test('a file that was away for a while and is back unchanged is no error any more', {}, async (t) => {
  const folder = mountedFolder(t)
  const file = following(join(folder, 'words.yaml'))
  unlinkSync(join(folder, '..data'))
  assert.equal(await file.look(), true)
  assert.notEqual(file.error, null)
  symlinkSync('..1', join(folder, '..data'))
  await file.look()
  assert.equal(file.error, null)
})

test('a file with an alias that leads nowhere is an error and does not end the process', async (t) => {
  const { path, file } = oneFile(t)
  writeFileSync(path, 'word: *nobody\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'first')
})

test('a folder without any YAML file is an error', async (t) => {
  const folder = folderOf(t, { 'a.yaml': 'word: a\n' })
  const file = following(folder)
  unlinkSync(join(folder, 'a.yaml'))
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a')
  assert.ok(faultsOf(() => following(folder)).length > 0)
})

test('a dangling link in a folder is told by its own name', (t) => {
  const folder = folderOf(t, { 'a.yaml': 'word: a\n' })
  symlinkSync('nowhere', join(folder, 'b.yaml'))
  assert.deepEqual(
    faultsOf(() => following(folder)),
    [`${join(folder, 'b.yaml')}: cannot be read (ENOENT)`],
  )
})

test('a watched file is looked at by itself, and tells of good and bad versions until it is watched no more', async (t) => {
  const { path, file } = oneFile(t)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: (string | null)[] = []
  const pass = (ms: number) => {
    t.mock.timers.tick(ms)
    return turn()
  }
  file.watch((error) => told.push(error))
  await pass(2_000)
  assert.deepEqual(told, [])
  writeFileSync(path, 'word: second\n')
  await pass(2_000)
  assert.deepEqual(told, [null])
  writeFileSync(path, 'word: 5\n')
  await pass(2_000)
  assert.deepEqual(told, [null, file.error])
  assert.equal(file.current, 'second')
  file.unwatch()
  writeFileSync(path, 'word: third time\n')
  await pass(10_000)
  assert.equal(told.length, 2)
})

test('a version that takes its time is in use once it is read, and nothing is read twice at once', async (t) => {
  const { path } = oneFile(t)
  const waiting: (() => void)[] = []
  const slowly = async (files: readonly string[]) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return words(files)
  }
  const file = new Reloading(path, words, slowly)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: (string | null)[] = []
  file.watch((error) => told.push(error))
  writeFileSync(path, 'word: second\n')
  t.mock.timers.tick(10_000)
  await turn()
  assert.equal(file.current, 'first')
  assert.equal(waiting.length, 1)
  waiting[0]?.()
  await turn()
  assert.equal(file.current, 'second')
  assert.deepEqual(told, [null])
  file.unwatch()
})
