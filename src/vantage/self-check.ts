import type { VantageCheck, VantageView } from '../contract/vantages.ts'
import { VANTAGE_CHECKS, type VantageState } from '../contract/words.ts'
import { CHECKS, type Helpers } from './checks.ts'
import { outlookOf, ownAddresses, type Vantage } from './vantages.ts'

export interface SelfCheckOptions {
  /** Looked up anew each time: the file reloads. */
  readonly vantages: () => readonly Vantage[]
  readonly helpers: Helpers
  readonly log: Log
  /** How often all are looked at, in milliseconds. */
  readonly everyMs?: number
}

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

interface Seen {
  readonly state: VantageState
  readonly checkedAt: Date
  readonly checks: readonly VantageCheck[]
}

const EVERY_MS = 120_000

/** Without these nothing gets out; what else fails may make servers refuse us, which is for the test to find. */
const VITAL: ReadonlySet<string> = new Set(['source-address', 'proxy'])

/** Looks at the vantages at start and every two minutes, and knows which of them are down. */
export class SelfCheck {
  readonly #options: SelfCheckOptions
  readonly #everyMs: number
  /** By the vantage itself: one that was read anew is unknown again. */
  readonly #seen = new WeakMap<Vantage, Seen>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | null = null
  #nextAt = 0

  constructor(options: SelfCheckOptions) {
    this.#options = options
    this.#everyMs = options.everyMs ?? EVERY_MS
  }

  get all(): readonly Vantage[] {
    return this.#options.vantages()
  }

  isDown(vantage: Vantage): boolean {
    return this.#seen.get(vantage)?.state === 'down'
  }

  /** How long it is until all are looked at again. */
  get secondsToNextLook(): number {
    return Math.max(1, Math.ceil((this.#nextAt - performance.now()) / 1000))
  }

  /** The vantages as callers see them, in the order of the file. */
  views(): VantageView[] {
    const own = ownAddresses()
    return this.all.map((vantage) => {
      const { name, ehlo, publicIps, bind } = vantage
      const { state, checkedAt, checks } = this.#seen.get(vantage) ?? { state: 'unknown', checkedAt: null, checks: [] }
      return {
        name,
        ehlo,
        publicIps: (publicIps.length > 0 ? publicIps : bind).map(({ text }) => text),
        families: [...outlookOf(vantage, own).families].sort().map((family): 'IPv4' | 'IPv6' => `IPv${family}`),
        state,
        checkedAt: checkedAt?.toISOString() ?? null,
        checks: [...checks],
      }
    })
  }

  /** Looks now and from then on, until `stop`. */
  begin(): void {
    this.#timer = setInterval(() => void this.look(), this.#everyMs)
    this.#timer.unref()
    void this.look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The way out of a vantage has just failed: it is looked at before its turn. */
  suspect(vantage: Vantage): void {
    if (!this.isDown(vantage)) void this.look()
  }

  /** Looks at all vantages, one time at a time. Never rejects. */
  look(): Promise<void> {
    this.#nextAt = performance.now() + this.#everyMs
    this.#looking ??= Promise.all(this.all.map((vantage) => this.#lookAt(vantage)))
      .then(() => {})
      .finally(() => {
        this.#looking = null
      })
    return this.#looking
  }

  async #lookAt(vantage: Vantage): Promise<void> {
    const { helpers, log } = this.#options
    try {
      const checks = await Promise.all(
        VANTAGE_CHECKS.map(async (name) => ({ name, ...(await CHECKS[name](vantage, helpers)) })),
      )
      const isDown = checks.some(({ name, outcome }) => outcome === 'failed' && VITAL.has(name))
      const before = this.#seen.get(vantage)
      const now: Seen = { state: isDown ? 'down' : 'up', checkedAt: new Date(), checks }
      this.#seen.set(vantage, now)
      this.#tell(vantage, before, now)
    } catch (err) {
      log.error({ err, vantage: vantage.name }, 'a vantage could not be looked at')
    }
  }

  /** One line for each change. */
  #tell({ name: vantage }: Vantage, before: Seen | undefined, { state, checks }: Seen): void {
    const failed = failedIn(checks)
    if ((before?.state ?? 'up') === state && `${failedIn(before?.checks ?? [])}` === `${failed}`) return
    const { log } = this.#options
    if (state === 'down') log.error({ vantage, failed }, 'a vantage is down: nothing is tested from it')
    else if (failed.length > 0) log.warn({ vantage, failed }, 'a vantage is up, but servers may refuse it')
    else log.info({ vantage }, 'a vantage is as it should be again')
  }
}

const failedIn = (checks: readonly VantageCheck[]): string[] =>
  checks.filter(({ outcome }) => outcome === 'failed').map(({ name, detail }) => `${name}: ${detail}`)
