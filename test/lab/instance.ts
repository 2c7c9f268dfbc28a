/** Runs one mail server from unpacked packages in mounts of its own, so that several run at once. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { LabNetwork } from './network.ts'
import { fetchPackages, packages, projectRoot, storeOf } from './packages.ts'
import { resolvers, startResolver } from './resolver.ts'

export interface LabServer {
  readonly address: string
  /** Where the same server listens on IPv6 too. */
  readonly address6?: string
  readonly port: 25
  /** The server's own mail log so far; after `stop` the whole of it. */
  log(): Promise<string>
  stop(): Promise<void>
}

export interface Instance {
  readonly software: Exclude<keyof typeof packages, 'nmap' | 'ip'>
  readonly address: string
  readonly address6?: string | undefined
  readonly hostname: string
  /** System users that the packages' scripts would have made, each with a group of its name. */
  readonly users: readonly string[]
  /** A shell script that configures the server and starts it as a daemon. */
  readonly setup: string
  readonly logFiles: readonly string[]
  /** What the names of the world lead to, for this server: the exit of the lab, or nothing. */
  readonly names?: keyof typeof resolvers | undefined
}

/** Some servers build their configuration first, which takes a busy machine minutes. */
const startLimitMs = 240_000

export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Runs one mail server that sees its packages laid over this machine, and leaves nothing behind. */
export async function startInstance(network: LabNetwork, instance: Instance): Promise<LabServer> {
  await Promise.all([fetchPackages(projectRoot, packages[instance.software]), startResolver(network)])
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

  return whenGreeting(network, { ...instance, log, stop }, running, () => `${complaints}${last}`)
}

interface StartingServer extends Omit<LabServer, 'port' | 'address6'> {
  readonly software: string
  readonly address6?: string | undefined
}

/** Waits until the server says its first word, to our other address: to the vantage every server is fresh. */
export async function whenGreeting(
  network: LabNetwork,
  { software, address, address6, log, stop }: StartingServer,
  running: () => boolean,
  complaints: () => string,
): Promise<LabServer> {
  const from = address.includes(':') ? network.exit6 : network.exit
  const deadline = Date.now() + startLimitMs
  while (!(await greets(address, from, deadline - Date.now()))) {
    if (running() && Date.now() < deadline) {
      await delay(50)
      continue
    }
    await stop()
    throw new Error(`${software} did not greet at ${address}: ${complaints().slice(-2000)}`)
  }
  return { address, ...(address6 === undefined ? {} : { address6 }), port: 25, log, stop }
}

const greets = (host: string, localAddress: string, timeoutMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: 25, localAddress })
    const end = (greeted: boolean) => {
      resolve(greeted)
      socket.end(greeted ? 'QUIT\r\n' : '').setTimeout(1_000, () => socket.destroy())
    }
    socket.setTimeout(Math.max(1, timeoutMs), () => end(false))
    socket.on('error', () => end(false)).once('end', () => end(false))
    socket.once('data', () => end(true))
  })

async function readAll(files: readonly string[]): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => ''))) // not written yet
  return texts.join('')
}

/**
 * What process 1 of the instance does. It ends when our end of its standard input closes, be it that we stop it or
 * that we die, and the kernel then kills whatever runs in the namespace and undoes the mounts.
 * The writable layers lie on a tmpfs, as an overlay cannot write to another overlay (a container's root).
 */
function script({ software, address, hostname, users, setup, logFiles, names = 'exit' }: Instance): string {
  // Relative names, from the store: they are short, and may hold no colon or comma.
  const layers = (top: string) => packages[software].map((name) => `${name}/${top}`).filter(inStore)
  const overlay = (top: string) =>
    `mkdir -p /run/lab/${top}/upper /run/lab/${top}/work
mount -t overlay -o ${quote(
      `lowerdir=${[...layers(top), `/${top}`].join(':')},upperdir=/run/lab/${top}/upper,workdir=/run/lab/${top}/work`,
    )} overlay /${top}`
  return `set -eu
trap ${quote(`cat ${logFiles.join(' ')} >&2`)} EXIT
mount -t tmpfs -o mode=755 tmpfs /run
${['etc', 'usr'].map(overlay).join('\n')}
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
echo 'nameserver ${resolvers[names]}' >/etc/resolv.conf
printf '%s\\n' '127.0.0.1 localhost' '::1 localhost' '${address} ${hostname}' >/etc/hosts
hostname ${hostname}
{
${setup}
} </dev/null
trap - EXIT
cat >/dev/null`
}

const inStore = (path: string): boolean => existsSync(join(storeOf(projectRoot), path))
