/** Files that are followed: a change is taken over, and a mistake leaves the last good version in use. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { z } from 'zod'
import type { FileContent } from '../../src/files/on-disk.ts'
import { Reloading } from '../../src/files/reloading.ts'
import { readYamlFile, validate } from '../../src/files/yaml-file.ts'
import { faultsOfAsync, folderOf, writeYaml, yamlFolder } from '../harness/files.ts'
import { until } from '../harness/waiting.ts'

const wordFile = z.strictObject({ word: z.string() })

/** The words of some files: a version is good where each file has one. */
const words = async (files: readonly FileContent[]): Promise<string> =>
  files.map((file) => validate(readYamlFile(file), wordFile).word).join(' ')

const following = (path: string) => Reloading.open(path, { load: words, settle: turn })

/** A file with the word `first`, followed. Later words must be of another length: two writes may share an mtime. */
async function oneFile(t: TestContext) {
  const path = join(yamlFolder(t, { 'words.yaml': 'word: first\n' }), 'words.yaml')
  return { path, file: await following(path) }
}

test('the first version must be good', async (t) => {
  const folder = yamlFolder(t, { 'words.yaml': 'word: [\n' })
  assert.ok((await faultsOfAsync(following(join(folder, 'words.yaml')))).length > 0)
  assert.deepEqual(await faultsOfAsync(following(join(folder, 'none.yaml'))), [
    `${folder}/none.yaml: cannot be read (ENOENT)`,
  ])
})

test('without a change a look sees nothing new', async (t) => {
  const { file } = await oneFile(t)
  const { loadedAt } = file
  assert.equal(await file.look(), false)
  assert.equal(file.current, 'first')
  assert.equal(file.loadedAt, loadedAt)
  assert.equal(file.error, null)
})

test('a look sees a file that was written anew', async (t) => {
  const { path, file } = await oneFile(t)
  const { loadedAt } = file
  writeYaml(path, 'word: second\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'second')
  assert.notEqual(file.loadedAt, loadedAt)
  assert.equal(await file.look(), false)
})

test('a look sees a file that another one was renamed to, even one of the same size', async (t) => {
  const { path, file } = await oneFile(t)
  writeYaml(`${path}.new`, 'word: other\n')
  renameSync(`${path}.new`, path)
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'other')
})

/** A folder as Kubernetes mounts a ConfigMap: words.yaml → ..data/words.yaml, ..data → ..1. */
function mountedFolder(t: TestContext): string {
  const folder = yamlFolder(t, { '..1/words.yaml': 'word: first\n', '..2/words.yaml': 'word: other\n' })
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
  const followed = [await following(join(folder, 'words.yaml')), await following(folder)]
  swapData(folder, '..2')
  for (const file of followed) {
    assert.equal(file.current, 'first')
    assert.equal(await file.look(), true)
    assert.equal(file.current, 'other')
    assert.equal(await file.look(), false)
  }
})

test('a folder is its YAML files in the order of their names, without hidden ones', async (t) => {
  const folder = yamlFolder(t, {
    'b.yaml': 'word: b\n',
    'a.yml': 'word: a\n',
    'c.yaml': 'word: c\n',
    '.hidden.yaml': 'no word\n',
    'd.yaml~': 'no word\n',
    'readme.md': 'no word\n',
    '..data/e.yaml': 'no word\n',
  })
  assert.equal((await following(folder)).current, 'a b c')
})

test('a look at a folder sees a file that comes, changes and goes', async (t) => {
  const folder = yamlFolder(t, { 'a.yaml': 'word: a\n' })
  const file = await following(folder)
  writeYaml(join(folder, 'b.yaml'), 'word: b\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a b')
  writeYaml(join(folder, 'b.yaml'), 'word: bee\n')
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
    (path) => writeYaml(path, 'word: [\n'),
    (path) => writeYaml(path, 'word: 5\n'),
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
    const { path, file } = await oneFile(t)
    const { loadedAt } = file
    damage(path)
    assert.equal(await file.look(), true, String(damage))
    assert.equal(file.current, 'first')
    assert.equal(file.loadedAt, loadedAt)
    assert.ok(file.error?.startsWith(path), `${file.error}`)
    rmSync(path, { recursive: true, force: true })
    writeYaml(path, 'word: repaired\n')
    assert.equal(await file.look(), true)
    assert.equal(file.current, 'repaired')
    assert.equal(file.error, null)
  }
})

