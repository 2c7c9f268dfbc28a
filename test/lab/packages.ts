/** Downloads the Debian packages that the lab runs, and unpacks each into a folder of .cache. Nothing is installed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const nsl = [
  'libnsl2',
  'libtirpc3',
  'libgssapi-krb5-2',
  'libkrb5-3',
  'libk5crypto3',
  'libkrb5support0',
  'libkeyutils1',
  'libssl3',
]

const perl = ['perl', 'libperl5.36', 'perl-modules-5.36']

const postfix = ['postfix', 'openssl', 'netbase', 'cpio', 'libicu72', 'libsasl2-2', ...nsl]

/** The packages that each software needs on a minimal Debian 12. The packages of the server itself come first. */
export const packages = {
  postfix,
  /** Postfix with greylisting. */
  postgrey: [
    'postgrey',
    ...postfix,
    'libberkeleydb-perl',
    'libnetaddr-ip-perl',
    'libnet-dns-perl',
    'libnet-server-perl',
    'libio-multiplex-perl',
    ...perl,
  ],
  /** Postfix with the mechanisms of a login. */
  submission: [...postfix, 'libsasl2-modules'],
  exim: [
    'exim4-daemon-light',
    'exim4-base',
    'exim4-config',
    'openssl',
    'netbase',
    'libgnutls-dane0',
    'libunbound8',
    'libevent-2.1-7',
    'libidn12',
    ...nsl,
  ],
  opensmtpd: ['opensmtpd', 'openssl', 'netbase', 'libevent-2.1-7', 'libssl3'],
  sendmail: [
    'sendmail-bin',
    'sendmail-base',
    'sendmail-cf',
    'm4',
    'netbase',
    'libldap-2.5-0',
    'libsasl2-2',
    'liblockfile1',
    'libwrap0',
    ...nsl,
  ],
  courier: [
    'courier-mta',
    'courier-base',
    'courier-authdaemon',
    'courier-authlib',
    'courier-authlib-userdb',
    'libcourier-unicode4',
    'libidn12',
    'libltdl7',
    'libgdbm6',
    'libgamin0',
    'libpcre3',
    'libnet-cidr-perl',
    ...perl,
  ],
  nmap: [
    'nmap',
    'nmap-common',
    'liblua5.3-0',
    'lua-lpeg',
    'libpcap0.8',
    'libpcre3',
    'libssh2-1',
    'liblinear4',
    'libblas3',
    'libdbus-1-3',
    'libssl3',
  ],
  slowhttptest: ['slowhttptest', 'libssl3'],
  /** A clock that can be set for one process. */
  faketime: ['libfaketime'],
  redis: ['redis-server', 'redis-tools', 'libatomic1', 'libjemalloc2', 'liblzf1', 'libssl3'],
  /** A SOCKS5 proxy. */
  microsocks: ['microsocks'],
  /** A browser, for the console. */
  chromium: [
    'chromium',
    'chromium-common',
    'libasyncns0',
    'libcolord2',
    'libdouble-conversion3',
    'libepoxy0',
    'libflac12',
    'libgtk-3-0',
    'libharfbuzz-subset0',
    'libminizip1',
    'libmp3lame0',
    'libmpg123-0',
    'libogg0',
    'libopenh264-7',
    'libopenjp2-7',
    'libopus0',
    'libpulse0',
    'libsndfile1',
    'libvorbis0a',
    'libvorbisenc2',
    'libwayland-cursor0',
    'libwayland-egl1',
    'libxnvctrl0',
  ],
  ip: ['iproute2', 'libbpf1', 'libelf1', 'libmnl0', 'libbsd0', 'libxtables12', 'libcap2', ...nsl],
} as const satisfies Record<string, readonly string[]>

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

/** Returns the folder in which `fetchPackages` makes one folder for each package. */
export const storeOf = (root: string): string => join(root, '.cache', 'debian')

let queue: Promise<void> = Promise.resolve()

/** Downloads Debian packages and unpacks each into its own folder. Does not install them. */
export function fetchPackages(root: string, names: readonly string[]): Promise<void> {
  // One call after the other, because servers that start together need the same packages.
  const turn = queue.then(() => fetchMissing(root, names))
  queue = turn.catch(() => undefined)
  return turn
}

async function fetchMissing(root: string, names: readonly string[]): Promise<void> {
  const store = storeOf(root)
  const missing = () => [...new Set(names)].filter((name) => !existsSync(join(store, name)))
  if (missing().length === 0) return
  await mkdir(store, { recursive: true })
  const unlock = await lock(store)
  try {
    // Another process may have fetched them while this one waited for the lock.
    const wanted = missing()
    if (wanted.length > 0) await fetchAll(store, wanted)
  } finally {
    unlock()
  }
}

async function fetchAll(store: string, names: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(store, '.unpacking-'))
  try {
    await download(work, names)
    const archives = await readdir(work)
    for (const name of names) {
      const archive = archives.find((file) => file.startsWith(`${name}_`))
      if (archive === undefined) throw new Error(`apt-get brought no archive of ${name}`)
      const folder = join(work, name)
      await run('dpkg', ['-x', join(work, archive), folder])
      await mergeUsr(folder)
      // Only a complete folder gets the final name.
      await rename(folder, join(store, name))
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Waits until no other process downloads into the folder, and locks it until the returned function is called.
 */
async function lock(folder: string): Promise<() => void> {
  // The lock ends when the standard input of this command closes, so it also ends if this process crashes.
  const holder = spawn('flock', [folder, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  return () => void holder.stdin.end()
}

/** Downloads archives into a folder. Updates the package lists only if the download fails with the old ones. */
async function download(folder: string, names: readonly string[]): Promise<void> {
  const script = 'apt-get download "$@" || { apt-get update && apt-get download "$@"; }'
  const [file = 'sh', ...args] = [...machineNetwork(), 'sh', '-c', script, 'sh', ...names]
  await run(file, args, { cwd: folder }).catch((error: { stderr?: string }) => {
    throw new Error(`Debian packages could not be fetched (${names.join(' ')}): ${error.stderr?.slice(-500)}`)
  })
}

/** Returns the command that enters the network of the machine, because the lab has an empty network namespace. */
export function machineNetwork(): string[] {
  const own = readlinkSync('/proc/self/ns/net')
  try {
    for (let pid = process.ppid; pid > 0; pid = parentOf(pid)) {
      if (readlinkSync(`/proc/${pid}/ns/net`) !== own) return ['nsenter', `--net=/proc/${pid}/ns/net`, '--']
    }
  } catch {
    // We may not look at this ancestor, so it belongs to the machine: we are in the machine's network already.
  }
  return []
}

const parentOf = (pid: number): number =>
  Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Some packages still ship /bin, /sbin or /lib; on Debian 12 these are links into /usr. */
async function mergeUsr(folder: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const old = join(folder, name)
    if (existsSync(old)) await cp(old, join(folder, 'usr', name), { recursive: true, verbatimSymlinks: true })
  }
}
