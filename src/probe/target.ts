/** Knows the target's names, from the request and from the first session, so that forms can be written with them. */
import type { DomainSource } from '../contract/words.ts'
import { type Address, addressLiteral } from '../ip/address.ts'
import type { KnownNames } from '../relay/envelope.ts'
import { type Form, formOf, type TestAddresses } from '../relay/forms.ts'
import { hostOf, type Session } from './session.ts'

/** The target's own mail domain, and where we know it from. */
export interface OwnDomain {
  readonly name: string
  readonly source: DomainSource
}

/** The sources of the names. */
export interface TargetOptions {
  readonly address: Address
  /** The own domain from the request or the customers file; null if neither has one. */
  readonly domain: OwnDomain | null
  /** A mailbox that exists at the target, from the request or the customers file; null if neither has one. */
  readonly knownMailbox: string | null
  addressesFor(form: Form): TestAddresses
  /**
   * Returns the domain in our zone whose MX records name the target, by its address and by its host name. Absent if the
   * installation has no zone.
   */
  steeredDomain?(host: string | null): string
}

/** The target's names. */
export class Target {
  /** The host name that the server gives in its greeting or in its reply to EHLO; null if it gives none. */
  readonly host: string | null
  readonly domain: OwnDomain | null
  readonly knownMailbox: string | null
  /** Names and addresses that replies may repeat. Words inside them say nothing about a refusal. */
  readonly echoes: readonly string[]
  /** The domain in our zone whose MX records name the target; null if the installation has no zone. */
  readonly steered: string | null
  readonly #options: TargetOptions

  constructor(options: TargetOptions, first: Session) {
    const { address, domain, knownMailbox, addressesFor } = options
    this.#options = options
    this.host = hostOf(first)
    this.domain = domain ?? (this.host === null ? null : { name: this.host, source: 'greeting' })
    this.knownMailbox = knownMailbox
    this.steered = options.steeredDomain?.(this.host) ?? null
    const { sender } = addressesFor(formOf('outside-sender'))
    const ours = [this.steered, sender.slice(sender.lastIndexOf('@') + 1), first.ehlo, first.localAddress?.text]
    // The mailbox comes before its domain, so that the whole address is found.
    const theirs = [address.text, knownMailbox, this.domain?.name]
    this.echoes = [...ours, ...theirs].filter((echo) => echo !== undefined && echo !== null)
  }

  /** Whether the own domain comes from the request or the customers file, and not only from the greeting. */
  get isDomainCertain(): boolean {
    return this.domain !== null && this.domain.source !== 'greeting'
  }

  /** Returns the names that a form is written with. */
  namesFor(form: Form): KnownNames {
    const literal = addressLiteral(this.#options.address)
    const { sender, recipient } = this.#options.addressesFor(form)
    return {
      sender,
      recipient,
      domain: this.domain?.name ?? null,
      host: this.host,
      literal,
      mailbox: this.knownMailbox,
      steered: this.steered && `${recipient.slice(0, recipient.lastIndexOf('@'))}@${this.steered}`,
    }
  }

  /**
   * Whether a message may be sent for a form. Not if it could loop, and not if the form needs a name that only the
   * greeting gave: we ask with such a name, but send no mail with it. A host name in the own domain counts as known.
   */
  mayCarryMessage({ sender, recipient }: Form): boolean {
    const needs = [sender.needs, recipient.needs]
    const fromGreeting =
      (needs.includes('host') && !this.#isHostOwn) || (needs.includes('domain') && !this.isDomainCertain)
    return recipient.kind !== 'local' && sender.carriesMessage && !fromGreeting
  }

  /** Whether the host name is in the own domain, and that domain is certain. */
  get #isHostOwn(): boolean {
    return this.isDomainCertain && `.${this.host}`.endsWith(`.${this.domain?.name}`)
  }
}
