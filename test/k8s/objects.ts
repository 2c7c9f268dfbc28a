/** Reads the rendered objects with their types. */
import { z } from 'zod'
import { type KubernetesObject, render } from './render.ts'

// The tests check these members of objects. The schemas of Kubernetes check the rest.

const named = z.looseObject({ name: z.string() })
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) }).loose()
const labels = z.record(z.string(), z.string())
const port = z.union([z.string(), z.number()])

export const deployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().optional(),
    strategy: z.looseObject({ type: z.string().optional() }).optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels }),
      spec: z.looseObject({
        terminationGracePeriodSeconds: z.number(),
        automountServiceAccountToken: z.boolean(),
        securityContext: z.record(z.string(), z.unknown()),
        containers: z.tuple([
          z.looseObject({
            image: z.string(),
            envFrom: z.array(
              z.looseObject({
                configMapRef: named.optional(),
                secretRef: named.extend({ optional: z.boolean().optional() }).optional(),
              }),
            ),
            ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
            startupProbe: probe,
            livenessProbe: probe,
            readinessProbe: probe,
            lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
            securityContext: z.record(z.string(), z.unknown()),
            volumeMounts: z.array(
              z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) }),
            ),
          }),
        ]),
        volumes: z.array(
          z.strictObject({
            name: z.string(),
            configMap: z.object({ name: z.string() }).optional(),
            secret: z.object({ secretName: z.string() }).optional(),
          }),
        ),
      }),
    }),
  }),
})

const ports = z.array(z.object({ protocol: z.string(), port }))
const ipBlock = z.object({ cidr: z.string(), except: z.array(z.string()).default([]) })

export const networkPolicy = z.object({
  spec: z.looseObject({
    ingress: z.array(z.looseObject({ ports })).default([]),
    egress: z
      .array(z.looseObject({ ports, to: z.array(z.looseObject({ ipBlock: ipBlock.optional() })).min(1) }))
      .default([]),
  }),
})

export const service = z.object({
  spec: z.looseObject({
    selector: labels,
    ports: z.array(z.looseObject({ port: z.number(), targetPort: z.string() })),
    externalTrafficPolicy: z.string().optional(),
  }),
})

/** The rendered objects by kind and name. A name that kustomize made has no hash here. */
export class Rendered {
  readonly all: readonly KubernetesObject[]

  private constructor(all: readonly KubernetesObject[]) {
    this.all = all
  }

  static async of(path: string): Promise<Rendered> {
    return new Rendered(await render(path))
  }

  every(kind: string): KubernetesObject[] {
    return this.all.filter((object) => object.kind === kind)
  }

  /** The one of that kind and name. Throws where there is none. */
  one<T>(kind: string, name: string, shape: z.ZodType<T>): T {
    const is = new RegExp(`^${name}(-[a-z0-9]{10})?$`)
    const found = this.every(kind).find((object) => is.test(object.metadata.name))
    if (!found) throw new Error(`no ${kind} ${name}`)
    return shape.parse(found)
  }

  deployment() {
    return this.one('Deployment', 'relay-tests', deployment).spec
  }

  pod() {
    return this.deployment().template.spec
  }

  /** The environment that the settings give. */
  settings(): Record<string, string> {
    return this.one('ConfigMap', 'relay-tests-settings', z.object({ data: labels })).data
  }

  /** The files of the configuration: the path that the service sees, and the content. */
  files(): Record<string, string> {
    const { volumes, containers } = this.pod()
    const held = z.object({ data: labels })
    const files: Record<string, string> = {}
    for (const { name, mountPath } of containers[0].volumeMounts) {
      const { configMap, secret } = volumes.find((volume) => volume.name === name) ?? {}
      const { data } = secret
        ? this.one('Secret', secret.secretName, held)
        : this.one('ConfigMap', configMap?.name ?? '', held)
      for (const [file, text] of Object.entries(data)) {
        files[`${mountPath}/${file}`] = secret ? Buffer.from(text, 'base64').toString() : text
      }
    }
    return files
  }
}
