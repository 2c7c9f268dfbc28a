/** Sets up a network namespace in which every address is local and the kernel counts connections. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fetchPackages, packages, projectRoot, storeOf } from '../lab/packages.ts'
import { onPath } from '../lab/unavailable.ts'

/** The packages that nftables needs on a minimal Debian 12. */
const NFTABLES = [
  'nftables',
  'libnftables1',
  'libnftnl11',
  'libmnl0',
  'libjansson4',
  'libedit2',
  'libxtables12',
] as const
const WITH_NFTABLES = [...NFTABLES, 'libgmp10', 'libbsd0', 'libmd0']

/** The kernel's counts of packets that processes of the namespace have sent. */
export interface Witness {
  /** Opened TCP connections to port 25. */
  readonly port25: number
  /** Opened TCP connections to any port but 25 and the service's own. */
  readonly elsewhere: number
  /** UDP packets, except those of the test's name server. A look-up anywhere else is counted here. */
  readonly datagrams: number
}

const counters = z.object({
  nftables: z.array(z.object({ counter: z.object({ name: z.string(), packets: z.int() }).optional() })),
})

/** Throws outside a fresh network namespace, before anything changes the machine's own network. */
export function assertFreshNamespace(): void {
  const interfaces = [...readFileSync('/proc/self/net/dev', 'utf8').matchAll(/^\s*(\S+):/gm)].map(([, name]) => name)
  if (interfaces.some((name) => name !== 'lo')) {
    throw new Error(`a fresh network namespace is needed (unshare --net), without ${interfaces.join(', ')}`)
  }
}

/**
 * Makes every address local, so that nothing leaves the machine and this process answers all connections. Throws
 * outside a fresh namespace, because the routes would cut off any other network.
 *
 * @param own addresses for the loopback interface, which count as this machine's own
 */
export async function openWorld(own: readonly string[]): Promise<void> {
  assertFreshNamespace()
  await run(
    'ip',
    ['-batch', '-'],
    [
      'link set lo up',
      'route add local 0.0.0.0/0 dev lo',
      'route add local ::/0 dev lo',
      ...own.map((text) =>
        text.includes(':') ? `address add ${text}/128 dev lo nodad` : `address add ${text}/32 dev lo`,
      ),
    ],
  )
}

/**
 * Begins to count. Connections to the service's own port do not count: the test requests go there.
 *
 * @param dnsPort the port of the test's name server, whose packets do not count; 0 if there is none
 */
export async function watch(servicePort: number, dnsPort = 0): Promise<void> {
  const opening = 'tcp flags & (syn | ack) == syn'
  await run(
    'nft',
    ['-f', '-'],
    [
      'table inet witness {',
      '  counter port25 { }',
      '  counter elsewhere { }',
      '  counter datagrams { }',
      '  chain out {',
      '    type filter hook output priority 0;',
      `    ${opening} tcp dport 25 counter name port25`,
      `    ${opening} tcp dport != { 25, ${servicePort} } counter name elsewhere`,
      `    udp dport ${dnsPort} accept`,
      `    udp sport ${dnsPort} accept`,
      '    meta l4proto udp counter name datagrams',
      '  }',
      '}',
    ],
  )
}

/** Returns the counts so far. */
export async function witnessed(): Promise<Witness> {
  const { nftables } = counters.parse(JSON.parse(await run('nft', ['-j', 'list', 'counters'], [])))
  const packets = (name: string): number => {
    const found = nftables.find(({ counter }) => counter?.name === name)?.counter
    if (!found) throw new Error(`nftables has no counter ${name}`)
    return found.packets
  }
  return { port25: packets('port25'), elsewhere: packets('elsewhere'), datagrams: packets('datagrams') }
}

const PACKAGES = { ip: packages.ip, nft: WITH_NFTABLES } as const
const PATHS = { ip: 'iproute2/usr/bin/ip', nft: 'nftables/usr/sbin/nft' } as const

/** Runs a tool of the machine, or a downloaded one if the machine has none. Returns its output. */
export async function run(
  tool: keyof typeof PACKAGES,
  args: readonly string[],
  input: readonly string[],
): Promise<string> {
  const env = { ...process.env }
  let command: string = tool
  if (!onPath(tool)) {
    await fetchPackages(projectRoot, PACKAGES[tool])
    const store = storeOf(projectRoot)
    command = join(store, PATHS[tool])
    const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
    const folders = PACKAGES[tool].flatMap((name) =>
      [`usr/lib/${triplet}`, `lib/${triplet}`].map((lib) => join(store, name, lib)),
    )
    env.LD_LIBRARY_PATH = folders.filter((folder) => existsSync(folder)).join(':')
  }
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env,
    input: `${input.join('\n')}\n`,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${tool}: ${error?.message ?? stderr}`)
  return stdout
}
