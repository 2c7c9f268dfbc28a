/** Installs Haraka into .cache, and starts it in the lab. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { machineNetwork, projectRoot } from './packages.ts'
import { startProgram } from './program.ts'

const run = promisify(execFile)

const store = join(projectRoot, '.cache', 'haraka-installed')
const haraka = join(store, 'node_modules', 'Haraka')

let installed: Promise<void> | undefined

/** Installs Haraka once, from its own lockfile, without running its install scripts. */
export async function installHaraka(): Promise<void> {
  if (existsSync(store)) return
  await mkdir(join(projectRoot, '.cache'), { recursive: true })
  const work = await mkdtemp(`${store}-installing-`)
  try {
    await cp(join(projectRoot, 'test/lab/haraka'), work, { recursive: true })
    const command = ['npm', 'ci', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']
    const [file = 'npm', ...args] = [...machineNetwork(), ...command]
    await run(file, args, { cwd: work })
    // Only a complete folder gets the final name. Another process may have been faster.
    await rename(work, store).catch((error: unknown) => {
      if (!existsSync(store)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Starts a Haraka that checks only the domain of recipients: it accepts any local part at its own. It passes messages
 * on to the server at `next`, and hands back what that server says; without `next` it discards them.
 */
export async function startHaraka(network: LabNetwork, next?: string): Promise<LabServer> {
  installed ??= installHaraka()
  await installed
  const address = network.nextAddress()
  const home = await mkdtemp(join(store, 'home-'))
  const config = join(home, 'config')
  await mkdir(config)
  const files = {
    'smtp.ini': `listen=${address}:25\nnodes=0\n`,
    plugins: `rcpt_to.in_host_list\nqueue/${next === undefined ? 'discard' : 'smtp_forward'}\n`,
    'smtp_forward.ini': `host=${next}\nport=25\n`,
    host_list: 'example.com\nmail.example.com\n',
    me: 'mail.example.com\n',
  }
  await cp(join(haraka, 'config', 'connection.ini'), join(config, 'connection.ini'))
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(config, name), text)))
  const args = [join(haraka, 'bin', 'haraka'), '-c', home]
  const server = await startProgram(network, { software: 'haraka', address, args, env: { YES_REALLY_DO_DISCARD: '1' } })
  const stop = () => server.stop().finally(() => rm(home, { recursive: true, force: true }))
  return { ...server, stop }
}
