/** Fetches an npm package that is too heavy for everybody's npm ci. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { machineNetwork } from '../lab/packages.ts'

const run = promisify(execFile)

/** Fetches a package that is too heavy for everybody's `npm ci` into `.cache`, once, and returns its folder. */
export async function fetchNpmPackage(root: string, name: string, version: string): Promise<string> {
  const cache = join(root, '.cache', 'npm')
  const folder = join(cache, `${name.replace('/', '-')}-${version}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, '.fetching-'))
  try {
    const flags = ['--prefix', work, '--no-save', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund']
    const [file = 'npm', ...args] = [...machineNetwork(), 'npm', 'install', ...flags, `${name}@${version}`]
    await run(file, args)
    // Only a complete folder gets the final name; a test that runs at the same time may have been faster.
    await rename(join(work, 'node_modules', name), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}
