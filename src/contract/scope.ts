/** The lists that tell a caller what may be tested: customers, and the addresses behind a name. */
import { z } from 'zod'
import { helpMember, typeMember } from './problems.ts'

/** The number of customers on one page. */
export const CUSTOMERS_PAGE = 100

/** The body of `GET /customers`. */
export const customerList = z
  .object({
    customers: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          networks: z.array(z.string()).meta({ examples: [['203.0.113.0/24', '2001:db8:25::/48']] }),
          domains: z.array(z.string()).meta({ description: 'A test without `domain` uses the first one.' }),
          mailboxes: z.array(z.string()).meta({
            description: 'Mailboxes that exist. A test without `knownMailbox` uses the first one at its domain.',
          }),
        }),
      )
      .meta({ description: `Sorted by id, at most ${CUSTOMERS_PAGE}.` }),
    next: z.string().nullable().meta({ description: 'The value of `after` for the next page. Null on the last page.' }),
  })
  .meta({ id: 'CustomerList' })
export type CustomerList = z.output<typeof customerList>
export type Customer = CustomerList['customers'][number]

/** The body of `GET /addresses`. */
export const addressList = z
  .object({
    name: z
      .string()
      .meta({ description: 'The name that was asked for, in lower case, or the address in its canonical form.' }),
    mx: z
      .array(
        z.object({
          preference: z.int(),
          host: z.string().meta({ description: '`.` if the domain receives no mail (RFC 7505).' }),
        }),
      )
      .meta({
        description:
          'The three most preferred mail exchangers of the domain. A key that is limited to some customers does not see a mail exchanger whose addresses are all in ranges that are never tested.',
      }),
    addresses: z
      .array(
        z.object({
          ip: z.string(),
          host: z
            .string()
            .nullable()
            .meta({ description: 'The host name that has this address. Null if the address itself was asked for.' }),
          preference: z
            .int()
            .nullable()
            .meta({ description: 'The preference of the MX record. Null for an address of the name itself.' }),
          testable: z.boolean().meta({ description: 'Whether this key may test it.' }),
          customerId: z
            .string()
            .nullable()
            .meta({ description: 'The customer that a test would be for. Null if this key may not test the address.' }),
          domain: z
            .string()
            .nullable()
            .meta({ description: 'The mail domain that a test would use. Null if there is none.' }),
          problem: z
            .object({
              type: typeMember,
              detail: z.string(),
              help: helpMember,
            })
            .nullable()
            .meta({ description: 'Why a test of this address would be refused. Null if it may be tested.' }),
        }),
      )
      .meta({
        description:
          'Mail exchangers first. A key that is limited to some customers does not see addresses in ranges that are never tested, such as 10.0.0.0/8.',
      }),
    unanswered: z
      .array(z.object({ name: z.string(), type: z.enum(['MX', 'A', 'AAAA']) }))
      .meta({ description: 'Questions that the name servers did not answer in time.' }),
    truncated: z
      .boolean()
      .meta({ description: 'Whether names or addresses were left out because there were too many.' }),
  })
  .meta({ id: 'AddressList' })
export type AddressList = z.output<typeof addressList>
