/**
 * Turns the test files into JavaScript once for all processes of a run. Otherwise, each process turns the files that it
 * needs, which takes half a second of a core. With COVERAGE, the processes do that, because c8 counts lines of files.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { ROOT } from './kinds.ts'

/** How Node runs the test files. Paths are relative to the project's folder. */
export interface Compiled {
  /** The options that Node needs for it. */
  readonly options: readonly string[]
  /** Returns the absolute path of what Node runs for a TypeScript file. */
  fileOf(path: string): string
  /** Returns the path of the TypeScript file for an absolute path that Node reports. */
  pathOf(file: string): string
}

const BY_EACH_PROCESS: Compiled = {
  options: ['--import', 'tsx'],
  fileOf: (path) => join(ROOT, path),
  pathOf: (file) => relative(ROOT, file),
}

/** Lets the code find other files, such as the programs that it starts, where they are in the project. */
const inPlace: Plugin = {
  name: 'in-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, 'utf8')
      return { loader: 'ts', contents: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
    })
  },
}

/** Compiles the files, and everything of the project that they import, into a folder that is removed at the end. */
export async function compile(paths: readonly string[]): Promise<Compiled> {
  if (process.env.COVERAGE) return BY_EACH_PROCESS
  const cache = join(ROOT, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'tests-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.once('SIGINT', () => process.exit(130))
  await build({
    absWorkingDir: ROOT,
    outbase: '.',
    outdir: folder,
    entryPoints: [...paths],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    keepNames: true,
    sourcemap: 'inline',
    plugins: [inPlace],
    logLevel: 'error',
  })
  return {
    options: ['--enable-source-maps'],
    fileOf: (path) => join(folder, path.replace(/\.ts$/, '.js')),
    pathOf: (file) => (file.startsWith(folder) ? relative(folder, file).replace(/\.js$/, '.ts') : relative(ROOT, file)),
  }
}
