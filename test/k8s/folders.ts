/** The folders of k8s that are rendered. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { TestContext } from 'node:test'
import { folderOf } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'

const K8S = join(ROOT, 'k8s')

/** A folder outside of the project with that kustomization, which calls the project's folder `../k8s`. */
export function ownFolder(t: TestContext, kustomization: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = folderOf(t, files)
  writeFileSync(join(folder, 'kustomization.yaml'), kustomization.replaceAll('../k8s', relative(folder, K8S)))
  return folder
}

/** The folder that k8s/README.md tells operators to make. */
export function folderOfReadme(t: TestContext): string {
  const [, kustomization] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(join(K8S, 'README.md'), 'utf8')) ?? []
  if (kustomization === undefined) throw new Error('the README shows no kustomization')
  const config = (name: string) => readFileSync(join(K8S, 'base/config', name), 'utf8')
  return ownFolder(t, kustomization, {
    'settings.env': 'PROVIDER_NAME=Another ISP\nQUOTA_CALLER=600/1h\n',
    'customers.yaml': config('customers.yaml').replaceAll('acme', 'other'),
    'vantages.yaml': config('vantages.yaml'),
    'sweeps.yaml': config('sweeps.yaml'),
    'callers.yaml': config('callers.yaml'),
  })
}

/** An overlay with all components, which no folder of the project is. */
export const everything = (t: TestContext): string =>
  ownFolder(
    t,
    `resources: [../k8s/overlays/production]
components:
  - ../k8s/components/hpa
  - ../k8s/components/proxies
  - ../k8s/components/grafana
  - ../k8s/components/sweeps
  - ../k8s/components/zone
`,
  )
