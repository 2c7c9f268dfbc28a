import { z } from 'zod'
import { DOMAIN_NAME } from './domain.ts'
import { identifier } from './ids.ts'
import { VANTAGE_NAME } from './vantages.ts'
import {
  CAUSES,
  DOMAIN_SOURCES,
  EVIDENCES,
  OUTCOMES,
  PROOFS,
  REASONS,
  REFUSALS,
  STATUSES,
  SUITES,
  VERDICTS,
  WHYS,
} from './words.ts'

/** A word list that may grow: on the wire a plain string, its known words given as examples. */
const openWord = (words: readonly string[], description: string) =>
  z.string().meta({ description: `${description} May grow: read an unknown word as "other".`, examples: [...words] })

/** An ISO 8601 time in UTC with milliseconds. */
const time = z.string().meta({ format: 'date-time' })

/**
 * The body of `POST /relay-tests`. Whether `ip` is an address, and `port` one that this installation allows, is judged
 * where addresses are known (service/request.ts), so that one parser owns the rule.
 */
export const relayTestRequest = z
  .strictObject(
    {
      ip: z.string({ error: 'an IPv4 or IPv6 address in a string was expected, such as "203.0.113.25"' }).meta({
        description: 'The mail server: an IPv4 or IPv6 literal and nothing else.',
        anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }],
        examples: ['203.0.113.25'],
      }),
      customerId: identifier
        .optional()
        .meta({ description: 'Default: the owner of the address (longest prefix over all customers).' }),
      domain: z
        .string({ error: 'a mail domain was expected, such as "example.com"' })
        .max(253, 'at most 253 characters were expected')
        .regex(
          DOMAIN_NAME,
          'a mail domain of letters, digits and hyphens was expected, such as "example.com" (write international names as xn--…)',
        )
        .toLowerCase()
        .optional()
        .meta({
          description: "A mail domain the server is responsible for. Default: the customer's first.",
          examples: ['example.com'],
        }),
      port: z
        .int({ error: 'a port number was expected, such as 25' })
        .min(1, 'a port number was expected, such as 25')
        .max(65535, 'a port number was expected, such as 25')
        .default(25),
      suite: z.enum(SUITES, { error: `one of ${SUITES.join(', ')} was expected` }).default('standard'),
      proof: z
        .enum(PROOFS, { error: `one of ${PROOFS.join(', ')} was expected` })
        .optional()
        .meta({
          description:
            'How far to go: `recipient` stops at the reply to RCPT, `message` sends a test message through a server that accepts one, `delivery` waits for it in our own mailbox. Default: `delivery` where this installation has a mailbox, else `message`.',
        }),
      vantage: z
        .string({ error: 'the name of a vantage was expected, such as "syd-1"' })
        .regex(VANTAGE_NAME, 'the name of a vantage was expected, such as "syd-1"')
        .optional()
        .meta({
          description:
            "Where to test from, as `GET /vantages` names it. Default: the first that is up, has the address's IP version and lies outside the customer's networks.",
          examples: ['syd-1'],
        }),
      reference: z
        .string({ error: '1 to 64 printable ASCII characters were expected, such as "TICKET-4711"' })
        .regex(/^[\x20-\x7e]{1,64}$/, '1 to 64 printable ASCII characters were expected, such as "TICKET-4711"')
        .optional()
        .meta({ description: 'Your own reference: echoed, logged, never sent to the mail server.' }),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? 'unknown member: leave it out'
          : 'a JSON object was expected, such as {"ip": "203.0.113.25"}',
    },
  )
  .meta({ id: 'RelayTestRequest' })
export type RelayTestRequest = z.output<typeof relayTestRequest>
/** The same as a caller writes it, defaults left out. */
export type NewRelayTest = z.input<typeof relayTestRequest>

const reply = z
  .object({
    code: z.int().meta({ description: 'Three-digit SMTP reply code (RFC 5321 section 4.2).' }),
    enhanced: z.string().nullable().meta({ description: 'Enhanced status code (RFC 3463), such as `5.7.1`.' }),
    lines: z.array(z.string()).meta({ description: 'The text of each line, as printable ASCII.' }),
  })
  .meta({ id: 'Reply' })

export const attempt = z
  .object({
    form: z.string().meta({
      description: 'The way of writing the envelope. New forms may appear.',
      examples: ['outside-sender', 'own-domain-sender', 'null-sender', 'percent-hack'],
    }),
    control: z.boolean().meta({
      description: 'An attempt whose answer is known for a healthy server; its acceptance is no sign of relay.',
    }),
    mailFrom: z.string().nullable().meta({ description: 'The sender given in MAIL FROM, without angle brackets.' }),
    rcptTo: z.string().nullable().meta({ description: 'The recipient given in RCPT TO, without angle brackets.' }),
    outcome: z.enum(OUTCOMES),
    refusal: openWord(REFUSALS, 'Why it was refused or deferred.').nullable(),
    evidence: z.enum(EVIDENCES),
    why: openWord(WHYS, 'Why it was not run, or had no answer.').nullable(),
    reply: reply.nullable().meta({ description: 'The reply that decided this attempt.' }),
    connection: z.int().nullable().meta({ description: 'The connection it ran on, from 1.' }),
  })
  .meta({ id: 'Attempt' })
