/**
 * Makes the package that partners and support agents install: the TypeScript client and the command, without
 * dependencies. `npm run build` runs it after the compiler. The service serves the result as `GET /client.tgz`.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { clientTypes } from './types.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCE = join(ROOT, 'packages/client')
/** The files of the package. Below it, they have the paths that they have in this project. */
const FOLDER = join(ROOT, 'dist/client-package')
const DECLARATIONS = join(ROOT, 'dist/client')

/** Puts each program into one file. Throws an Error if one of them needs a package. */
async function bundlePrograms(): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/client/client.ts', 'src/cli/relay-test.ts'],
    outbase: 'src',
    outdir: join(FOLDER, 'dist'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    metafile: true,
    logLevel: 'error',
  })
  const foreign = Object.keys(metafile.inputs).filter((path) => !path.startsWith('src/'))
  if (foreign.length > 0) throw new Error(`the client and the command must not need packages: ${foreign.join(', ')}`)
}

/** Copies a declaration file and those that it imports. Only `types.d.ts` is written here, without zod. */
function copyDeclarations(name: string, copied = new Set<string>()): void {
  if (copied.has(name)) return
  copied.add(name)
  const text = name === 'types' ? clientTypes() : readFileSync(join(DECLARATIONS, `${name}.d.ts`), 'utf8')
  for (const [, imported = ''] of text.matchAll(/from '\.\/([\w-]+)\.ts'/g)) copyDeclarations(imported, copied)
  const target = join(FOLDER, 'dist/client', `${name}.d.ts`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text.replaceAll(/from '(\.\/[\w-]+)\.ts'/g, "from '$1.js'"))
}

/** Copies the description of the package, with the version of this project. */
function copyManifest(): void {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const { name, ...manifest } = JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8'))
  writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify({ name, version, ...manifest }, null, 2)}\n`)
  cpSync(join(SOURCE, 'README.md'), join(FOLDER, 'README.md'))
  cpSync(join(ROOT, 'LICENSE'), join(FOLDER, 'LICENSE'))
}

rmSync(FOLDER, { recursive: true, force: true })
await bundlePrograms()
copyDeclarations('client')
copyManifest()
// npm gives every file the same time, so the same files always make the same bytes.
const name = execFileSync('npm', ['pack', FOLDER, '--silent', '--pack-destination', join(ROOT, 'dist')], {
  encoding: 'utf8',
})
renameSync(join(ROOT, 'dist', name.trim()), join(ROOT, 'dist/client.tgz'))