test('an error is told once, and another error is told anew', async (t) => {
  const { path, file } = await oneFile(t)
  writeYaml(path, 'word: 5\n')
  assert.equal(await file.look(), true)
  assert.equal(await file.look(), false)
  writeYaml(path, 'word: 5 # still\n')
  assert.equal(await file.look(), false)
  assert.match(`${file.error}`, /:1: word: /)
  writeYaml(path, '\nword: 5\n')
  assert.equal(await file.look(), true)
  assert.match(`${file.error}`, /:2: word: /)
  unlinkSync(path)
  assert.equal(await file.look(), true)
  assert.equal(await file.look(), false)
})

test('one bad file of a folder keeps the whole folder as it was', async (t) => {
  const folder = yamlFolder(t, { 'a.yaml': 'word: a\n', 'b.yaml': 'word: b\n' })
  const file = await following(folder)
  writeYaml(join(folder, 'a.yaml'), 'word: changed\n')
  writeYaml(join(folder, 'b.yaml'), 'sword: b\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a b')
  assert.match(`${file.error}`, /b\.yaml:1: /)
})

test('a file that was away for a while and is back unchanged is no error any more', {}, async (t) => {
  const folder = mountedFolder(t)
  const file = await following(join(folder, 'words.yaml'))
  unlinkSync(join(folder, '..data'))
  assert.equal(await file.look(), true)
  assert.notEqual(file.error, null)
  symlinkSync('..1', join(folder, '..data'))
  await file.look()
  assert.equal(file.error, null)
})

test('a file with an alias that leads nowhere is an error and does not end the process', async (t) => {
  const { path, file } = await oneFile(t)
  writeYaml(path, 'word: *nobody\n')
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'first')
})

test('a folder without any YAML file is an error', async (t) => {
  const folder = yamlFolder(t, { 'a.yaml': 'word: a\n' })
  const file = await following(folder)
  unlinkSync(join(folder, 'a.yaml'))
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'a')
  assert.ok((await faultsOfAsync(following(folder))).length > 0)
})

test('a dangling link in a folder is told by its own name', async (t) => {
  const folder = yamlFolder(t, { 'a.yaml': 'word: a\n' })
  symlinkSync('nowhere', join(folder, 'b.yaml'))
  assert.deepEqual(await faultsOfAsync(following(folder)), [`${join(folder, 'b.yaml')}: cannot be read (ENOENT)`])
})

test('a watched file is looked at by itself, and tells of good and bad versions until it is watched no more', async (t) => {
  const { path, file } = await oneFile(t)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: (string | null)[] = []
  const tellings = (count: number) =>
    until(`${count} tellings`, () => {
      t.mock.timers.tick(1_000)
      return told.length >= count
    })
  file.watch((error) => told.push(error))
  t.mock.timers.tick(1_000)
  writeYaml(path, 'word: second\n')
  await tellings(1)
  assert.deepEqual(told, [null])
  writeYaml(path, 'word: 5\n')
  await tellings(2)
  assert.deepEqual(told, [null, file.error])
  assert.equal(file.current, 'second')
  file.unwatch()
  writeYaml(path, 'word: third time\n')
  t.mock.timers.tick(10_000)
  assert.equal(await file.look(), true)
  assert.equal(told.length, 2)
})

