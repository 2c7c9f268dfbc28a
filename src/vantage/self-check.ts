/** Checks every vantage at start and every two minutes, and knows which of them are down. */
import type { VantageCheck, VantageView } from '../contract/vantages.ts'
import { VANTAGE_CHECKS, type VantageState } from '../contract/words.ts'
import { CHECKS, type CheckParts } from './checks.ts'
import { EGRESS_CHECKS } from './egress.ts'
import { ownAddresses } from './interfaces.ts'
import { reachOf, type Vantage } from './vantage.ts'

export interface SelfCheckOptions {
  /** Called for every check, because the vantages file reloads. */
  readonly vantages: () => readonly Vantage[]
  readonly parts: CheckParts
  readonly log: Log
  /** The time between two checks, in milliseconds. */
  readonly everyMs?: number
}

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The results of one vantage. */
interface Report {
  readonly state: VantageState
  readonly checkedAt: Date
  readonly checks: readonly VantageCheck[]
}

const EVERY_MS = 120_000

export class SelfCheck {
  readonly #options: SelfCheckOptions
  readonly #everyMs: number
  /** The key is the object, so that a vantage is unknown again after a reload. */
  readonly #reports = new WeakMap<Vantage, Report>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #nextAt = 0

  constructor(options: SelfCheckOptions) {
    this.#options = options
    this.#everyMs = options.everyMs ?? EVERY_MS
  }

  get all(): readonly Vantage[] {
    return this.#options.vantages()
  }

  isDown(vantage: Vantage): boolean {
    return this.#reports.get(vantage)?.state === 'down'
  }

  /** The time until the next check, in seconds, at least 1. */
  get secondsToNextLook(): number {
    return Math.max(1, Math.ceil((this.#nextAt - performance.now()) / 1000))
  }

  /** Returns the vantages as callers see them, in the order of the file. */
  views(): VantageView[] {
    const own = ownAddresses()
    return this.all.map((vantage) => {
      const { name, ehlo, publicIps, egress } = vantage
      const unknown = { state: 'unknown' as const, checkedAt: null, checks: [] }
      const { state, checkedAt, checks } = this.#reports.get(vantage) ?? unknown
      return {
        name,
        ehlo,
        publicIps: (publicIps.length > 0 ? publicIps : egress.bind).map(({ text }) => text),
        families: [...reachOf(vantage, own).families].sort().map((family): 'IPv4' | 'IPv6' => `IPv${family}`),
        state,
        checkedAt: checkedAt?.toISOString() ?? null,
        checks: [...checks],
      }
    })
  }

  /** Checks now, and then regularly until `stop`. */
  begin(): void {
    this.#timer = setInterval(() => void this.look(), this.#everyMs)
    this.#timer.unref()
    void this.look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Checks early, because a connection from this vantage has just failed. */
  suspect(vantage: Vantage): void {
    if (!this.isDown(vantage)) void this.look()
  }

  /** Checks all vantages. Two calls at the same time share one check. Never rejects. */
  look(): Promise<void> {
    this.#nextAt = performance.now() + this.#everyMs
    this.#running ??= Promise.all(this.all.map((vantage) => this.#check(vantage)))
      .then(() => {})
      .finally(() => {
        this.#running = null
      })
    return this.#running
  }

  async #check(vantage: Vantage): Promise<void> {
    const { parts, log } = this.#options
    try {
      const checks = await Promise.all(
        VANTAGE_CHECKS.map(async (name) => ({ name, ...(await CHECKS[name](vantage, parts)) })),
      )
      const isDown = checks.some(
        ({ name, outcome }) => outcome === 'failed' && EGRESS_CHECKS.some((vital) => vital === name),
      )
      const before = this.#reports.get(vantage)
      const report: Report = { state: isDown ? 'down' : 'up', checkedAt: new Date(), checks }
      this.#reports.set(vantage, report)
      this.#logChange(vantage, before, report)
    } catch (err) {
      log.error({ err, vantage: vantage.name }, 'a vantage could not be checked')
    }
  }

  /** Writes one log line for each change. */
  #logChange({ name: vantage }: Vantage, before: Report | undefined, { state, checks }: Report): void {
    const failed = failuresIn(checks)
    if ((before?.state ?? 'up') === state && `${failuresIn(before?.checks ?? [])}` === `${failed}`) return
    const { log } = this.#options
    if (state === 'down') log.error({ vantage, failed }, 'a vantage is down: nothing is tested from it')
    else if (failed.length > 0) log.warn({ vantage, failed }, 'a vantage is up, but servers may refuse it')
    else log.info({ vantage }, 'a vantage works again')
  }
}

const failuresIn = (checks: readonly VantageCheck[]): string[] =>
  checks.filter(({ outcome }) => outcome === 'failed').map(({ name, detail }) => `${name}: ${detail}`)
