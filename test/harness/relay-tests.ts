import type { TestContext } from 'node:test'
import { settingsOf } from '../../src/app.ts'
import type { TestQuotas } from '../../src/service/admission.ts'
import { type Asker, RelayTests } from '../../src/service/relay-tests.ts'
import { setUp } from '../../src/setup.ts'
import type { Stores } from '../../src/store/stores.ts'
import { DEFAULT_VANTAGE } from '../../src/vantage/vantage.ts'
import { configFolder, environmentFor, type ServiceOptions } from './service.ts'

export const NO_QUOTAS: TestQuotas = { peek: async () => null, take: async () => null }

export interface InProcess {
  readonly relayTests: RelayTests
  /** Every line of the audit log so far. */
  readonly audited: readonly Readonly<Record<string, unknown>>[]
  /** Who asks: the caller of that name, who leaves when `gone` is aborted. */
  asking(callerId: string, gone?: AbortSignal): Asker
}

/** A replica without HTTP, for what needs no more; its stores may be those of another. */
export function inProcess(t: TestContext, stores: Stores, options: ServiceOptions = {}): InProcess {
  const { config, customers, callers } = setUp({ ...environmentFor(configFolder(t, options)), ...options.env })
  const audited: Readonly<Record<string, unknown>>[] = []
  const relayTests = new RelayTests({
    customers: () => customers.current,
    vantages: { all: [DEFAULT_VANTAGE], isDown: () => false, suspect() {}, secondsToNextLook: 1 },
    audit: (entry) => void audited.push(entry),
    stores,
    deliveries: null,
    tally: { begun: () => () => {}, amended() {} },
    settings: settingsOf(config),
  })
  return {
    relayTests,
    audited,
    asking(callerId, gone = new AbortController().signal) {
      const caller = callers.current.all.find(({ id }) => id === callerId)
      if (!caller) throw new Error(`no caller ${callerId}`)
      const whenGone = (left: () => void) => gone.addEventListener('abort', left)
      return { caller, requestId: 'request', whenGone, log: { info() {}, error() {} } }
    },
  }
}
