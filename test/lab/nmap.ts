/** Runs nmap's smtp-open-relay script, to compare. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fetchPackages, packages, projectRoot, storeOf } from './packages.ts'

const run = promisify(execFile)

/** Returns what nmap's smtp-open-relay script says about a server, and how many milliseconds it took. */
export async function runNmap(address: string, port = 25): Promise<{ readonly says: string; readonly ms: number }> {
  await fetchPackages(projectRoot, packages.nmap)
  const store = storeOf(projectRoot)
  const libraries = packages.nmap.flatMap((name) =>
    ['usr/lib', 'lib'].flatMap((folder) => {
      const path = join(store, name, folder, 'x86_64-linux-gnu')
      return [path, join(path, 'blas')]
    }),
  )
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: libraries.join(':'),
    NMAPDIR: join(store, 'nmap-common/usr/share/nmap'),
  }
  const startedAt = performance.now()
  // -n and -Pn: no name lookups and no pings, so that the time is mostly that of the script.
  const options = ['-n', '-Pn', '-sT', `-p${port}`, '--script', 'smtp-open-relay', address]
  const { stdout } = await run(join(store, 'nmap/usr/bin/nmap'), options, { env })
  const ms = performance.now() - startedAt
  const [, says = 'nothing'] = /smtp-open-relay: (.*)/.exec(stdout) ?? []
  return { says: says.trim(), ms }
}
