/** Every rendered object fits the schema of its kind, without unknown fields. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everything, folderOfReadme } from './folders.ts'
import { type KubernetesObject, render, withKubectl } from './render.ts'
import { faultsOf } from './schemas.ts'

const faultsIn = (objects: readonly KubernetesObject[]): string[] =>
  objects.flatMap((object) => faultsOf(object).map((fault) => `${object.kind} ${object.metadata.name}: ${fault}`))

describe('every object is what the schemas of Kubernetes say', withKubectl, () => {
  for (const folder of ['base', 'overlays/single', 'overlays/production']) {
    test(`in ${folder}`, async () => {
      assert.deepEqual(faultsIn(await render(folder)), [])
    })
  }

  test('with all components', async (t) => {
    assert.deepEqual(faultsIn(await render(everything(t))), [])
  })

  test('in the folder that the README tells to make', async (t) => {
    assert.deepEqual(faultsIn(await render(folderOfReadme(t))), [])
  })
})

/** Mistakes that somebody may make: the object, the place, and the wrong value. */
const MISTAKES: readonly (readonly [kind: string, path: string, value: unknown])[] = [
  ['Deployment', '/spec/replicas', '3'],
  ['Deployment', '/spec/template/spec/containers/0/livenessProb', {}],
  ['Deployment', '/spec/template/spec/containers/0/securityContext/readOnlyRootFileSystem', true],
  ['Deployment', '/spec/template/spec/containers/0/ports/0/containerPort', 'http'],
  ['Deployment', '/status/ready', true],
  ['Deployment', '/specs', {}],
  ['Service', '/spec/externalTrafficPolicies', 'Local'],
  ['Service', '/spec/ports/0/port', '25'],
  ['NetworkPolicy', '/spec/egress/0/to/0/ipblock', {}],
  ['NetworkPolicy', '/spec/egress/0/ports/0/protocol', 25],
  ['PodDisruptionBudget', '/spec/maxUnavailables', 1],
  ['ConfigMap', '/data/PORT', 3000],
  ['Secret', '/data/key', 'not base64!'],
  ['Namespace', '/metadata/label', {}],
  ['HorizontalPodAutoscaler', '/spec/metrics/0/pods/metric/names', 'x'],
  ['PodMonitor', '/spec/podMetricsEndpoints/0/ports', 'metrics'],
  ['PrometheusRule', '/spec/groups/0/rules/0/labels/severity', 1],
]

/** The object with another value at a path of members. */
function changed(value: unknown, path: readonly string[], to: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return to
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === key ? changed(one, rest, to) : one))
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return { ...Object.fromEntries(members), [key]: changed(members.find(([name]) => name === key)?.[1], rest, to) }
}

describe('a mistake is found', withKubectl, () => {
  for (const [kind, path, value] of MISTAKES) {
    test(`${kind} ${path}`, async (t) => {
      const object = (await render(everything(t))).find((one) => one.kind === kind)
      assert.ok(object)
      const { apiVersion, metadata } = object
      const wrong = { apiVersion, kind, metadata, ...Object(changed(object, path.split('/').slice(1), value)) }
      assert.deepEqual(faultsOf(object), [])
      assert.notDeepEqual(faultsOf(wrong), [])
    })
  }

  test('a kind that nobody knows', () => {
    const object = { apiVersion: 'apps/v2', kind: 'Deployment', metadata: { name: 'x' } }
    assert.deepEqual(faultsOf(object), ['apps/v2 Deployment: no schema'])
  })
})
