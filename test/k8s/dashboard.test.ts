/** The Grafana dashboard: it has the shape that Grafana loads, and asks Prometheus only for metrics that there are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import { z } from 'zod'
import { folderOf } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'
import { everything } from './folders.ts'
import { Rendered } from './objects.ts'
import { labelFaults, metricNames, promtool, withPromtool } from './prometheus.ts'
import { withKubectl } from './render.ts'

const SOURCE = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('$' + '{datasource}') })
/** Grafana's grid has 24 columns. */
const place = z
  .strictObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) })
  .refine(({ x, w }) => x + w <= 24, 'is wider than the grid')
const common = { id: z.int().positive(), title: z.string().min(1), gridPos: place }

const row = z.strictObject({ ...common, type: z.literal('row'), collapsed: z.boolean(), panels: z.tuple([]) })
const chart = z.strictObject({
  ...common,
  type: z.enum(['stat', 'timeseries']),
  description: z.string().min(1),
  datasource: SOURCE,
  fieldConfig: z.strictObject({ defaults: z.looseObject({}), overrides: z.array(z.looseObject({})) }),
  options: z.looseObject({}),
  targets: z
    .array(
      z.strictObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource: SOURCE,
        expr: z.string().min(1),
        legendFormat: z.string(),
        instant: z.literal(true).optional(),
      }),
    )
    .min(1),
})
const dashboardShape = z.looseObject({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  templating: z.strictObject({
    list: z.tuple([z.looseObject({ name: z.literal('datasource'), type: z.literal('datasource') })]),
  }),
  panels: z.array(z.union([row, chart])),
})

const FILE = join(ROOT, 'k8s/components/grafana/dashboard.json')
const dashboard = dashboardShape.parse(JSON.parse(readFileSync(FILE, 'utf8')))
const charts = dashboard.panels.flatMap((panel) => (panel.type === 'row' ? [] : [panel]))
/** Each expression as Prometheus gets it: Grafana replaces its variables first. */
const expressions = charts.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => [title, expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m')] as const),
)

test('no two panels share an id or a place', () => {
  const { panels } = dashboard
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
  )
  assert.equal(new Set(cells).size, cells.length)
})

test('it asks for metrics that there are, with labels that they have', async () => {
  const names = await metricNames()
  for (const [title, expr] of expressions) {
    assert.doesNotMatch(expr, /\$/, `${title}: a variable that nobody replaces`)
    for (const [name] of expr.matchAll(/\b(?:relay_tests|process)_\w+/g)) {
      const metric = name.replace(/_(?:bucket|sum|count)$/, '')
      assert.ok(names.has(name) || names.has(metric), `${title}: ${name}`)
    }
    assert.deepEqual(labelFaults(expr), [], title)
  }
})

describe('Prometheus', withPromtool, () => {
  test('understands every expression', async (t) => {
    const rules = expressions.map(([, expr], index) => ({ record: `panel_${index}`, expr }))
    const folder = folderOf(t, { 'rules.yaml': stringify({ groups: [{ name: 'dashboard', rules }] }) })
    const { code, stdout, stderr } = await promtool('check', 'rules', join(folder, 'rules.yaml'))
    assert.deepEqual([code, stderr], [0, ''])
    assert.ok(stdout.includes(`${rules.length} rules found`))
  })
})

describe('Kubernetes', withKubectl, () => {
  test('gets it as a ConfigMap that the sidecar of Grafana finds', async (t) => {
    const shape = z.looseObject({
      metadata: z.looseObject({ labels: z.looseObject({ grafana_dashboard: z.literal('1') }) }),
      data: z.strictObject({ 'relay-tests.json': z.string() }),
    })
    const { data } = (await Rendered.of(everything(t))).one('ConfigMap', 'relay-tests-dashboard', shape)
    assert.equal(data['relay-tests.json'], readFileSync(FILE, 'utf8'))
  })
})
