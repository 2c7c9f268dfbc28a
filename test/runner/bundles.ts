/**
 * Puts each program of the build into one file with all of its code. The service starts twice as fast from one file as
 * from a thousand, and the tests start it hundreds of times. With COVERAGE, the tests start the files of the build.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { ROOT } from './kinds.ts'

const PROGRAMS = ['server', 'cli/check', 'cli/key', 'cli/relay-test']

/** Below this folder, each program has the path that it has in the project. */
const FOLDER = '.cache/bundles'

/** Lets the code find its other files, such as the console, where they are in the build. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path }) =>
      path.includes('/node_modules/')
        ? null
        : {
            contents: (await readFile(path, 'utf8')).replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(path).href),
            ),
          },
    )
  },
}

/** Makes the bundles from the build, and tells the tests where they are (`programAt`). */
export async function bundlePrograms(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS.map((program) => `dist/${program}.js`),
    outbase: '.',
    outdir: FOLDER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // CommonJS packages ask for Node's own modules with `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [ownPlaces],
    logLevel: 'error',
  })
  process.env.BUNDLES = join(ROOT, FOLDER)
}
