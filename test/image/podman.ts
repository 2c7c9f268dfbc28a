/** Runs a podman that is unpacked and not installed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { runProgram } from '../harness/process.ts'
import { fetchPackages, projectRoot, storeOf } from '../lab/packages.ts'

const PACKAGES = ['podman', 'conmon', 'runc', 'libsubid4', 'libgpgme11', 'libassuan0']

/** A program, its arguments and its environment, to be run as they are. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Podman {
  /** The command that runs podman with those arguments. */
  command(...args: string[]): Command
  /** Runs it to its end and returns what it printed. Throws with both of its outputs where it fails. */
  run(...args: string[]): Promise<string>
}

/**
 * Podman, unpacked from Debian's packages, with images, settings and state in a folder that goes with the test; needs
 * root. Each command runs in a mount namespace of its own, so that nothing stays mounted.
 */
export async function startPodman(t: TestContext): Promise<Podman> {
  await fetchPackages(projectRoot, PACKAGES)
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-podman-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  const unpacked = (path: string) => join(storeOf(projectRoot), path)
  await mkdir(at('.config/containers'), { recursive: true })
  await writeFile(at('.config/containers/policy.json'), '{ "default": [{ "type": "insecureAcceptAnything" }] }')
  await writeFile(at('registries.conf'), '')
  const libraries = PACKAGES.map((name) => unpacked(`${name}/usr/lib/x86_64-linux-gnu`))
  const env = {
    HOME: folder,
    XDG_CONFIG_HOME: at('.config'),
    CONTAINERS_CONF: at('containers.conf'),
    CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
    LD_LIBRARY_PATH: libraries.join(':'),
  }
  const variables = Object.entries(env).map(([name, value]) => `"${name}=${value}"`)
  await writeFile(
    at('containers.conf'),
    `[containers]
# The defaults are more than a sandbox may grant.
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
conmon_path = ["${unpacked('conmon/usr/bin/conmon')}"]
# Conmon starts the podman that notes how a container ended; without that, the other waits for 20 s.
conmon_env_vars = [${variables.join(', ')}]
[engine.runtimes]
runc = ["${unpacked('runc/usr/sbin/runc')}"]
[network]
network_config_dir = "${at('networks')}"
`,
  )
  const places = ['--root', at('store'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--storage-driver', 'overlay']
  const command = (...args: string[]): Command => ({
    program: 'unshare',
    args: ['--mount', '--propagation', 'private', '--', unpacked('podman/usr/bin/podman'), ...places, ...args],
    env,
  })
  return {
    command,
    async run(...args) {
      const { program, args: all, env: environment } = command(...args)
      const { code, stdout, stderr } = await runProgram(program, all, environment)
      if (code !== 0) throw new Error(`podman ${args[0]} ended with ${code}:\n${stdout}\n${stderr}`)
      return stdout
    },
  }
}
