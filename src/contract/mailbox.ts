/**
 * Says what a known mailbox looks like, for requests and for the customers file. It goes into SMTP commands, so only
 * `dot-atom@domain` in ASCII is allowed (RFC 5321 sections 4.1.2 and 4.5.3.1).
 */
import { z } from 'zod'
import { DOMAIN_NAME } from './domain.ts'

/** RFC 5321's atext, except `%` and `!`: an address with them can be a route through the server to another one. */
const ATOM = "[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
const MAILBOX = new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${DOMAIN_NAME.source.slice(1)}`)

/** Mistakes in a mailbox. The first pattern that matches says which one it is. */
const MISTAKES: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/[^ -~]/, 'in ASCII, without control characters (write an international domain as xn--…)'],
  [/ /, 'without spaces'],
  [/["<>\\]/, 'without quotes, angle brackets and backslashes'],
  [/^[^@]*$|@.*@/, 'with exactly one @'],
  [/^[^@]*[%!]/, 'without % and !: such an address can lead to another server'],
  [/^[^@]{65}/, 'with at most 64 characters before the @'],
]
const ADVICE = 'with a mail domain after the @, and before it letters, digits and marks such as . - _ +'

function explain(text: string): string {
  const [, mistake] = MISTAKES.find(([pattern]) => pattern.test(text)) ?? []
  return `must be a mailbox, such as "jane@example.com", ${mistake ?? ADVICE}`
}

/** Returns the domain of a mailbox. */
export const domainOf = (mailbox: string): string => mailbox.slice(mailbox.lastIndexOf('@') + 1)

/** A mailbox with its domain in lower case. Servers may tell upper and lower case apart before the @, so that stays. */
export const knownMailbox = z
  .string({ error: 'must be a mailbox, such as "jane@example.com"' })
  .regex(MAILBOX, { error: ({ input }) => explain(String(input)) })
  .overwrite((text) => text.slice(0, -domainOf(text).length) + domainOf(text).toLowerCase())
