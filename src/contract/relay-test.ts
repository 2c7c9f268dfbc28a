/** The request and the answer of a relay test: the schemas that check them, and their documentation. */
import { z } from 'zod'
import { identifier } from './ids.ts'
import { knownMailbox } from './mailbox.ts'
import { domainMember, ipMember, portMember, referenceMember } from './target.ts'
import { VANTAGE_NAME } from './vantages.ts'
import {
  CAUSES,
  DOMAIN_SOURCES,
  EVIDENCES,
  FINDINGS,
  FOLLOW_UP_OUTCOMES,
  MAILBOX_SOURCES,
  OUTCOMES,
  PROOFS,
  REASONS,
  REFUSALS,
  STATUSES,
  SUITES,
  VERDICTS,
  WHYS,
} from './words.ts'

/** Describes a word list that may grow: a plain string in JSON, with the known words as examples. */
const openWord = (words: readonly string[], description: string) =>
  z.string().meta({ description: `${description} May grow: read an unknown word as "other".`, examples: [...words] })

/** An ISO 8601 time in UTC with milliseconds. */
const time = z.string().meta({ format: 'date-time' })

/**
 * The body of `POST /relay-tests`. service/request.ts also checks that `ip` is an address and that `port` is allowed,
 * because src/ip owns the only address parser.
 */
export const relayTestRequest = z
  .strictObject(
    {
      ip: ipMember.meta({
        description: 'The address of the mail server: an IPv4 or IPv6 address, not a host name.',
        format: 'ip',
        examples: ['203.0.113.25'],
      }),
      customerId: identifier.optional().meta({
        description:
          'The customer that the server belongs to. Default: the owner of the address (longest prefix of all customers).',
      }),
      domain: domainMember.optional().meta({
        description:
          "A mail domain that the server accepts mail for; it must belong to the customer. Default: the domain of `knownMailbox`, otherwise the customer's first domain.",
        examples: ['example.com'],
      }),
      knownMailbox: knownMailbox.optional().meta({
        description:
          "A mailbox that exists at the server, at a domain of the customer. With it, the test understands refusals in any words. It is used in MAIL and RCPT only: no message is sent to it. A test without `domain` uses the domain of this mailbox. Default: the customer's first mailbox at the domain of the test.",
        examples: ['jane@example.com'],
      }),
      port: portMember.default(25).meta({ description: 'Default: 25.' }),
      suite: z
        .enum(SUITES, { error: `must be one of ${SUITES.join(', ')}` })
        .default('standard')
        .meta({ description: 'Default: `standard`.' }),
      proof: z
        .enum(PROOFS, { error: `must be one of ${PROOFS.join(', ')}` })
        .optional()
        .meta({
          description:
            'How far the test goes. `recipient` stops at the reply to RCPT; `message` sends a test message if the server accepts one; `delivery` also waits for that message in our own mailbox. Default: `delivery` if this service has a mailbox, otherwise `message`.',
        }),
      vantage: z
        .string({ error: 'must be the name of a vantage, such as "syd-1"' })
        .regex(VANTAGE_NAME, 'must be the name of a vantage, such as "syd-1"')
        .optional()
        .meta({
          description:
            "The name of the vantage to test from (see `GET /vantages`). Default: the first vantage that is up, has the address's IP version and is outside the customer's networks.",
          examples: ['syd-1'],
        }),
      followUp: z.boolean({ error: 'must be true or false' }).optional().meta({
        description:
          'Whether the service visits the server again by itself if it puts us off, for example by greylisting: at most three times. Each visit amends the result; `followUpAt` says when the next one is. Default: true with `Prefer: respond-async`, otherwise false.',
      }),
      reference: referenceMember.optional().meta({
        description: 'Your own reference. It appears in the result and the logs, and is never sent to the mail server.',
      }),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? 'unknown member: remove it'
          : 'the body must be a JSON object, such as {"ip": "203.0.113.25"}',
    },
  )
  .meta({ id: 'RelayTestRequest' })
