/** The pods run without privileges, and with probes, limits and a drain that fit the service. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { readConfig } from '../../src/config.ts'
import { ROOT } from '../harness/service.ts'
import { everything } from './folders.ts'
import { networkPolicy, Rendered, service } from './objects.ts'
import { withKubectl } from './render.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')
const matching = z.looseObject({ matchLabels: z.record(z.string(), z.string()) })

describe('the pods', withKubectl, () => {
  test('may do nothing that the restricted profile of Kubernetes forbids, and write nowhere', async () => {
    const pod = (await Rendered.of('base')).pod()
    assert.equal(pod.automountServiceAccountToken, false)
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext
    assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: 'RuntimeDefault' }])
    assert.equal(`USER ${runAsUser}:${runAsUser}`, /^USER .*/m.exec(read('Dockerfile'))?.[0])
    assert.deepEqual(pod.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  })

  test('run the version of this package', async () => {
    const { version } = JSON.parse(read('package.json'))
    assert.equal((await Rendered.of('base')).pod().containers[0].image, `relay-tests:${version}`)
  })

  test('have the ports that the service listens on, and are asked on paths that it has', async () => {
    const rendered = await Rendered.of('base')
    const { PORT, METRICS_PORT, MAILBOX_LISTEN } = readConfig(rendered.settings())
    const { ports, startupProbe, livenessProbe, readinessProbe } = rendered.pod().containers[0]
    assert.deepEqual(Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort])), {
      http: PORT,
      metrics: METRICS_PORT,
      mailbox: MAILBOX_LISTEN?.port,
    })
    const { paths } = JSON.parse(read('openapi/openapi.json'))
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      assert.equal(httpGet.port, 'http')
      assert.ok(httpGet.path in paths, httpGet.path)
    }
    assert.deepEqual(
      [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path),
      ['/livez', '/livez', '/readyz'],
    )
  })

  test('are what everything else selects, by ports that they have', async (t) => {
    const rendered = await Rendered.of(everything(t))
    const { metadata, spec } = rendered.deployment().template
    const names = new Set(spec.containers[0].ports.map(({ name }) => name))
    const shape = z.object({ spec: z.looseObject({ selector: matching.optional(), podSelector: matching.optional() }) })
    for (const object of ['PodDisruptionBudget', 'NetworkPolicy', 'PodMonitor', 'Deployment'].flatMap((kind) =>
      rendered.every(kind),
    )) {
      const { selector, podSelector } = shape.parse(object).spec
      assert.deepEqual((selector ?? podSelector)?.matchLabels, metadata.labels, `${object.kind}`)
    }
    for (const object of rendered.every('Service')) {
      const { selector, ports } = service.parse(object).spec
      assert.deepEqual(selector, metadata.labels)
      for (const { targetPort } of ports) assert.ok(names.has(targetPort), targetPort)
    }
    const scraped = z.object({
      spec: z.looseObject({ podMetricsEndpoints: z.array(z.looseObject({ port: z.string() })) }),
    })
    assert.deepEqual(
      rendered.one('PodMonitor', 'relay-tests', scraped).spec.podMetricsEndpoints.map(({ port }) => port),
      ['metrics'],
    )
    const entered = networkPolicy.parse(rendered.one('NetworkPolicy', 'relay-tests', networkPolicy)).spec.ingress
    assert.deepEqual(
      entered.flatMap(({ ports }) => ports.map(({ port }) => port)),
      ['http', 'metrics', 'mailbox'],
    )
  })

  test('get mail at port 25, and see who brings it', async () => {
    const { spec } = (await Rendered.of('base')).one('Service', 'relay-tests-mailbox', service)
    assert.deepEqual(
      spec.ports.map(({ port, targetPort }) => [port, targetPort]),
      [[25, 'mailbox']],
    )
    assert.equal(spec.externalTrafficPolicy, 'Local')
  })

  test('answer for a zone at the address of the mailbox, if that component is used', async (t) => {
    const rendered = await Rendered.of(everything(t))
    const { MX_ZONE, DNS_LISTEN } = readConfig({ ...rendered.settings(), MAILBOX_KEY: 'k'.repeat(32) })
    assert.ok(MX_ZONE?.endsWith('.relaytest.isp.example'))
    const { ports } = rendered.pod().containers[0]
    const own = ports.filter(({ name }) => name.startsWith('dns-'))
    assert.deepEqual(
      own.map(({ name, containerPort }) => [name, containerPort]),
      [
        ['dns-udp', DNS_LISTEN?.port],
        ['dns-tcp', DNS_LISTEN?.port],
      ],
    )
    const { spec } = rendered.one('Service', 'relay-tests-mailbox', service)
    assert.deepEqual(
      spec.ports.map(({ port, targetPort }) => [port, targetPort]),
      [
        [25, 'mailbox'],
        [53, 'dns-udp'],
        [53, 'dns-tcp'],
      ],
    )
    assert.equal(rendered.one('NetworkPolicy', 'relay-tests-zone', networkPolicy).spec.ingress.length, 1)
  })

  test('are one that ends before the next begins, or three, or as many as the autoscaler says', async (t) => {
    const single = (await Rendered.of('overlays/single')).deployment()
    assert.deepEqual([single.replicas, single.strategy], [1, { type: 'Recreate' }])
    assert.equal((await Rendered.of('overlays/production')).deployment().replicas, 3)
    const scaled = await Rendered.of(everything(t))
    assert.equal(scaled.deployment().replicas, undefined)
    const target = z.object({ spec: z.looseObject({ scaleTargetRef: z.object({ name: z.string() }).loose() }) })
    assert.equal(scaled.one('HorizontalPodAutoscaler', 'relay-tests', target).spec.scaleTargetRef.name, 'relay-tests')
  })
})
