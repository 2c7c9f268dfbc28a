/** Files and folders that end with a test, and the faults that reading them gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { ConfigFaults } from '../../src/config.ts'
import { FileFaults } from '../../src/files/yaml-file.ts'

/** A folder with these files, by their paths in it, that goes with the test. */
export function folderOf(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** A YAML file that goes with the test. */
export const yamlFile = (t: TestContext, content: string | Buffer): string =>
  join(folderOf(t, { 'file.yaml': content }), 'file.yaml')

/** The faults that the work throws; none where it throws nothing. Anything else that it throws comes through. */
export function faultsOf(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof FileFaults || error instanceof ConfigFaults) return error.faults
    throw error
  }
  return []
}

/** The faults of a reader of one file, each as `LINE: reason`. */
export function faultsIn(t: TestContext, content: string | Buffer, read: (path: string) => unknown): string[] {
  const path = yamlFile(t, content)
  return faultsOf(() => read(path)).map((fault) => fault.replace(`${path}:`, ''))
}
