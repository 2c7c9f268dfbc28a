/** Chooses the mail domain and the known mailbox of a test: those of the request, or those of the customers file. */
import { domainOf } from '../contract/mailbox.ts'
import type { DomainSource, MailboxSource } from '../contract/words.ts'
import { type Customer, hasDomain } from './customer.ts'

/** The names in a request; null for those that it leaves out. */
export interface RequestedNames {
  readonly domain: string | null
  readonly knownMailbox: string | null
}

/** The names that a test uses, and where each comes from. */
export interface OwnNames {
  readonly domain: { readonly name: string; readonly source: DomainSource } | null
  readonly knownMailbox: { readonly name: string; readonly source: MailboxSource } | null
}

/** Returns what is wrong with a domain, or a mailbox at a domain, that is not the customer's; null if all are. */
export function foreignName(
  { domain, knownMailbox }: RequestedNames,
  customer: Customer,
): { readonly pointer: string; readonly detail: string } | null {
  const domains = [
    ['/domain', domain],
    ['/knownMailbox', knownMailbox && domainOf(knownMailbox)],
  ] as const
  for (const [pointer, text] of domains) {
    const name = text?.toLowerCase()
    if (name === undefined || hasDomain(customer, name)) continue
    const listed = customer.domains.length > 0 ? customer.domains.join(', ') : 'no domains'
    const detail = `${name} is not a domain of the customer, and not a subdomain of one: customer ${customer.id} has ${listed}`
    return { pointer, detail }
  }
  return null
}

/**
 * Returns the names to test with. The domain is the requested one, that of the requested mailbox, or the customer's
 * first. The mailbox is the requested one, or the customer's first one at that domain.
 */
export function namesFor(requested: RequestedNames, customer: Customer): OwnNames {
  const domain = domainFor(requested, customer)
  if (requested.knownMailbox !== null)
    return { domain, knownMailbox: { name: requested.knownMailbox, source: 'request' } }
  const name = customer.mailboxes.find((mailbox) => domainOf(mailbox) === domain?.name)
  return { domain, knownMailbox: name === undefined ? null : { name, source: 'customer' } }
}

function domainFor({ domain, knownMailbox }: RequestedNames, { domains: [first] }: Customer): OwnNames['domain'] {
  const requested = domain ?? (knownMailbox && domainOf(knownMailbox))
  if (requested !== null) return { name: requested.toLowerCase(), source: 'request' }
  return first === undefined ? null : { name: first, source: 'customer' }
}
