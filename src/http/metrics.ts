/** Counts what the service does, for Prometheus, and serves it on a port of its own. */
import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { PROBLEMS } from '../contract/problem-catalogue.ts'
import type { ProblemSlug } from '../contract/problems.ts'
import type { VantageView } from '../contract/vantages.ts'
import type { QueueState } from '../queue/queue.ts'
import type { ServerChange } from '../service/changes.ts'
import type { Observer } from '../service/observer.ts'
import type { WatchedServer } from '../store/stores.ts'
import { VERSION } from '../version.ts'

/** The parts whose state is read with the metrics. */
export interface Observed {
  /** Null if this is the only replica. */
  readonly storeServer: WatchedServer | null
  /** The queues of work that outlives a request. */
  readonly queues: { states(): Promise<readonly (readonly [name: string, state: QueueState])[]> }
  /** The configuration files by their content: customers, callers, vantages, sweeps. */
  readonly files: Readonly<Record<string, { readonly loadedAt: Date; readonly error: string | null }>>
  readonly vantages: { views(): readonly VantageView[] }
  readonly output: { readonly dropped: number }
}

const WEBHOOK_OUTCOMES = ['delivered', 'failed', 'dead', 'full', 'gone', 'off'] as const
type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number]

/** Everything that is counted. No label holds text from a caller or a mail server. */
export interface Metrics extends Observer {
  /** A request was turned down; `policies` are the quotas that were used up. */
  refused(slug: ProblemSlug, policies: readonly string[]): void
  /** Mail has come to the mailbox for a test address. `ignored` is mail that proves nothing. */
  arrived(kind: 'message' | 'bounce' | 'ignored'): void
  /** Mail of any test may be late, for a reason on our side: docs/metrics.md lists the reasons. */
  mailboxTroubled(): void
  /** The mailbox turned a visitor away; `why` is the limit that was reached. */
  mailboxTurnedAway(why: 'connections' | 'commands' | 'recipients' | 'messages'): void
  /** A server was found open, or is closed and was open before. */
  changed(change: ServerChange): void
  /** An event, or one attempt to send it, has ended. */
  webhook(outcome: WebhookOutcome): void
  /** Returns the text that Prometheus reads. */
  text(): Promise<string>
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60]

/** The gauges of each queue. A queue that cannot be reached has no value. */
const QUEUE_GAUGES: readonly { name: string; help: string; value(state: QueueState): number }[] = [
  { name: 'waiting', help: 'Jobs that wait in a queue.', value: ({ waiting }) => waiting },
  { name: 'late_seconds', help: 'The age of the oldest overdue job of a queue.', value: ({ lateMs }) => lateMs / 1000 },
  { name: 'dead', help: 'Jobs of a queue that failed in every attempt.', value: ({ dead }) => dead },
]

