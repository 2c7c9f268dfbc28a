/** Runs the suite on the image's line of Node.js (`npm run prove:node`). */
import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { projectRoot } from '../lab/packages.ts'
import { fetchNode } from './node-release.ts'

/**
 * Runs the whole test suite, or the files and folders given, on the image's line of Node.js: whatever is started by the
 * name of `node`, npm included, is that one too.
 */
const bin = await fetchNode(projectRoot)
const { status } = spawnSync(join(bin, 'node'), ['--import', 'tsx', 'test/run.ts', ...process.argv.slice(2)], {
  cwd: projectRoot,
  env: { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