export type AttemptView = z.output<typeof attempt>

export const transcriptLine = z
  .object({
    ms: z.int().meta({ description: 'Milliseconds since the test began.' }),
    connection: z.int().meta({ description: 'The connection, from 1.' }),
    from: z.enum(['client', 'server', 'event']),
    line: z.string().meta({
      description: 'Printable ASCII; every other byte, and the backslash, as `\\xNN`, so nothing is lost.',
    }),
    answers: z.int().nullable().meta({ description: 'Index of the client line that this server line answers.' }),
    key: z.boolean().meta({ description: 'Whether this line decided the verdict.' }),
  })
  .meta({ id: 'TranscriptLine' })
export type TranscriptLine = z.output<typeof transcriptLine>

const server = z
  .object({
    greeting: z.string(),
    software: z.object({ name: z.string(), version: z.string().nullable() }).nullable(),
    extensions: z.array(z.string()).meta({ description: 'What the server offered in its answer to EHLO.' }),
    tls: z
      .object({
        protocol: z.string(),
        cipher: z.string(),
        authorized: z.boolean(),
        error: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'MailServer' })
export type MailServer = z.output<typeof server>

/** One relay test as the API shows it (design of the answer: docs/verdict.md). */
export const relayTest = z
  .object({
    id: z.uuid(),
    status: z.enum(STATUSES),
    customerId: z.string(),
    reference: z.string().nullable(),
    ip: z.string(),
    port: z.int(),
    domain: z.string().nullable(),
    domainSource: z.enum(DOMAIN_SOURCES).nullable(),
    suite: z.enum(SUITES),
    proof: z.enum(PROOFS),
    createdAt: time,
    finishedAt: time.nullable(),
    settledAt: time.nullable().meta({ description: 'From here on the result can change no more.' }),
    amendedAt: time.nullable().meta({ description: 'When later evidence changed the result.' }),
    durationMs: z.int().nullable(),
    testerVersion: z.string(),
    vantage: z.object({ name: z.string(), ip: z.string().nullable(), ehlo: z.string().nullable() }),
    server: server.nullable(),
    verdict: z.enum(VERDICTS).nullable().meta({ description: 'Null while the test runs.' }),
    evidence: z.enum(EVIDENCES).nullable(),
    reason: openWord(REASONS, 'Why the verdict is inconclusive.').nullable(),
    cause: openWord(CAUSES, 'What an open server trusts.').nullable(),
    caveats: z.array(z.string()).meta({ description: 'What to keep in mind about the verdict. May grow.' }),
    summary: z.string().nullable().meta({ description: 'One plain sentence that can be read out on the phone.' }),
    retryAfter: z.int().nullable().meta({ description: 'Seconds after which another test may learn more.' }),
    attempts: z.array(attempt),
    delivery: z
      .object({
        form: z.string(),
        receivedAt: time,
        afterMs: z.int(),
        from: z.object({ ip: z.string().nullable(), helo: z.string().nullable() }),
        multiHop: z.boolean(),
      })
      .nullable()
      .meta({
        description: 'The arrival of the test message in our own mailbox; null while there is no proof of delivery.',
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
          'What to do: how to close an open server, or how to get an answer; null where nothing is to be done.',
      }),
    transcript: z.array(transcriptLine),
    truncated: z.boolean().meta({ description: 'Whether the transcript was cut at its size limit.' }),
  })
  .meta({ id: 'RelayTest' })
export type RelayTest = z.output<typeof relayTest>

/** What is read to find a test again: a result without its details. */
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
    verdict: true,
    evidence: true,
    reason: true,
    cause: true,
    summary: true,
  })
  .meta({ id: 'RelayTestSummary' })
export type RelayTestSummary = z.output<typeof relayTestSummary>

/** What lists show of a result. */
export function summaryOf(result: RelayTest): RelayTestSummary {
  const { id, status, customerId, reference, ip, port, domain, suite, proof, createdAt } = result
  const { finishedAt, amendedAt, verdict, evidence, reason, cause, summary } = result
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
    verdict,
    evidence,
    reason,
    cause,
    summary,
  }
}

/** The body of `GET /relay-tests`. */
export const relayTestList = z
  .object({ relayTests: z.array(relayTestSummary).meta({ description: 'Newest first, at most 20.' }) })
  .meta({ id: 'RelayTestList' })
export type RelayTestList = z.output<typeof relayTestList>

/** The headers of `POST /relay-tests` by which a caller may ask for more than a test. */
export const relayTestHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, '1 to 255 printable ASCII characters were expected')
    .optional()
    .meta({
      description:
        'Makes retries safe: requests of one caller with the same key open one test, and get its result for as long as it is kept. A test with a key goes on when its caller leaves.',
      examples: ['5f0c7a52-onboarding-203.0.113.25'],
    }),
  prefer: z
    .string()
    .optional()
    .meta({
      description: '`respond-async` asks not to wait: the answer is 202 and the result is under its `Location`.',
      examples: ['respond-async'],
    }),
})
