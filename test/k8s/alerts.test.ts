/** The alerts fire when they should, by promtool. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { z } from 'zod'
import { folderOf } from '../harness/files.ts'
import { everything } from './folders.ts'
import { Rendered } from './objects.ts'
import { labelFaults, metricNames, promtool, withPromtool } from './prometheus.ts'
import { withKubectl } from './render.ts'

const rule = z.looseObject({ alert: z.string(), expr: z.string() })
const rulesShape = z.object({ spec: z.object({ groups: z.array(z.looseObject({ rules: z.array(rule) })) }) })
const scalerShape = z.object({
  spec: z.looseObject({
    metrics: z.array(z.looseObject({ pods: z.looseObject({ metric: z.object({ name: z.string() }) }).optional() })),
  }),
})

const specOf = async (t: TestContext) =>
  (await Rendered.of(everything(t))).one('PrometheusRule', 'relay-tests', rulesShape).spec

describe('the alert rules', withKubectl, () => {
  test('ask for metrics that there are, with labels that they have', async (t) => {
    const names = await metricNames()
    for (const { alert, expr } of (await specOf(t)).groups.flatMap(({ rules }) => rules)) {
      const asked = expr.match(/relay_tests_\w+/g) ?? []
      assert.ok(asked.length > 0, alert)
      for (const name of asked) assert.ok(names.has(name), `${alert}: ${name}`)
      assert.deepEqual(labelFaults(expr), [], alert)
    }
  })

  test('and so does the autoscaler', async (t) => {
    const { spec } = (await Rendered.of(everything(t))).one('HorizontalPodAutoscaler', 'relay-tests', scalerShape)
    const asked = spec.metrics.flatMap(({ pods }) => pods?.metric.name ?? [])
    assert.equal(asked.length, 1)
    const names = await metricNames()
    for (const name of asked) assert.ok(names.has(name), name)
  })
})

/** Series of two hours, a value a minute, and the alerts that they raise at its end. */
const CASES: readonly (readonly [what: string, series: Readonly<Record<string, string>>, alerts: readonly string[]])[] =
  [
    ['all is well', {}, []],
    [
      'a server was found open half an hour ago',
      { relay_tests_found_open_total: '0x90 1x30' },
      ['RelayTestsServerFoundOpen'],
    ],
    ['a server is closed again', { relay_tests_closed_again_total: '0x90 1x30' }, ['RelayTestsServerClosedAgain']],
    ['servers were found open yesterday', { relay_tests_found_open_total: '7x120' }, []],
    ['no replica is there', { relay_tests_info: '_x120' }, ['RelayTestsAbsent']],
    ['one replica has lost Redis', { 'relay_tests_redis_up{pod="b"}': '0x120' }, ['RelayTestsRedisDown']],
    [
      'Redis lost its memory a moment ago',
      { 'relay_tests_redis_wait_seconds{pod="b"}': '0x117 40 0x2' },
      ['RelayTestsRedisMemoryLost'],
    ],
    [
      'the audit log is full',
      { 'relay_tests_refused_total{problem="audit-unavailable"}': '0+1x120' },
      ['RelayTestsAuditUnavailable'],
    ],
    ['the program fails', { 'relay_tests_refused_total{problem="internal-error"}': '0+1x120' }, ['RelayTestsFaults']],
    ['callers are refused for other reasons', { 'relay_tests_refused_total{problem="not-allowed"}': '0+100x120' }, []],
    ['one vantage is down', { 'relay_tests_vantage_up{pod="b",vantage="syd-1"}': '0x120' }, ['RelayTestsVantageDown']],
    [
      'a file is refused',
      { 'relay_tests_config_reload_success{pod="b",file="customers"}': '0x120' },
      ['RelayTestsFileRefused'],
    ],
    [
      'all slots are taken',
      { 'relay_tests_refused_total{problem="at-capacity"}': '0+1x120' },
      ['RelayTestsAtCapacity'],
    ],
    [
      'tests wait for a slot for long',
      { 'relay_tests_queue_late_seconds{queue="tests"}': '0+60x120' },
      ['RelayTestsQueueLate'],
    ],
    [
      'keys are guessed',
      { 'relay_tests_refused_total{problem="unauthenticated"}': '0+20x120' },
      ['RelayTestsKeysGuessed'],
    ],
    [
      'we are blocklisted',
      { 'relay_tests_finished_total{verdict="inconclusive",reason="vantage-blocked"}': '0+1x120' },
      ['RelayTestsVantageBlocked'],
    ],
    [
      'port 25 is closed',
      { 'relay_tests_finished_total{verdict="inconclusive",reason="connect-timeout"}': '0+3x120' },
      ['RelayTestsUnreachable'],
    ],
    ['some keys are wrong', { 'relay_tests_refused_total{problem="unauthenticated"}': '0+1x120' }, []],
    [
      'one list has us',
      { 'relay_tests_finished_total{verdict="inconclusive",reason="vantage-blocked"}': '0+0.1x120' },
      [],
    ],
    [
      'a webhook fails for more than an hour',
      { 'relay_tests_queue_late_seconds{queue="webhooks-acme"}': '3000+60x120' },
      ['RelayTestsWebhooksLate'],
    ],
    ['no mail arrives', { relay_tests_mailbox_arrivals_total: '0x120' }, ['RelayTestsMailboxSilent']],
  ]

/** The metrics of a healthy installation of two replicas. */
const HEALTHY: Readonly<Record<string, string>> = {
  relay_tests_info: '1x120',
  'relay_tests_redis_up{pod="a"}': '1x120',
  'relay_tests_redis_up{pod="b"}': '1x120',
  'relay_tests_config_reload_success{pod="a",file="customers"}': '1x120',
  'relay_tests_config_reload_success{pod="b",file="customers"}': '1x120',
  'relay_tests_finished_total{verdict="closed",reason="none"}': '0+1x120',
  relay_tests_messages_accepted_total: '0+1x120',
  relay_tests_mailbox_arrivals_total: '0+1x120',
}

describe('Prometheus', { skip: withKubectl.skip || withPromtool.skip }, () => {
  test('raises each alert for its reason, and no other', async (t) => {
    const { groups } = await specOf(t)
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
    assert.deepEqual(new Set(CASES.flatMap(([, , raised]) => raised)), new Set(alerts))
    const tests = CASES.map(([name, series, raised]) => ({
      name,
      interval: '1m',
      input_series: Object.entries({ ...HEALTHY, ...series }).map(([one, values]) => ({ series: one, values })),
      promql_expr_test: alerts.map((alert) => ({
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: '2h',
        exp_samples: raised.includes(alert) ? [{ value: 1 }] : [],
      })),
    }))
    const folder = folderOf(t, {
      'rules.yaml': stringify({ groups }),
      'tests.yaml': stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }),
    })
    const { code, stdout, stderr } = await promtool('test', 'rules', join(folder, 'tests.yaml'))
    assert.deepEqual([code, stderr], [0, ''], stdout)
  })
})
