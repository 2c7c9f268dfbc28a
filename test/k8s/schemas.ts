/** The schemas of Kubernetes and Prometheus objects. */
import { PodMonitor, PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { CronJob } from 'kubernetes-models/batch/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { ConfigMap, Namespace, Secret, Service } from 'kubernetes-models/v1'
import type { KubernetesObject } from './render.ts'

/**
 * The kinds that this project uses, with the validators made from the OpenAPI document of Kubernetes and from the
 * CRDs.
 */
const MODELS = [
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  PodMonitor,
  PrometheusRule,
  Secret,
  Service,
] as const

/** Returns the faults of an object: values that its schema refuses, and fields that its schema does not know. */
export function faultsOf(object: KubernetesObject): string[] {
  const model = MODELS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind)
  if (!model) return [`${object.apiVersion} ${object.kind}: no schema`]
  const seen = new Set<string>()
  try {
    model.prototype.validate.call(watched(object, '', seen))
  } catch (error) {
    return [String(error)]
  }
  return fieldsOf(object, '')
    .filter((path) => !seen.has(path))
    .map((path) => `${path}: unknown`)
}

/** The same value, which notes each member that is read: a validator reads every member that it knows, and no other. */
function watched(value: unknown, path: string, seen: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy(value, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return member
      seen.add(`${path}/${key}`)
      return watched(member, `${path}/${key}`, seen)
    },
  })
}

/** The paths of all members, those of members included. */
function fieldsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [`${path}/${key}`, ...fieldsOf(member, `${path}/${key}`)])
}
