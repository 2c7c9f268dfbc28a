/** Joins two network namespaces with a virtual cable, so that our service is a stranger to the servers. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fetchPackages, packages, projectRoot, storeOf } from './packages.ts'
import { onPath } from './unavailable.ts'

const vantage = '198.51.100.7'
const vantage6 = '2001:db8:51::7'
const exit = '198.51.100.8'
const exit6 = '2001:db8:51::8'
const firstServer = 10
const lastServer = 250
const closeLimitMs = 5_000

export interface LabNetwork {
  /** The address on our side that tests the servers: a stranger to them. */
  readonly vantage: string
  readonly vantage6: string
  /** A second address on our side. Mail that a server relays arrives here, and nowhere else. */
  readonly exit: string
  readonly exit6: string
  /** Returns the next free server address. */
  nextAddress(family?: 4 | 6): string
  /** Runs a command on the side of the servers. It ends with this process, also if this process crashes. */
  spawnInside(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  close(): Promise<void>
}

/** Joins the namespace of this process and a second one for servers. The cable is their only connection. */
export async function openNetwork(): Promise<LabNetwork> {
  // A namespace with an interface is in use, and we never change it.
  const used = otherInterfaces()
  if (used.length > 0)
    throw new Error(`the lab needs a fresh network namespace (unshare --net), without ${used.join(', ')}`)
  const ip = await findIp()
  const children = new Set<ChildProcess>()
  const spawnBound = (args: readonly string[], options: SpawnOptions): ChildProcess => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args], options)
    children.add(child)
    child.once('exit', () => children.delete(child)).once('error', () => children.delete(child))
    return child
  }
  const close = async (): Promise<void> => {
    for (const child of children) child.kill('SIGKILL')
    // The kernel removes the cable when the last process on the other side has ended.
    const deadline = Date.now() + closeLimitMs
    while (otherInterfaces().length > 0) {
      if (Date.now() > deadline) throw new Error('a process of the lab does not end')
      await delay(5)
    }
  }

  const holder = spawnBound(['unshare', '--net', 'sh', '-c', 'echo ready; exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (holder.stdout === null) throw new Error('the holder of the namespace has no output')
  const enter = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--']
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error('no second network namespace'))),
    ])
    await ip([], ourSide(holder.pid))
    await ip(enter, serversSide())
  } catch (error) {
    await close()
    throw error
  }

  let next = firstServer
  return {
    vantage,
    vantage6,
    exit,
    exit6,
    nextAddress(family = 4) {
      if (next > lastServer) throw new Error('the lab has no server address left')
      return serverAddress(next++, family)
    },
    spawnInside: (command, args, options = {}) => spawnBound([...enter, command, ...args], options),
    close,
  }
}

const otherInterfaces = (): string[] =>
  [...readFileSync('/proc/self/net/dev', 'utf8').matchAll(/^\s*(\S+):/gm)]
    .map(([, name]) => String(name))
    .filter((name) => name !== 'lo')

const serverAddress = (number: number, family: 4 | 6): string =>
  family === 4 ? `203.0.113.${number}` : `2001:db8:113::${number}`

// Without duplicate address detection (nodad), IPv6 addresses work at once.
const ourSide = (holder: number | undefined): string[] => [
  'link set lo up',
  `link add lab type veth peer name lab netns ${holder}`,
  ...[vantage, exit].map((address) => `address add ${address}/24 dev lab`),
  ...[vantage6, exit6].map((address) => `address add ${address}/64 dev lab nodad`),
  'link set lab up',
  'route add 203.0.113.0/24 dev lab',
  'route add 2001:db8:113::/64 dev lab',
]

const serversSide = (): string[] => [
  'link set lo up',
  ...Array.from({ length: lastServer - firstServer + 1 }, (_, index) => firstServer + index).flatMap((number) => [
    `address add ${serverAddress(number, 4)}/24 dev lab`,
    `address add ${serverAddress(number, 6)}/64 dev lab nodad`,
  ]),
  'link set lab up',
  'route add 198.51.100.0/24 dev lab',
  'route add 2001:db8:51::/64 dev lab',
]

type Ip = (enter: readonly string[], lines: readonly string[]) => Promise<void>

/** Finds the `ip` command of this machine, or unpacks one if there is none. */
async function findIp(): Promise<Ip> {
  const env = { ...process.env }
  let command = 'ip'
  if (!onPath('ip')) {
    await fetchPackages(projectRoot, packages.ip)
    const store = storeOf(projectRoot)
    command = join(store, 'iproute2/usr/bin/ip')
    const libraries = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
    env.LD_LIBRARY_PATH = packages.ip.map((name) => join(store, name, 'usr/lib', libraries)).join(':')
  }
  return async (enter, lines) => {
    const [file = command, ...args] = [...enter, command, '-batch', '-']
    const running = promisify(execFile)(file, args, { env })
    running.child.stdin?.end(`${lines.join('\n')}\n`)
    await running
  }
}
