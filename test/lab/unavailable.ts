/** Finds out whether the lab can run on this machine. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { projectRoot } from './packages.ts'

/** Returns why the lab cannot run on this machine, or null if it can. */
export function labUnavailable(): string | null {
  if (process.platform !== 'linux') return 'the lab needs Linux'
  if (!isDebian12()) return 'the lab needs Debian 12: it lays packages of that release over the machine'
  if (process.getuid?.() !== 0) return 'the lab needs root for its namespaces'
  const absent = ['apt-get', 'dpkg', 'flock', 'mount', 'nsenter', 'setpriv', 'unshare'].find((tool) => !onPath(tool))
  if (absent !== undefined) return `the lab needs ${absent}`
  if (!existsSync('/proc/net/if_inet6')) return 'the lab needs IPv6 in the kernel'
  // An overlay does not accept two layers if one is inside the other.
  if (/^\/(usr|etc)\//.test(projectRoot)) return 'the lab cannot run from a folder under /usr or /etc'
  // Tries the same system calls as an instance, in namespaces that end with this command.
  const probe = spawnSync(
    'unshare',
    [
      '--net',
      '--mount',
      '--pid',
      '--uts',
      '--fork',
      'mount',
      '-t',
      'overlay',
      'none',
      '-o',
      'lowerdir=/etc:/usr',
      '/run',
    ],
    { encoding: 'utf8' },
  )
  return probe.status === 0 ? null : `namespaces or overlays are forbidden here: ${probe.stderr.trim()}`
}

/** Returns why `what`, which comes from Debian packages, cannot run here, or null if it can. */
export function packagesUnavailable(what: string): string | null {
  if (process.platform !== 'linux' || !isDebian12()) return `${what} is taken from the packages of Debian 12`
  const absent = ['apt-get', 'dpkg', 'flock'].find((tool) => !onPath(tool))
  return absent === undefined ? null : `${what} needs ${absent}`
}

export const onPath = (tool: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool)))

export function isDebian12(): boolean {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^ID=debian$/m.test(release) && /^VERSION_ID="12"$/m.test(release)
}