/** Makes the metrics of one process. */
export function makeMetrics({ storeServer, queues, files, vantages, output }: Observed): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `relay_tests_${name}`, help, labelNames, registers })
  const finished = counter('finished_total', 'Tests by verdict and reason.', ['verdict', 'reason', 'suite'])
  const inFlight = new Gauge({ name: 'relay_tests_in_flight', help: 'Tests that are running now.', registers })
  const duration = new Histogram({
    name: 'relay_tests_duration_seconds',
    help: 'How long tests took, with the wait for deliveries.',
    labelNames: ['verdict'],
    buckets: SECONDS,
    registers,
  })
  const phase = new Histogram({
    name: 'relay_tests_phase_seconds',
    help: 'How long each part of a test took: connect, greeting (first connection), dialogue, delivery (the wait).',
    labelNames: ['phase'],
    buckets: SECONDS,
    registers,
  })
  const connections = counter('connections_total', 'Connections to mail servers.')
  const messages = counter('messages_accepted_total', 'Test messages that mail servers accepted.')
  const moved = counter('second_vantages_total', 'Tests that a second vantage went on with, by the first reason.', [
    'reason',
  ])
  const amended = counter('amended_total', 'Results that changed after their end, by their new verdict.', ['verdict'])
  const changes: Readonly<Record<ServerChange, Counter>> = {
    'found-open': counter('found_open_total', 'Servers found open that were not open at their last test.'),
    'closed-again': counter('closed_again_total', 'Servers found closed that were open at their last test.'),
  }
  const arrivals = counter('mailbox_arrivals_total', 'Mail that came to test addresses, by kind.', ['kind'])
  const troubles = counter('mailbox_troubles_total', 'Times that mail of any test may be late, for our own reasons.')
  const turnedAway = counter('mailbox_turned_away_total', 'Times that the mailbox turned somebody away.', ['why'])
  const refusals = counter('refused_total', 'Requests that were turned down, by problem.', ['problem'])
  // Starts each counter at 0: Prometheus cannot see the first increase of a counter that did not exist before.
  for (const problem of Object.keys(PROBLEMS)) refusals.inc({ problem }, 0)
  const exceeded = counter('quota_exceeded_total', 'Requests that were over a quota, by its name.', ['policy'])
  new Gauge({
    name: 'relay_tests_info',
    help: 'The version of the service; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version: VERSION }, 1)
  new Gauge({
    name: 'relay_tests_config_reload_success',
    help: '1 if the newest version of a configuration file is in use, else 0.',
    labelNames: ['file'],
    registers,
    collect() {
      for (const [file, { error }] of Object.entries(files)) this.set({ file }, error === null ? 1 : 0)
    },
  })
  new Gauge({
    name: 'relay_tests_config_loaded_timestamp_seconds',
    help: 'When the configuration file that is in use was loaded.',
    labelNames: ['file'],
    registers,
    collect() {
      for (const [file, { loadedAt }] of Object.entries(files)) this.set({ file }, loadedAt.getTime() / 1000)
    },
  })
  new Gauge({
    name: 'relay_tests_vantage_up',
    help: '1 if a vantage is up, else 0; no value before its first check.',
    labelNames: ['vantage'],
    registers,
    collect() {
      // Forgets vantages that are no longer in the file.
      this.reset()
      for (const { name: vantage, state } of vantages.views()) {
        if (state !== 'unknown') this.set({ vantage }, state === 'up' ? 1 : 0)
      }
    },
  })
  new Counter({
    name: 'relay_tests_log_lines_dropped_total',
    help: 'Lines of the log that were dropped, because their reader was too slow.',
    registers,
    collect() {
      this.reset()
      this.inc(output.dropped)
    },
  })
  for (const { name, help, value } of QUEUE_GAUGES) {
    new Gauge({
      name: `relay_tests_queue_${name}`,
      help,
      labelNames: ['queue'],
      registers,
      async collect() {
        this.reset()
        for (const [queue, state] of await queues.states()) this.set({ queue }, value(state))
      },
    })
  }
  const sent = counter('webhooks_total', 'Events for webhooks, and failed attempts to send them.', ['outcome'])
  for (const outcome of WEBHOOK_OUTCOMES) sent.inc({ outcome }, 0)
  if (storeServer) {
    new Gauge({
      name: 'relay_tests_redis_up',
      help: '1 if Redis accepts writes. 0 if not: then nothing is tested.',
      registers,
      async collect() {
        this.set((await storeServer.state()).isUp ? 1 : 0)
      },
    })
    new Gauge({
      name: 'relay_tests_redis_wait_seconds',
      help: 'Seconds until tests start again, because Redis is new or has lost its memory. 0 if tests can start.',
      registers,
      async collect() {
        this.set((await storeServer.state()).waitMs / 1000)
      },
    })
  }
  return {
    started() {
      inFlight.inc()
      return ({ verdict, reason, suite, durationMs }, { dialled, messagesAccepted }, phases) => {
        inFlight.dec()
        finished.inc({ verdict: verdict ?? 'none', reason: reason ?? 'none', suite })
        duration.observe({ verdict: verdict ?? 'none' }, (durationMs ?? 0) / 1000)
        for (const [name, ms] of phases.flatMap((one) => Object.entries(one))) {
          if (ms !== null) phase.observe({ phase: name }, ms / 1000)
        }
        connections.inc(dialled.length)
        messages.inc(messagesAccepted)
      }
    },
    moved(reason) {
      moved.inc({ reason })
    },
    amended({ verdict }) {
      amended.inc({ verdict: verdict ?? 'none' })
    },
    refused(slug, policies) {
      refusals.inc({ problem: slug })
      for (const policy of policies) exceeded.inc({ policy })
    },
    arrived(kind) {
      arrivals.inc({ kind })
    },
    mailboxTroubled() {
      troubles.inc()
    },
    mailboxTurnedAway(why) {
      turnedAway.inc({ why })
    },
    changed(change) {
      changes[change].inc()
    },
    webhook(outcome) {
      sent.inc({ outcome })
    },
    text: () => registry.metrics(),
  }
}

/** How many connections the port of the metrics has, and how long a request may take to arrive, in milliseconds. */
const MOST_CONNECTIONS = 20
const REQUEST_MS = 10_000

/** Serves `GET /metrics` and nothing else, on a port that callers cannot reach. Rejects if it cannot listen. */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('This port serves only GET /metrics.\n')
      return
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  return server
}
