/** Makes a base image for the proof of the Dockerfile, on a machine without a registry. */
import { copyFile, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runProgram } from '../harness/process.ts'
import { projectRoot } from '../lab/packages.ts'
import { fetchNode } from './node-release.ts'
import type { Podman } from './podman.ts'

/** The name of the base image, to be given as NODE_IMAGE. */
export const BASE_IMAGE = 'localhost/node:local'

/**
 * Makes a base image without a registry: Node.js of the image's line, npm, a shell and the libraries of this machine
 * that they need, and the certificates that npm trusts here. `work` is an empty folder.
 */
export async function makeBaseImage(podman: Podman, work: string): Promise<void> {
  const root = join(work, 'root')
  const at = (path: string) => join(root, path)
  const put = async (path: string, from = path) => {
    await mkdir(dirname(at(path)), { recursive: true })
    await copyFile(await realpath(from), at(path))
  }
  const node = join(await fetchNode(projectRoot), 'node')
  await put('usr/local/bin/node', node)
  for (const program of ['/bin/sh', '/usr/bin/env']) await put(program)
  for (const library of await librariesOf([node, '/bin/sh', '/usr/bin/env'])) await put(library)
  const npm = dirname(dirname(await realpath(await printed('which', ['npm']))))
  await cp(npm, at('usr/local/lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', at('usr/local/bin/npm'))
  const certificates = await npmSetting('cafile')
  if (certificates !== 'null') await put(certificates)
  await mkdir(at('etc'), { recursive: true })
  await mkdir(at('tmp'))
  await writeFile(at('etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(at('etc/group'), 'root:x:0:\n')
  const archive = join(work, 'root.tar')
  await printed('tar', ['-C', root, '-cf', archive, '.'])
  await podman.run('import', '--change', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', archive, BASE_IMAGE)
}

/** A setting of this machine's npm; `null`, in words, where there is none. */
export const npmSetting = (name: string): Promise<string> => printed('npm', ['config', 'get', name])

async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
  const lists = await Promise.all(programs.map((program) => printed('ldd', [program])))
  return new Set(lists.join('\n').match(/(?<=\s)\/\S+\.so[.\d]*/g))
}

async function printed(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, process.env)
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`)
  return stdout.trim()
}
