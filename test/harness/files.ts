/** Makes files and folders that are removed after the test, and collects the faults of reading them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { ConfigFaults } from '../../src/config.ts'
import { FileFaults } from '../../src/files/faults.ts'
import type { FileContent } from '../../src/files/on-disk.ts'

/** Makes a folder with these files, by their paths in it. It is removed after the test. */
export function folderOf(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** The members that a customers file must have. The texts of tests leave out those that do not matter to them. */
const NEEDED = ['testing: true', 'neverTest: []']

/**
 * Returns the text of a whole YAML file: what a customers file must have is added, and the end marker. A text that has
 * the marker stays as it is.
 */
export function whole(text: string): string {
  if (/^\.\.\.$/m.test(text)) return text
  const isCustomers = /^(?:customers|testing|neverTest):/m.test(text)
  const has = (member: string) => new RegExp(`^${member.split(' ')[0]}`, 'm').test(text)
  const added = isCustomers ? NEEDED.filter((member) => !has(member)) : []
  const own = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return own + [...added, '...'].map((line) => `${line}\n`).join('')
}

/** Writes a whole YAML file. */
export const writeYaml = (path: string, text: string): void => writeFileSync(path, whole(text))

/** Makes a folder of whole YAML files. It is removed after the test. */
export const yamlFolder = (t: TestContext, files: Readonly<Record<string, string>>): string =>
  folderOf(t, Object.fromEntries(Object.entries(files).map(([name, text]) => [name, whole(text)])))

/** Makes a whole YAML file of a text, or a file of some bytes as they are. It is removed after the test. */
export const yamlFile = (t: TestContext, content: string | Buffer): string =>
  join(folderOf(t, { 'file.yaml': typeof content === 'string' ? whole(content) : content }), 'file.yaml')

/** Reads files at once, for tests that have nothing else to do. */
export const contentsOf = (paths: readonly string[]): FileContent[] =>
  paths.map((path) => ({ path, bytes: readFileSync(path) }))

/** Returns the faults that `work` throws, or none if it throws nothing. Passes on any other error. */
export function faultsOf(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof FileFaults || error instanceof ConfigFaults) return error.faults
    throw error
  }
  return []
}

/** Returns the faults that `work` rejects with, or none. Passes on any other error. */
export const faultsOfAsync = (work: Promise<unknown>): Promise<readonly string[]> =>
  work.then(
    () => [],
    (error) =>
      faultsOf(() => {
        throw error
      }),
  )

/** Returns the faults that `read` finds in a file with this content, each as `LINE: reason`. */
export function faultsIn(t: TestContext, content: string | Buffer, read: (path: string) => unknown): string[] {
  const path = yamlFile(t, content)
  return faultsOf(() => read(path)).map((fault) => fault.replace(`${path}:`, ''))
}
