import { z } from 'zod'

/** How many customers a page has. */
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
          domains: z.array(z.string()).meta({ description: 'The first is what a test uses where it names none.' }),
        }),
      )
      .meta({ description: `By id, at most ${CUSTOMERS_PAGE}.` }),
    next: z.string().nullable().meta({ description: 'What to give as `after` for the next page; null on the last.' }),
  })
  .meta({ id: 'CustomerList' })
export type CustomerList = z.output<typeof customerList>

/** The body of `GET /addresses`. */
export const addressList = z
  .object({
    name: z.string().meta({ description: 'What was asked for, in lower case, or the address in canonical text.' }),
    mx: z
      .array(
        z.object({
          preference: z.int(),
          host: z.string().meta({ description: '`.` where the domain takes no mail (RFC 7505).' }),
        }),
      )
      .meta({ description: 'The mail exchangers of the domain, the preferred first.' }),
    addresses: z
      .array(
        z.object({
          ip: z.string(),
          host: z.string().nullable().meta({ description: 'The name that leads to it; null where it was given.' }),
          preference: z
            .int()
            .nullable()
            .meta({ description: 'Of the MX record; null for an address of the name itself.' }),
          testable: z.boolean().meta({ description: 'Whether this key may test it.' }),
          customerId: z
            .string()
            .nullable()
            .meta({ description: 'For whom it would be tested; null where it may not be.' }),
          domain: z
            .string()
            .nullable()
            .meta({ description: 'The mail domain that a test of it would use; null where there is none.' }),
          problem: z
            .object({
              type: z.string().meta({ examples: ['urn:relay-tests:problem:not-allowed'] }),
              detail: z.string(),
            })
            .nullable()
            .meta({ description: 'Why a test would be refused.' }),
        }),
      )
      .meta({
        description:
          'Mail exchangers first. A key for some customers only is not shown what lies in ranges that are not tested, such as 10.0.0.0/8.',
      }),
    unanswered: z
      .array(z.object({ name: z.string(), type: z.enum(['MX', 'A', 'AAAA']) }))
      .meta({ description: 'Questions that the name servers did not answer in time.' }),
    truncated: z.boolean().meta({ description: 'Whether more names or addresses were left out.' }),
  })
  .meta({ id: 'AddressList' })
export type AddressList = z.output<typeof addressList>
