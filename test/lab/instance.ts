/** Runs one mail server from unpacked packages. It has its own mounts, so that several can run at the same time. */
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
  /** The IPv6 address of the same server, if it has one too. */
  readonly address6?: string
  /** The port that is tested. Port 465 speaks TLS from the first byte. */
  readonly port: number
  /** Returns the mail log of the server so far, also after `stop`. */
  log(): Promise<string>
  stop(): Promise<void>
}

export interface Instance {
  readonly software: Exclude<keyof typeof packages, 'nmap' | 'ip'>
  readonly address: string
  readonly address6?: string | undefined
  readonly hostname: string
  /** System users that the install scripts of the packages would create, each with a group of the same name. */
  readonly users: readonly string[]
  /** A shell script that configures the server and starts it as a daemon. */
  readonly setup: string
  readonly logFiles: readonly string[]
  /** The address of every name for this server: the exit of the lab, or none. */
  readonly names?: keyof typeof resolvers | undefined
}

/** Some servers build their configuration first, which takes a busy machine minutes. */
const startLimitMs = 240_000

export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Starts one mail server. It sees its packages as part of this machine, and leaves nothing behind. */
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
    // This link of /proc shows the files as the instance sees them.
    if (running()) last = await readAll(instance.logFiles.map((file) => `/proc/${child.pid}/root${file}`))
    return last
  }
  const stop = async (): Promise<void> => {
    await log()
    child.stdin?.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), 3_000) // if the setup is still running
    await exited
    clearTimeout(timer)
  }

  return whenGreeting(network, { ...instance, log, stop }, running, () => `${complaints}${last}`)
}

interface StartingServer extends Omit<LabServer, 'port' | 'address6'> {
  readonly software: string
  readonly address6?: string | undefined
}

/** Waits until the server greets. Connects from our second address, because no server may know the vantage yet. */
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
 * Returns the script of process 1 in the instance. It ends when its standard input closes, also if we crash. Then the
 * kernel kills everything in the namespace and removes the mounts. The writable layers are on a tmpfs, because an
 * overlay cannot write to another overlay (the root of a container).
 */
function script({ software, address, hostname, users, setup, logFiles, names = 'exit' }: Instance): string {
  // Names relative to the store are short. They must not contain a colon or comma.
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
