import { DOMAIN_NAME } from '../contract/domain.ts'
import type { DomainSource } from '../contract/words.ts'
import { type Address, addressLiteral } from '../ip/address.ts'
import { type Form, formOf, type TestAddresses } from './forms.ts'
import type { KnownNames } from './plan.ts'
import type { Session } from './session.ts'

/** The target's own mail domain, and who says so. */
export interface OwnDomain {
  readonly name: string
  readonly source: DomainSource
}

/** What is known of the target's names, once it has greeted. */
export class Target {
  readonly #address: Address
  readonly #given: OwnDomain | null
  readonly #addressesFor: (form: Form) => TestAddresses
  #session: Session | null = null
  #echoes: readonly string[] | null = null

  constructor(address: Address, given: OwnDomain | null, addressesFor: (form: Form) => TestAddresses) {
    this.#address = address
    this.#given = given
    this.#addressesFor = addressesFor
  }

  /** Takes in what the first session showed. */
  greeted(session: Session | null): void {
    this.#session = session
    this.#echoes = null
  }

  /** The name that the greeting begins with, where it is a domain name. */
  get host(): string | null {
    const [name = ''] = this.#session?.greeting?.reply.lines[0]?.split(' ') ?? []
    return DOMAIN_NAME.test(name) ? name.toLowerCase() : null
  }

  get domain(): OwnDomain | null {
    const { host } = this
    return this.#given ?? (host === null ? null : { name: host, source: 'greeting' })
  }

  /** What a form is written from. */
  namesFor(form: Form): KnownNames {
    const literal = addressLiteral(this.#address)
    const { sender, recipient } = this.#addressesFor(form)
    return { sender, recipient, domain: this.domain?.name ?? null, host: this.host, literal }
  }

  /**
   * Whether a form may go on to DATA: a name that only the greeting gave is good enough to ask with, not to send mail in,
   * and some senders must not be heard of again.
   */
  mayCarryMessage({ sender, recipient, control }: Form): boolean {
    const needs = [sender.needs, recipient.needs]
    const fromGreeting = needs.includes('host') || (needs.includes('domain') && this.domain?.source === 'greeting')
    return !control && sender.carriesMessage && !fromGreeting
  }

  /** Names that replies may echo: words in them mean nothing. */
  echoes(): readonly string[] {
    this.#echoes ??= this.#names()
    return this.#echoes
  }

  #names(): string[] {
    const { sender } = this.#addressesFor(formOf('outside-sender'))
    const { ehlo, localAddress } = this.#session ?? {}
    const ours = [sender.slice(sender.lastIndexOf('@') + 1), ehlo, localAddress?.text]
    return [...ours, this.#address.text, this.domain?.name].filter((name) => name !== undefined && name !== null)
  }
}
