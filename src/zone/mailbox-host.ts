/**
 * Knows the host of our mailbox: the one that the MX record of the mailbox domain names. The names of our zone have it
 * as their first mail exchanger, so that relayed mail arrives there.
 */
import { DOMAIN_NAME } from '../contract/domain.ts'

/** How often the host is looked up again: usually, and while it is not known. Milliseconds. */
const EVERY_MS = 600_000
const SOON_MS = 15_000

export interface MailboxHostOptions {
  /** Returns the mail exchangers of the mailbox domain, the preferred one first; null if no name server answered. */
  lookUp(): Promise<readonly string[] | null>
  readonly log: { warn(fields: object, message: string): void }
  readonly domain: string
  /** The time until the next look-up, while the host is not known. Tests use a shorter one. */
  readonly soonMs?: number
}

/** The host of our mailbox, looked up now and then. */
export class MailboxHost {
  readonly #options: MailboxHostOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #isTold = false
  #current: string | null = null

  constructor(options: MailboxHostOptions) {
    this.#options = options
  }

  /** The host, in lower case; null until it is known. A look-up without an answer changes nothing. */
  get current(): string | null {
    return this.#current
  }

  /** Looks the host up, and goes on to do so until `stop`. Resolves after the first look-up. */
  async begin(): Promise<void> {
    const { lookUp, soonMs = SOON_MS } = this.#options
    const hosts = await lookUp().catch(() => null)
    const [host] = hosts?.filter((name) => DOMAIN_NAME.test(name)) ?? []
    this.#current = host?.toLowerCase() ?? this.#current
    if (this.#current === null) this.#warn()
    if (this.#isStopped) return
    this.#timer = setTimeout(() => void this.begin(), this.#current === null ? soonMs : EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** Says once that the zone has no answers yet. */
  #warn(): void {
    const { log, domain } = this.#options
    if (!this.#isTold) log.warn({ domain }, 'MX_ZONE has no answers yet: the MX record of MAILBOX_DOMAIN was not found')
    this.#isTold = true
  }
}
