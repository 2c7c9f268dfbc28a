/**
 * Puts each program of the build into one file with all of its code. The tests start the service hundreds of times, and
 * one file starts faster than a thousand. With COVERAGE, the tests start the files of the build.
 */
import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { ROOT } from './kinds.ts'

const COMMANDS = ['cli/check', 'cli/key', 'cli/relay-test']

/** Below this folder, each program has the path that it has in the project. */
const FOLDER = join(ROOT, '.cache/bundles')
const SERVER = join(FOLDER, 'dist/server.js')

/**
 * Lets the code find its other files, such as the console, where they are in the build. The service becomes a script,
 * and a script cannot wait for `main`.
 */
const ownCode: Plugin = {
  name: 'own-code',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return null
      const place = JSON.stringify(pathToFileURL(path).href)
      const code = (await readFile(path, 'utf8')).replaceAll('import.meta.url', place)
      return { contents: code.replace(/^await main\(\)/m, 'void main()') }
    })
  },
}

const OPTIONS = {
  absWorkingDir: ROOT,
  outbase: '.',
  outdir: FOLDER,
  bundle: true,
  platform: 'node',
  target: 'node20',
  plugins: [ownCode],
  logLevel: 'error',
} satisfies BuildOptions

/**
 * Starts the service from its code and from the machine code that V8 made of it in an earlier run. V8 ignores machine
 * code of other code or of another Node.js, and compiles the code again.
 */
const STARTER = `const { readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')
const [code, machineCode] = [__dirname + '/server.code', __dirname + '/server.machine-code']
const cachedData = process.env.KEEP_MACHINE_CODE ? undefined : readFileSync(machineCode)
const script = new Script(readFileSync(code, 'latin1'), { filename: code, cachedData })
if (!cachedData) process.once('exit', () => writeFileSync(machineCode, script.createCachedData()))
script.runInThisContext()(require)
`

/** Compiling takes a third of the service's start, so it is done once, here. */
async function bundleServer(): Promise<void> {
  await build({
    ...OPTIONS,
    entryPoints: ['dist/server.js'],
    outExtension: { '.js': '.code' },
    format: 'cjs',
    // Only ASCII, so that it can be read as latin1, which is fastest.
    charset: 'ascii',
    minifyWhitespace: true,
    banner: { js: '(function (require) { const module = {}' },
    footer: { js: '})' },
  })
  await writeFile(join(FOLDER, 'package.json'), '{ "type": "commonjs" }')
  await writeFile(SERVER, STARTER)
  // Without settings, the service loads all of its code, prints what is missing, and ends.
  spawnSync(process.execPath, [SERVER], { env: { KEEP_MACHINE_CODE: 'true' }, stdio: 'ignore' })
}

/** Makes the bundles from the build, and tells the tests where they are (`programAt`). */
export async function bundlePrograms(): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true })
  await build({
    ...OPTIONS,
    entryPoints: COMMANDS.map((command) => `dist/${command}.js`),
    outdir: FOLDER,
    format: 'esm',
    // CommonJS packages ask for Node's own modules with `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  await writeFile(join(FOLDER, 'dist/cli/package.json'), '{ "type": "module" }')
  await bundleServer()
  process.env.BUNDLES = FOLDER
}
