/** Builds the service in this process, without HTTP, for tests of the service itself. */
import type { TestContext } from 'node:test'
import { quotasOf, settingsOf } from '../../src/app.ts'
import type { RequestContext } from '../../src/service/job.ts'
import { TestQuotas } from '../../src/service/quotas.ts'
import { realWorld } from '../../src/service/real-world.ts'
import { RelayTests } from '../../src/service/relay-tests.ts'
import { setUp } from '../../src/setup.ts'
import type { Stores } from '../../src/store/stores.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { configFolder, environmentFor, type ServiceOptions } from './service.ts'

export interface InProcess {
  readonly relayTests: RelayTests
  /** Every line of the audit log so far. */
  readonly audited: readonly Readonly<Record<string, unknown>>[]
  /** Returns the request context of a caller, which disconnects when `gone` is aborted. */
  asking(callerId: string, gone?: AbortSignal): RequestContext
}

/** Builds a replica without HTTP. Two replicas can share their stores. */
export async function inProcess(t: TestContext, stores: Stores, options: ServiceOptions = {}): Promise<InProcess> {
  const { config, customers, callers } = await setUp({ ...environmentFor(configFolder(t, options)), ...options.env })
  const audited: Readonly<Record<string, unknown>>[] = []
  const settings = settingsOf(config)
  const world = realWorld({
    customers: () => customers.current,
    vantages: { all: [DEFAULT_VANTAGE], isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    lookUp: async () => ({ mx: [], hosts: [], unanswered: [], truncated: false }),
    stores,
    deliveries: null,
    settings,
  })
  const relayTests = new RelayTests({
    worldOf: () => world,
    testingIsOn: () => customers.current.testing,
    callerNow: (id) => callers.current.named(id),
    audit: async (entry) => void audited.push(entry),
    stores,
    quotas: new TestQuotas(quotasOf(config), stores.counters),
    observer: { started: () => () => {}, amended() {} },
    settings,
    hasMailbox: false,
  })
  return {
    relayTests,
    audited,
    asking(callerId, gone = new AbortController().signal) {
      const caller = callers.current.all.find(({ id }) => id === callerId)
      if (!caller) throw new Error(`no caller ${callerId}`)
      const whenGone = (left: () => void) => gone.addEventListener('abort', left)
      return { caller, requestId: 'request', quotaStates: new Map(), whenGone, log: { info() {}, error() {} } }
    },
  }
}
