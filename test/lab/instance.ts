import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dialogue } from './dialogue.ts'
import type { LabNetwork } from './network.ts'
import { fetchPackages, packages, projectRoot, storeOf } from './packages.ts'

export interface LabServer {
  readonly address: string
  readonly port: 25
  /** The server's own mail log so far; after `stop` the whole of it. */
  log(): Promise<string>
  stop(): Promise<void>
}

export interface Instance {
  readonly software: 'postfix' | 'exim'
  readonly address: string
  readonly hostname: string
  /** System users that the packages' scripts would have made, each with a group of its name. */
  readonly users: readonly string[]
  /** A shell script that configures the server and starts it as a daemon. */
  readonly setup: string
  readonly logFiles: readonly string[]
}

const startLimitMs = 20_000

export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Runs one mail server that sees its packages laid over this machine, and leaves nothing behind. */
export async function startInstance(network: LabNetwork, instance: Instance): Promise<LabServer> {
  await fetchPackages(projectRoot, packages[instance.software])
  const child = network.spawnInside(
    'unshare',
    ['--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script(instance)],
    { cwd: storeOf(projectRoot), stdio: ['pipe', 'ignore', 'pipe'] },
  )
  const exited = once(child, 'exit')
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const running = (): boolean => child.exitCode === null && child.signalCode === null

  let last = ''
  const log = async (): Promise<string> => {
    // The magic link leads into the instance's own mounts.
    if (running()) last = await readAll(instance.logFiles.map((file) => `/proc/${child.pid}/root${file}`))
    return last
  }
  const stop = async (): Promise<void> => {
    await log()
    child.stdin?.end()
    const impatience = setTimeout(() => child.kill('SIGKILL'), 3_000) // still busy with the setup
    await exited
    clearTimeout(impatience)
  }

  const deadline = Date.now() + startLimitMs
  for (;;) {
    try {
      const from = instance.address.includes(':') ? network.vantage6 : network.vantage
      await dialogue({ host: instance.address, from, timeoutMs: deadline - Date.now() }, ['QUIT'])
      return { address: instance.address, port: 25, log, stop }
    } catch (error) {
      if (running() && Date.now() < deadline) {
        await delay(20)
        continue
      }
      await stop()
      const tail = `${complaints}${last}`.slice(-2000)
      throw new Error(`${instance.software} did not greet at ${instance.address}: ${tail}`, { cause: error })
    }
  }
}

async function readAll(files: readonly string[]): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => ''))) // not written yet
  return texts.join('')
}

/**
 * What process 1 of the instance does. It ends when our end of its standard input closes, be it that we stop it or
 * that we die, and the kernel then kills whatever runs in the namespace and undoes the mounts.
 * The writable layers lie on a tmpfs, as an overlay cannot write to another overlay (a container's root).
 */
function script({ software, address, hostname, users, setup, logFiles }: Instance): string {
  // Relative names, from the store: they are short, and may hold no colon or comma.
  const layers = (top: string) => packages[software].map((name) => `${name}/${top}`).filter(inStore)
  const writable = 'upperdir=/run/lab/upper,workdir=/run/lab/work'
  return `set -eu
trap ${quote(`cat ${logFiles.join(' ')} >&2`)} EXIT
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lab/upper /run/lab/work
mount -t overlay -o ${quote(`lowerdir=${[...layers('etc'), '/etc'].join(':')},${writable}`)} overlay /etc
mount -t overlay -o ${quote(`lowerdir=${[...layers('usr'), '/usr'].join(':')}`)} overlay /usr
mount -t tmpfs -o mode=755 tmpfs /var
mkdir -p /var/lib /var/log /var/spool /var/tmp
ln -s /run /var/run
install -d -g 8 -m 2775 /var/mail
${layers('var')
  .map((layer) => `cp -a ${layer}/. /var`)
  .join('\n')}
cd /
cp /usr/share/base-passwd/passwd.master /etc/passwd
cp /usr/share/base-passwd/group.master /etc/group
rm -f /etc/shadow /etc/gshadow /etc/resolv.conf /etc/hosts
${users.map((user) => `useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${user}`).join('\n')}
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
printf '%s\\n' '127.0.0.1 localhost' '::1 localhost' '${address} ${hostname}' >/etc/hosts
hostname ${hostname}
{
${setup}
} </dev/null
trap - EXIT
cat >/dev/null`
}

const inStore = (path: string): boolean => existsSync(join(storeOf(projectRoot), path))