export type RelayTestRequest = z.output<typeof relayTestRequest>
/** A request as a caller writes it: members with a default are optional. */
export type NewRelayTest = z.input<typeof relayTestRequest>

const reply = z
  .object({
    code: z.int().meta({ description: 'Three-digit SMTP reply code (RFC 5321 section 4.2).' }),
    enhanced: z.string().nullable().meta({ description: 'Enhanced status code (RFC 3463), such as `5.7.1`.' }),
    lines: z.array(z.string()).meta({ description: 'The text of each line, in printable ASCII.' }),
  })
  .meta({ id: 'Reply' })

export const attempt = z
  .object({
    form: z.string().meta({
      description: 'The way of writing the envelope. New forms may be added.',
      examples: ['outside-sender', 'own-domain-sender', 'null-sender', 'percent-hack'],
    }),
    // Results that an older version stored do not have this member.
    says: z.string().default('').meta({
      description: 'What was tried, in everyday words, such as "From a stranger to an outside address".',
    }),
    control: z.boolean().meta({
      description:
        'Whether this attempt only helps to understand the others. The answer of a healthy server to it is known, and an acceptance is no sign of relaying.',
    }),
    mailFrom: z
      .string()
      .nullable()
      .meta({ description: 'The sender in MAIL FROM, without angle brackets. Empty for the null sender.' }),
    rcptTo: z.string().nullable().meta({ description: 'The recipient in RCPT TO, without angle brackets.' }),
    outcome: z.enum(OUTCOMES),
    refusal: openWord(REFUSALS, 'Why the server refused or deferred it.').nullable(),
    evidence: z.enum(EVIDENCES),
    why: openWord(WHYS, 'Why it was not run, or got no answer.').nullable(),
    reply: reply.nullable().meta({ description: 'The reply that decided this attempt. Null if there was none.' }),
    connection: z.int().nullable().meta({ description: 'The number of the connection that it ran on, from 1.' }),
    // Results that an older version stored do not have this member.
    vantage: z.string().nullable().default(null).meta({
      description:
        'The name of the vantage that it ran from, if the test used two. Null if it used one. Each vantage has its own attempts.',
    }),
  })
  .meta({ id: 'Attempt' })
export type AttemptView = z.output<typeof attempt>

export const transcriptLine = z
  .object({
    ms: z.int().meta({ description: 'Milliseconds since the test started.' }),
    connection: z.int().meta({ description: 'The number of the connection, from 1.' }),
    from: z.enum(['client', 'server', 'event']),
    line: z.string().meta({
      description: 'The line in printable ASCII. Every other byte, and the backslash, is written as `\\xNN`.',
    }),
    answers: z.int().nullable().meta({ description: 'The index of the client line that this server line answers.' }),
    key: z.boolean().meta({ description: 'Whether this line decided the verdict.' }),
    // Results that an older version stored do not have this member.
    vantage: z.string().nullable().default(null).meta({
      description: 'The name of the vantage that it belongs to, if the test used two. Null if it used one.',
    }),
  })
  .meta({ id: 'TranscriptLine' })
export type TranscriptLine = z.output<typeof transcriptLine>

const vantage = z.object({ name: z.string(), ip: z.string().nullable(), ehlo: z.string().nullable() })

const server = z
  .object({
    greeting: z.string(),
    software: z.object({ name: z.string(), version: z.string().nullable() }).nullable(),
    extensions: z
      .array(z.string())
      .meta({ description: 'The extensions that the server listed in its reply to EHLO.' }),
    tls: z
      .object({
        protocol: z.string(),
        cipher: z.string(),
        authorized: z.boolean().meta({ description: 'Whether the certificate could be verified.' }),
        error: z.string().nullable(),
      })
      .nullable(),
    // Results that an older version stored do not have this member.
    seesUsAs: z.string().nullable().default(null).meta({
      description:
        'The address that the server writes down for us, in a message that it passes on or in its reply to EHLO. If it is not an address of the vantage, a proxy or NAT hides the clients of the server. Null if the server writes none.',
    }),
  })
  .meta({ id: 'MailServer' })
