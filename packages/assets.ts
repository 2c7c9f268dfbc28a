/** Copies the files that need no compiling into the build: those of the console and of the reference. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The folders of the build, and what each gets: a file, or a file and its new name. */
const ASSETS: Readonly<Record<string, readonly (string | readonly [from: string, name: string])[]>> = {
  'dist/console': [
    'src/console/index.html',
    'src/console/style.css',
    'src/console/icon.svg',
    ['node_modules/preact/dist/preact.module.js', 'preact.js'],
  ],
  'dist/licenses': [['node_modules/preact/LICENSE', 'preact']],
  'dist/reference': [
    'src/reference/index.html',
    'src/reference/style.css',
    'src/reference/start.js',
    'node_modules/swagger-ui-dist/swagger-ui.css',
    'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
    'node_modules/swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt',
    'node_modules/swagger-ui-dist/LICENSE',
  ],
}

for (const [folder, files] of Object.entries(ASSETS)) {
  mkdirSync(join(ROOT, folder), { recursive: true })
  for (const file of files) {
    const [from, name] = typeof file === 'string' ? [file, file.split('/').at(-1) ?? file] : file
    copyFileSync(join(ROOT, from), join(ROOT, folder, name))
  }
}
