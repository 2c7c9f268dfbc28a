/**
 * Sorts the test files into kinds by what they import, so that a new file needs no entry in a list. The kind decides
 * whether the service is built first, and when the file runs.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * `unit`: quick, runs in one process and needs no build. `service`: starts the built service or other programs, or
 * tries very many cases. `lab`: needs a network namespace of its own. `load`: brings the service to its limits, and
 * runs after all others.
 */
export type Kind = 'unit' | 'service' | 'lab' | 'load'

export interface TestFile {
  /** From the project's folder. */
  readonly path: string
  readonly kind: Kind
  /** Whether it starts programs, so that the service must have been built. */
  readonly needsBuild: boolean
  /** Whether it runs programs of Debian's packages, which are downloaded once. */
  readonly needsPackages: boolean
}

const TEST_FILE = /\.test\.ts$/
const TESTS = join(ROOT, 'test') + sep
/** Folders with very many cases, which take too long for a developer to run at every step. */
const LONG = /\/test\/(fuzz|hostile)\//
const PACKAGES = join(TESTS, 'lab/packages.ts')

/** Matches imports and re-exports, except those of types, which do not exist at run time. */
const IMPORT = /^(?:import|export)\b(?! type )[^'"]*?\bfrom '(?<from>[^']+)'|^import '(?<bare>[^']+)'/gm

function importsOf(file: string): readonly string[] {
  const matches = readFileSync(file, 'utf8').matchAll(IMPORT)
  return [...matches].map(({ groups }) => groups?.from ?? groups?.bare ?? '')
}

/** Returns every file that a file imports, directly or through others, with the imports of each. */
function reachedFrom(file: string, reached = new Map<string, readonly string[]>()): typeof reached {
  if (reached.has(file)) return reached
  const imports = importsOf(file)
  reached.set(file, imports)
  for (const path of imports) {
    if (path.startsWith('.') && path.endsWith('.ts')) reachedFrom(resolve(dirname(file), path), reached)
  }
  return reached
}

function described(file: string): TestFile {
  const reached = reachedFrom(file)
  const startsPrograms = [...reached].some(
    ([path, imports]) => path.startsWith(TESTS) && imports.includes('node:child_process'),
  )
  const kind = /\.lab\.test\.ts$/.test(file)
    ? 'lab'
    : /\.load\.test\.ts$/.test(file)
      ? 'load'
      : startsPrograms || LONG.test(file)
        ? 'service'
        : 'unit'
  return { path: relative(ROOT, file), kind, needsBuild: startsPrograms, needsPackages: reached.has(PACKAGES) }
}

/** Returns the test files at a path, which is a file or a folder, in the order of their names. */
export function testFilesAt(path: string): TestFile[] {
  const absolute = resolve(path)
  const found = statSync(absolute).isDirectory()
    ? readdirSync(absolute, { recursive: true, encoding: 'utf8' }).filter((entry) => TEST_FILE.test(entry))
    : ['']
  return found.sort().map((entry) => described(join(absolute, entry)))
}
