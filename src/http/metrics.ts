import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { PROBLEMS, type ProblemSlug } from '../contract/problems.ts'
import type { VantageView } from '../contract/vantages.ts'
import type { Tally } from '../service/tally.ts'
import type { StoreServer } from '../store/stores.ts'
import { VERSION } from '../version.ts'

/** What is looked at when the metrics are read. */
export interface Observed {
  /** Null where nothing is shared with other replicas. */
  readonly storeServer: StoreServer | null
  /** The configuration files by what they hold. */
  readonly files: Readonly<Record<string, { readonly loadedAt: Date; readonly error: string | null }>>
  readonly vantages: { views(): readonly VantageView[] }
}

/** Everything that is counted. No label holds a word of a caller or a server. */
export interface Metrics extends Tally {
  /** A request was refused; `policies` are the quotas that were used up. */
  refused(slug: ProblemSlug, policies: readonly string[]): void
  /** Something came to the mailbox for a test address. */
  arrived(kind: 'message' | 'bounce'): void
  /** The text that Prometheus reads. */
  text(): Promise<string>
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60]

/** Makes the metrics of one process. */
export function makeMetrics({ storeServer, files, vantages }: Observed): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `relay_tests_${name}`, help, labelNames, registers })
  const finished = counter('finished_total', 'Tests by verdict and reason.', ['verdict', 'reason', 'suite'])
  const inFlight = new Gauge({ name: 'relay_tests_in_flight', help: 'Tests that run now.', registers })
  const duration = new Histogram({
    name: 'relay_tests_duration_seconds',
    help: 'How long tests took, waiting for deliveries included.',
    labelNames: ['verdict'],
    buckets: SECONDS,
    registers,
  })
  const phase = new Histogram({
    name: 'relay_tests_phase_seconds',
    help: 'How long the parts of tests took: connect and greeting of the first connection, the dialogue, waiting for deliveries.',
    labelNames: ['phase'],
    buckets: SECONDS,
    registers,
  })
  const connections = counter('connections_total', 'Connections to mail servers under test.')
  const messages = counter('messages_accepted_total', 'Test messages that mail servers took.')
  const amended = counter('amended_total', 'Results that were judged anew, by their new verdict.', ['verdict'])
  const arrivals = counter('mailbox_arrivals_total', 'What came to test addresses, by kind.', ['kind'])
  const refusals = counter('refused_total', 'Requests that were refused, by problem.', ['problem'])
  // Prometheus sees no increase in what was not there before.
  for (const problem of Object.keys(PROBLEMS)) refusals.inc({ problem }, 0)
  const exceeded = counter('quota_exceeded_total', 'Requests that a quota refused, by its name.', ['policy'])
  new Gauge({
    name: 'relay_tests_info',
    help: 'The version of the service; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version: VERSION }, 1)
  new Gauge({
    name: 'relay_tests_config_reload_success',
    help: 'Whether the newest version of a configuration file is in use.',
    labelNames: ['file'],
    registers,
    collect() {
      for (const [file, { error }] of Object.entries(files)) this.set({ file }, error === null ? 1 : 0)
    },
  })
  new Gauge({
    name: 'relay_tests_config_loaded_timestamp_seconds',
    help: 'When the version of a configuration file that is in use was loaded.',
    labelNames: ['file'],
    registers,
    collect() {
      for (const [file, { loadedAt }] of Object.entries(files)) this.set({ file }, loadedAt.getTime() / 1000)
    },
  })
  new Gauge({
    name: 'relay_tests_vantage_up',
    help: 'Whether tests can be made from a vantage; none before it has been looked at.',
    labelNames: ['vantage'],
    registers,
    collect() {
      // A vantage that is in the file no more has no state.
      this.reset()
      for (const { name: vantage, state } of vantages.views()) {
        if (state !== 'unknown') this.set({ vantage }, state === 'up' ? 1 : 0)
      }
    },
  })
  if (storeServer) {
    new Gauge({
      name: 'relay_tests_redis_up',
      help: 'Whether Redis takes writes; without it nothing is tested.',
      registers,
      async collect() {
        this.set((await storeServer.isUp()) ? 1 : 0)
      },
    })
  }
  return {
    begun() {
      inFlight.inc()
      return ({ verdict, reason, suite, durationMs }, { dialled, messagesAccepted }, phases) => {
        inFlight.dec()
        finished.inc({ verdict: verdict ?? 'none', reason: reason ?? 'none', suite })
        duration.observe({ verdict: verdict ?? 'none' }, (durationMs ?? 0) / 1000)
        for (const [name, ms] of Object.entries(phases ?? {})) {
          if (ms !== null) phase.observe({ phase: name }, ms / 1000)
        }
        connections.inc(dialled.length)
        messages.inc(messagesAccepted)
      }
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
    text: () => registry.metrics(),
  }
}

/** Serves `GET /metrics`, and nothing else, on a port of its own: it is not for callers. */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics is all there is here.\n')
      return
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  return server
}