export type MailServer = z.output<typeof server>

const finding = z
  .object({
    code: openWord(FINDINGS, 'What was found.'),
    says: z.string().meta({ description: 'What was found, in sentences that can be read out.' }),
    steps: z.array(z.string()).meta({ description: 'What to do about it.' }),
    references: z.array(z.string()),
  })
  .meta({ id: 'Finding' })
export type FindingView = z.output<typeof finding>

const related = z
  .object({
    ip: z.string(),
    port: z.int(),
    lastVerdict: z.enum(VERDICTS).nullable(),
    lastAt: time.nullable().meta({ description: 'When the last test of it ended. Null if none is known.' }),
  })
  .meta({ id: 'RelatedAddress' })
export type RelatedAddress = z.output<typeof related>

export const followUpView = z
  .object({
    at: time,
    outcome: openWord(FOLLOW_UP_OUTCOMES, 'How the follow-up ended.'),
    says: z.string().meta({ description: 'What happened, in a sentence that can be read out.' }),
  })
  .meta({ id: 'FollowUp' })
export type FollowUpView = z.output<typeof followUpView>

/** One relay test as the API shows it. docs/verdict.md explains the verdict. */
export const relayTest = z
  .object({
    id: z.uuid(),
    status: z.enum(STATUSES),
    customerId: z.string(),
    reference: z.string().nullable(),
    // Results that an older version stored do not have this member.
    sweepId: z
      .uuid()
      .nullable()
      .default(null)
      .meta({ description: 'The sweep that the test belongs to. Null if it belongs to none.' }),
    ip: z.string(),
    port: z.int(),
    domain: z.string().nullable(),
    domainSource: z.enum(DOMAIN_SOURCES).nullable(),
    // Results that an older version stored do not have the next two.
    knownMailbox: z
      .string()
      .nullable()
      .default(null)
      .meta({ description: 'The mailbox at the server that the test could rely on. Null if it knew none.' }),
    knownMailboxSource: openWord(MAILBOX_SOURCES, 'Where the known mailbox comes from.').nullable().default(null),
    suite: z.enum(SUITES),
    proof: z.enum(PROOFS),
    createdAt: time.meta({ description: 'When the service accepted the request.' }),
    // Results that an older version stored do not have the next three.
    queuedAt: time.nullable().default(null).meta({
      description:
        'When the test began to wait for a slot. Null if it did not wait. Only tests with `Prefer: respond-async` wait.',
    }),
    position: z.int().nullable().default(null).meta({
      description:
        'The position of a waiting test among all that wait, in the order of their requests: 1 is the first. Null if the test does not wait.',
    }),
    startedAt: time.nullable().default(null).meta({
      description: 'When the test started. Null while it waits, and if it ended without a start.',
    }),
    finishedAt: time.nullable(),
    settledAt: time.nullable().meta({ description: 'After this time the result no longer changes.' }),
    amendedAt: time.nullable().meta({
      description:
        'When the result last changed after its end: a message or bounce arrived late, or a follow-up was made or cancelled. Null if it did not.',
    }),
    // Results that an older version stored do not have the next two.
    followUpAt: time.nullable().default(null).meta({
      description:
        'When the service visits the server again by itself. The result may change then. Null if it will not.',
    }),
    followUps: z.array(followUpView).default([]).meta({ description: 'The later visits so far, the first one first.' }),
    durationMs: z.int().nullable(),
    testerVersion: z.string(),
    vantage: vantage.meta({ description: 'Where the test came from: its first vantage, if it used two.' }),
    secondVantage: vantage.nullable().default(null).meta({
      description:
        'The vantage that went on with the test, because the first one got no clear answer. Null if there was none.',
    }),
    server: server.nullable(),
    verdict: z.enum(VERDICTS).nullable().meta({ description: 'Null while the test runs.' }),
    evidence: z.enum(EVIDENCES).nullable(),
    reason: openWord(REASONS, 'Why the verdict is inconclusive. Null for other verdicts.').nullable(),
    cause: openWord(
      CAUSES,
      'What an open server trusts. Null if that is not clear, and for other verdicts.',
    ).nullable(),
    caveats: z.array(z.string()).meta({ description: 'What else to know about the verdict. May grow.' }),
    summary: z
      .string()
      .nullable()
      .meta({ description: 'The result in one to three plain sentences that can be read out on the phone.' }),
    retryAfter: z
      .int()
      .nullable()
      .meta({ description: 'Seconds after which another test may find out more. Null if waiting does not help.' }),
    attempts: z.array(attempt),
    delivery: z
      .object({
        form: z.string(),
        receivedAt: time,
        afterMs: z.int(),
        from: z.object({ ip: z.string().nullable(), helo: z.string().nullable() }),
        multiHop: z.boolean().meta({ description: 'Whether another server than the target delivered the message.' }),
      })
      .nullable()
      .meta({
        description: 'The arrival of the test message in our own mailbox. Null while nothing has arrived.',
      }),
    remedy: z
      .object({
        software: z.string().nullable(),
        title: z.string(),
        steps: z.array(z.string()),
        references: z.array(z.string()),
      })
      .nullable()
      .meta({
        description:
          'What to do: how to close an open server, or how to get an answer. Null if there is nothing to do.',
      }),
    // Results that an older version stored do not have the next two.
    findings: z.array(finding).default([]).meta({
      description: 'Other things that the test found, apart from relaying. They never change the verdict.',
    }),
    related: z.array(related).default([]).meta({
      description:
        'Other addresses of the same host name or mail domain that you may test, each with its last verdict, at most 8. A server can be closed on IPv4 and open on IPv6.',
    }),
    transcript: z.array(transcriptLine),
    truncated: z.boolean().meta({ description: 'Whether the transcript was cut at its size limit.' }),
  })
  .meta({ id: 'RelayTest' })
