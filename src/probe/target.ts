/** What is known of the target's names, from the request and from its first session. Forms are written with them. */
import { DOMAIN_NAME } from '../contract/domain.ts'
import type { DomainSource } from '../contract/words.ts'
import { type Address, addressLiteral } from '../ip/address.ts'
import type { KnownNames } from '../relay/envelope.ts'
import { type Form, formOf, type TestAddresses } from '../relay/forms.ts'
import type { Session } from './session.ts'

/** The target's own mail domain, and how we know it. */
export interface OwnDomain {
  readonly name: string
  readonly source: DomainSource
}

/** What names are taken from. */
export interface TargetOptions {
  readonly address: Address
  /** The target's own mail domain, where the request or the customers file says it. */
  readonly domain: OwnDomain | null
  addressesFor(form: Form): TestAddresses
}

/** The target's names, once it has greeted us. */
export class Target {
  /** The host name that the greeting begins with (RFC 5321 section 4.2); null where it is no domain name. */
  readonly host: string | null
  readonly domain: OwnDomain | null
  /** Names and addresses that replies may repeat. Words inside them mean nothing. */
  readonly echoes: readonly string[]
  readonly #options: TargetOptions

  constructor(options: TargetOptions, first: Session) {
    const { address, domain, addressesFor } = options
    this.#options = options
    const [name = ''] = first.greeting?.reply.lines[0]?.split(' ') ?? []
    this.host = DOMAIN_NAME.test(name) ? name.toLowerCase() : null
    this.domain = domain ?? (this.host === null ? null : { name: this.host, source: 'greeting' })
    const { sender } = addressesFor(formOf('outside-sender'))
    const ours = [sender.slice(sender.lastIndexOf('@') + 1), first.ehlo, first.localAddress?.text]
    this.echoes = [...ours, address.text, this.domain?.name].filter((echo) => echo !== undefined && echo !== null)
  }

  /** Whether we know the own domain from somebody who is responsible for it, and not only from the greeting. */
  get isDomainCertain(): boolean {
    return this.domain !== null && this.domain.source !== 'greeting'
  }

  /** Returns the names that a form is written with. */
  namesFor(form: Form): KnownNames {
    const literal = addressLiteral(this.#options.address)
    const { sender, recipient } = this.#options.addressesFor(form)
    return { sender, recipient, domain: this.domain?.name ?? null, host: this.host, literal }
  }

  /**
   * Whether a form may go on to DATA. A name that only the greeting gave is good enough to ask with, but not to send
   * mail to, and a message from some senders could loop.
   */
  mayCarryMessage({ sender, recipient, control }: Form): boolean {
    const needs = [sender.needs, recipient.needs]
    const fromGreeting = needs.includes('host') || (needs.includes('domain') && !this.isDomainCertain)
    return !control && sender.carriesMessage && !fromGreeting
  }
}
