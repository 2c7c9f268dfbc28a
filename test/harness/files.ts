/** Makes files and folders that are removed after the test, and collects the faults of reading them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { ConfigFaults } from '../../src/config.ts'
import { FileFaults } from '../../src/files/yaml-file.ts'

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

/** Makes a YAML file. It is removed after the test. */
export const yamlFile = (t: TestContext, content: string | Buffer): string =>
  join(folderOf(t, { 'file.yaml': content }), 'file.yaml')

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

/** Returns the faults that `read` finds in a file with this content, each as `LINE: reason`. */
export function faultsIn(t: TestContext, content: string | Buffer, read: (path: string) => unknown): string[] {
  const path = yamlFile(t, content)
  return faultsOf(() => read(path)).map((fault) => fault.replace(`${path}:`, ''))
}
