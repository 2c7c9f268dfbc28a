/** Builds the service in this process, without HTTP, for tests of the service itself. */
import { quotasOf, settingsOf } from '../../src/app.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import { Queues } from '../../src/queue/queues.ts'
import { Amendments } from '../../src/service/amend.ts'
import { followUpOptions } from '../../src/service/follow-ups.ts'
import type { RequestContext } from '../../src/service/job.ts'
import { TestQuotas } from '../../src/service/quotas.ts'
import { realWorld } from '../../src/service/real-world.ts'
import { RelayTests } from '../../src/service/relay-tests.ts'
import { WaitingList, waitingListOptions } from '../../src/service/waiting-list.ts'
import type { World } from '../../src/service/world.ts'
import { type Setup, setUp } from '../../src/setup.ts'
import type { Stores } from '../../src/store/stores.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { configFolder, type Ending, environmentFor, type ServiceOptions } from './service.ts'

export interface InProcess {
  readonly relayTests: RelayTests
  /** Every line of the audit log so far. */
  readonly audited: readonly Readonly<Record<string, unknown>>[]
  /** Returns the request context of a caller, which disconnects when `gone` is aborted. */
  asking(callerId: string, gone?: AbortSignal): RequestContext
}

export interface InProcessOptions extends ServiceOptions {
  /** Replaces how a mail server is asked. */
  readonly run?: World['run']
  /** The queue in which tests wait for a slot, if it is not in memory. */
  readonly queues?: Pick<Queues, 'open'>
  /** Configuration that has been read already. */
  readonly setup?: Setup
}

/** Reads the configuration of a service on loopback. */
export const readSetup = (t: Ending, options: ServiceOptions): Promise<Setup> =>
  setUp({ ...environmentFor(configFolder(t, options)), ...options.env })

/** Builds a replica without HTTP. Two replicas can share their stores. */
export async function inProcess(t: Ending, stores: Stores, options: InProcessOptions = {}): Promise<InProcess> {
  const { config, customers, callers } = options.setup ?? (await readSetup(t, options))
  const audited: Readonly<Record<string, unknown>>[] = []
  const settings = settingsOf(config)
  const real = realWorld({
    customers: () => customers.current,
    vantages: { all: [DEFAULT_VANTAGE], isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    lookUp: async () => ({ mx: [], hosts: [], unanswered: [], truncated: false }),
    addressesOf: async () => [],
    stores,
    deliveries: null,
    settings,
  })
  const log = { info() {}, error() {} }
  const queues = options.queues ?? new Queues(memoryQueue)
  const world = { ...real, ...(options.run ? { run: options.run } : {}) }
  const relayTests = new RelayTests({
    worldOf: () => world,
    log,
    amendments: new Amendments({ stores, log, amended() {} }),
    followUpQueue: queues.open(followUpOptions(settings.maxConcurrent)),
    followUpPausesMs: [],
    testingIsOn: () => customers.current.testing,
    callerNow: (id) => callers.current.named(id),
    audit: async (entry) => void audited.push(entry),
    stores,
    quotas: new TestQuotas(quotasOf(config), stores.counters),
    waitingList: new WaitingList(queues.open(waitingListOptions(settings.maxConcurrent))),
    observer: { started: () => () => {}, moved() {}, amended() {} },
    announcer: { async finished() {}, async amended() {} },
    settings,
    hasMailbox: false,
  })
  relayTests.startWaiting()
  t.after(() => relayTests.stopWaiting())
  return {
    relayTests,
    audited,
    asking(callerId, gone = new AbortController().signal) {
      const caller = callers.current.all.find(({ id }) => id === callerId)
      if (!caller) throw new Error(`no caller ${callerId}`)
      const whenGone = (left: () => void) => gone.addEventListener('abort', left)
      return { caller, requestId: 'request', quotaStates: new Map(), whenGone, log }
    },
  }
}
