/** The members of a request that name a server: the same for one test and for a target of a sweep. */
import { z } from 'zod'
import { DOMAIN_NAME } from './domain.ts'

const PORT = 'must be a port number, such as 25'
const REFERENCE = 'must be 1 to 64 printable ASCII characters, such as "TICKET-4711"'
const DOMAIN =
  'must be a mail domain of letters, digits and hyphens, such as "example.com" (write international names as xn--…)'

/** An address as text. service/request.ts and sweeps/request.ts read it, because src/ip owns the only parser. */
export const ipMember = z.string({ error: 'must be an IPv4 or IPv6 address in a string, such as "203.0.113.25"' })

export const portMember = z.int({ error: PORT }).min(1, PORT).max(65535, PORT)

export const domainMember = z
  .string({ error: 'must be a mail domain, such as "example.com"' })
  .max(253, 'must have at most 253 characters')
  .regex(DOMAIN_NAME, DOMAIN)
  .toLowerCase()

export const referenceMember = z.string({ error: REFERENCE }).regex(/^[\x20-\x7e]{1,64}$/, REFERENCE)