export type RelayTest = z.output<typeof relayTest>

/** A result without its details, for lists. */
export const relayTestSummary = relayTest
  .pick({
    id: true,
    status: true,
    customerId: true,
    reference: true,
    ip: true,
    port: true,
    domain: true,
    suite: true,
    proof: true,
    createdAt: true,
    finishedAt: true,
    amendedAt: true,
    followUpAt: true,
    verdict: true,
    evidence: true,
    reason: true,
    cause: true,
    summary: true,
  })
  .meta({ id: 'RelayTestSummary' })
export type RelayTestSummary = z.output<typeof relayTestSummary>

/** Returns the part of a result that lists show. */
export function summaryOf(result: RelayTest): RelayTestSummary {
  const { id, status, customerId, reference, ip, port, domain, suite, proof, createdAt } = result
  const { finishedAt, amendedAt, followUpAt, verdict, evidence, reason, cause, summary } = result
  return {
    id,
    status,
    customerId,
    reference,
    ip,
    port,
    domain,
    suite,
    proof,
    createdAt,
    finishedAt,
    amendedAt,
    followUpAt,
    verdict,
    evidence,
    reason,
    cause,
    summary,
  }
}

/** The body of `GET /relay-tests`. */
export const relayTestList = z
  .object({
    relayTests: z.array(relayTestSummary).meta({ description: 'Newest first.' }),
    nextCursor: z.string().nullable().meta({
      description:
        'Where the list goes on: give it as `cursor`. Null at the end. An answer before the end may have fewer tests than `limit`.',
    }),
  })
  .meta({ id: 'RelayTestList' })
export type RelayTestList = z.output<typeof relayTestList>

/** The request headers of `POST /relay-tests` that change how it works. */
export const relayTestHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
    .optional()
    .meta({
      description:
        'Makes retries safe: all requests of one caller with the same key start one test, and get its result for as long as it is kept. A test with a key continues when its caller disconnects. Such as `5f0c7a52-onboarding-203.0.113.25`.',
    }),
  prefer: z.string().optional().meta({
    description:
      '`respond-async` asks the service not to wait for the result: the answer is 202 (201 for an event stream), and the result is under its `Location`.',
  }),
})