test('a version that takes its time is in use once it is read, and nothing is read twice at once', async (t) => {
  const { path } = await oneFile(t)
  const waiting: (() => void)[] = []
  let slow = false
  const load = async (files: readonly FileContent[]) => {
    if (slow) await new Promise<void>((resolve) => waiting.push(resolve))
    return words(files)
  }
  const file = await Reloading.open(path, { load, settle: turn })
  slow = true
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: (string | null)[] = []
  file.watch((error) => told.push(error))
  writeYaml(path, 'word: second\n')
  const begun = () => {
    t.mock.timers.tick(1_000)
    return waiting.length > 0
  }
  await until('the reading', begun)
  t.mock.timers.tick(10_000)
  await turn()
  assert.equal(file.current, 'first')
  assert.equal(waiting.length, 1)
  waiting[0]?.()
  await until('the version', () => told.length > 0)
  assert.equal(file.current, 'second')
  assert.deepEqual(told, [null])
  file.unwatch()
})

test('a version counts only if two readings agree', async (t) => {
  const { path } = await oneFile(t)
  const read: string[] = []
  const load = async (files: readonly FileContent[]) => {
    const value = await words(files)
    read.push(value)
    return value
  }
  const writes = ['half', 'more', 'whole']
  const settle = async () => {
    const next = writes.shift()
    if (next) writeYaml(path, `word: ${next}\n`)
  }
  const file = await Reloading.open(path, { load, settle })
  assert.deepEqual([file.current, read], ['whole', ['whole']])
  writes.push('this', 'that', 'last')
  writeYaml(path, 'word: new\n')
  assert.equal(await file.look(), true)
  assert.deepEqual([file.current, read], ['last', ['whole', 'last']])
})

test('a file that changes all the time is an error', async (t) => {
  const { path } = await oneFile(t)
  let version = 0
  const settle = async () => writeYaml(path, `word: ${version++}\n`)
  assert.deepEqual(await faultsOfAsync(Reloading.open(path, { load: words, settle })), [
    `${path}: changes all the time, so that no two readings agree`,
  ])
})

test('a file that is written with the same size and the same time is a new version', async (t) => {
  const { path, file } = await oneFile(t)
  const { atime, mtime } = statSync(path)
  writeYaml(path, 'word: other\n')
  utimesSync(path, atime, mtime)
  assert.equal(await file.look(), true)
  assert.equal(file.current, 'other')
})

test('only a regular file is read, and nothing waits for another one', async (t) => {
  const folder = folderOf(t)
  const at = (name: string) => join(folder, name)
  execFileSync('mkfifo', [at('fifo.yaml')])
  mkdirSync(at('folder.yaml'))
  mkdirSync(at('empty'))
  symlinkSync('loop.yaml', at('loop.yaml'))
  symlinkSync('/dev/zero', at('zero.yaml'))
  const server = createServer().listen(at('socket.yaml'))
  t.after(() => server.close())
  await once(server, 'listening')
  const only = 'only a regular file is read'
  const rows = [
    ['fifo.yaml', `is a FIFO (named pipe); ${only}`],
    ['socket.yaml', `is a socket; ${only}`],
    ['zero.yaml', `is a device; ${only}`],
    ['empty', 'the folder contains no .yaml file'],
    ['loop.yaml', 'cannot be read (ELOOP)'],
    ['missing.yaml', 'cannot be read (ENOENT)'],
  ] as const
  for (const [name, why] of rows) {
    assert.deepEqual(await faultsOfAsync(following(at(name))), [`${at(name)}: ${why}`])
    const { path, file } = await oneFile(t)
    rmSync(path)
    symlinkSync(at(name), path)
    assert.equal(await file.look(), true)
    assert.deepEqual([file.current, file.error], ['first', `${path}: ${why}`])
  }
  for (const name of ['fifo.yaml', 'loop.yaml', 'zero.yaml', 'socket.yaml']) rmSync(at(name))
  assert.deepEqual(await faultsOfAsync(following(folder)), [`${at('folder.yaml')}: is a folder; ${only}`])
})

test('a file of more than 64 MiB is not read', async (t) => {
  const { path, file } = await oneFile(t)
  truncateSync(path, 70_000_000)
  assert.equal(await file.look(), true)
  assert.equal(file.error, `${path}: has 67 MiB; a file may have at most 64 MiB. Use a folder of files`)
})
