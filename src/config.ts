/** Reads the settings of the service from the environment. docs/configuration.md has the same table. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { DOMAIN_NAME } from './contract/domain.ts'
import { durationMs, quotaText } from './contract/limits.ts'
import { parseAddress } from './ip/address.ts'
import { type Endpoint, parseEndpoint } from './ip/endpoint.ts'
import { parsePrefix } from './ip/prefix.ts'
import { canTranslate } from './ip/translated.ts'

/** Everything that is wrong with the configuration, one line each. */
export class ConfigFaults extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
}

const domain = z.string().regex(DOMAIN_NAME, 'must be a domain such as relaytest.isp.example').toLowerCase()

/** The test message contains this text in one line. */
const printableLine = z.string().regex(/^[\x20-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters')

const cidrs = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .superRefine((parts, context) => {
    for (const part of parts) {
      const parsed = parsePrefix(part)
      if (!parsed.ok) context.addIssue({ code: 'custom', message: `must be a list of networks; ${parsed.fault}` })
    }
  })

const translations = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .transform((parts, context) =>
    parts.map((part) => {
      const parsed = parsePrefix(part)
      if (parsed.ok && canTranslate(parsed.prefix)) return parsed.prefix
      const fault = parsed.ok ? 'the length must be at most 32, or 40, 48, 56, 64 or 96' : parsed.fault
      context.addIssue({ code: 'custom', message: `must be a list of IPv6 networks; ${fault}` })
      return z.NEVER
    }),
  )

const ports = z
  .string()
  .transform((text) => text.split(',').map((part) => (/^ *[0-9]{1,5} *$/.test(part) ? Number(part) : Number.NaN)))
  .refine(
    (list) => list.every((port) => Number.isInteger(port) && port >= 1 && port <= 65535),
    'must be ports such as 25 or 25,587,2525',
  )

const PAUSE = /^[1-9]\d{0,4}[smh]$/
const LONGEST_PAUSE_MS = durationMs('6h')

/** The pauses before each follow-up, in milliseconds; none if servers are not visited again. */
const pauses = z
  .string()
  .transform((text) => (text === 'none' ? [] : text.split(',').map((part) => part.trim())))
  .refine(
    (parts) => parts.length <= 3 && parts.every((part) => PAUSE.test(part) && durationMs(part) <= LONGEST_PAUSE_MS),
    'must be at most three pauses such as 5m,15m,60m, each from 1s to 6h, or none',
  )
  .transform((parts): readonly number[] => parts.map(durationMs))

/** The longest zone. A name is `LABEL.HOST.ZONE` with at most 253 characters: LABEL takes 60, and HOST can have 91. */
const LONGEST_ZONE = 100

const LISTENER = 'must be an address and a port such as 0.0.0.0:2525 or [::]:2525'
const listener = z.string().transform((text, context): Endpoint => {
  const endpoint = parseEndpoint(text)
  if (endpoint && isListener(endpoint)) return endpoint
  context.addIssue({ code: 'custom', message: LISTENER })
  return z.NEVER
})

const LOG_FORMATS = ['auto', 'json', 'text'] as const
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Each variable, the form of its value, and its default. */
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65535).default(3000),
  METRICS_PORT: wholeNumber(0, 65535).default(9464),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  LOG_FORMAT: z.enum(LOG_FORMATS, { error: `must be one of ${LOG_FORMATS.join(', ')}` }).default('auto'),
  TRUST_PROXY: cidrs.optional(),
  CUSTOMERS_FILE: z.string({ error: 'is needed: the path of the customers file, or of a folder of them' }),
  CALLERS_FILE: z.string({ error: 'is needed: the path of the callers file' }),
  VANTAGES_FILE: z.string().optional(),
  SWEEPS_FILE: z.string().optional(),
  ALLOW_LOOPBACK_TARGETS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((text) => text === 'true'),
  PROVIDER_NAME: printableLine.optional(),
  CONTACT: printableLine
    .regex(/^([^\s@]+@[^\s@]+|https?:\/\/\S+)$/, 'must be a mail address or a web address')
    .optional(),
  // The recipient of the percent hack is token%MAILBOX_DOMAIN, and a local part has at most 64 octets.
  MAILBOX_DOMAIN: domain.max(47, 'must have at most 47 characters'),
  MAILBOX_KEY: z
    .string()
    .regex(/^[^,]{32,}(,[^,]{32,})?$/, 'must be at least 32 characters without a comma, or two such keys')
    .optional(),
  MAILBOX_LISTEN: listener.optional(),
  MX_ZONE: domain.max(LONGEST_ZONE, `must have at most ${LONGEST_ZONE} characters`).optional(),
  DNS_LISTEN: listener
    .refine(
      ({ host }) => parseAddress(host) !== null,
      'must be an address and a port such as 0.0.0.0:5353, without a name',
    )
    .optional(),
  DELIVERY_WAIT_MS: wholeNumber(0, 300_000).default(10_000),
  ALLOWED_PORTS: ports.prefault('25'),
  IMPLICIT_TLS_PORTS: ports.prefault('465'),
  TEST_DEADLINE_MS: wholeNumber(5_000, 300_000).default(50_000),
  DRAIN_MS: wholeNumber(0, 60_000).default(5_000),
  MAX_CONCURRENT_TESTS: wholeNumber(1, 10_000).default(200),
  RESULT_TTL_SECONDS: wholeNumber(60, 2_592_000).default(172_800),
  REDIS_URL: z
    .string()
    .refine((text) => /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text), 'must be redis://HOST:PORT')
    .optional(),
  NAT64_PREFIXES: translations.optional(),
  DNS_SERVERS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine((servers) => servers.every(isServer), 'must be addresses such as 10.0.0.53 or 127.0.0.1:5353'),
  AUDIT_FILE: z.string().optional(),
  FOLLOW_UPS: pauses.prefault('5m,15m,60m'),
  QUOTA_REQUESTS: quotaText.prefault('600/1m'),
  QUOTA_SWEEPS: quotaText.prefault('20/1d'),
  QUOTA_CALLER: quotaText.prefault('60/1h'),
  QUOTA_CUSTOMER: quotaText.prefault('30/1h'),
  QUOTA_TARGET: quotaText.prefault('2/10m'),
  QUOTA_NETWORK: quotaText.prefault('20/1h'),
})
type Environment = z.output<typeof environment>

/** Tells whether a server of ours can listen there: the host is an address, `localhost` or a domain name. */
const isListener = ({ host }: Endpoint): boolean =>
  parseAddress(host) !== null || host === 'localhost' || DOMAIN_NAME.test(host)

/** Tells whether a text is a name server: an address, with or without a port. */
function isServer(text: string): boolean {
  if (parseAddress(text) !== null) return true
  const endpoint = parseEndpoint(text)
  return endpoint !== null && endpoint.port > 0 && parseAddress(endpoint.host) !== null
}

/** A result must outlive its test, because an idempotency key without a result can start a second test. */
const BEYOND_DEADLINE_MS = 10_000

/** Returns what is wrong between variables that are each valid. */
function conflictsIn(environment: Environment): string[] {
  const { RESULT_TTL_SECONDS, TEST_DEADLINE_MS, PORT, METRICS_PORT, MX_ZONE, MAILBOX_DOMAIN } = environment
  const least = Math.ceil((TEST_DEADLINE_MS + BEYOND_DEADLINE_MS) / 1000)
  return [
    ...(RESULT_TTL_SECONDS < least
      ? [`RESULT_TTL_SECONDS: must be at least ${least}, ten seconds more than TEST_DEADLINE_MS`]
      : []),
    ...(PORT !== 0 && METRICS_PORT === PORT ? [`METRICS_PORT: must differ from PORT, which is ${PORT}`] : []),
    // The zone has no records for the mailbox, whose host must be found before the zone can answer.
    ...(MX_ZONE !== undefined && `.${MAILBOX_DOMAIN}`.endsWith(`.${MX_ZONE}`)
      ? ['MX_ZONE: must not contain MAILBOX_DOMAIN']
      : []),
  ]
}

/** Returns which variables are missing because of the values of others. */
function missingIn(set: NodeJS.ProcessEnv): string[] {
  const named = ['PROVIDER_NAME', 'CONTACT'].filter((name) => !(name in set))
  return [
    ...(set.ALLOW_LOOPBACK_TARGETS === 'true'
      ? []
      : named.map((name) => `${name}: is needed: the test message names the provider and a contact`)),
    ...('REDIS_URL' in set && !('MAILBOX_KEY' in set)
      ? ['MAILBOX_KEY: is needed with REDIS_URL, because all replicas must make the same test addresses']
      : []),
    ...('MX_ZONE' in set && !('DNS_LISTEN' in set)
      ? ['DNS_LISTEN: is needed with MX_ZONE, because this service answers for the zone']
      : []),
    ...('DNS_LISTEN' in set && !('MX_ZONE' in set)
      ? ['MX_ZONE: is needed with DNS_LISTEN: the zone that this service answers for']
      : []),
    ...('MX_ZONE' in set && !('MAILBOX_LISTEN' in set)
      ? ['MAILBOX_LISTEN: is needed with MX_ZONE, because mail for the names of the zone must arrive there']
      : []),
  ]
}

/** Reads the environment. An empty variable counts as not set. Throws ConfigFaults with every mistake. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = environment.safeParse(set)
  const faults = result.success
    ? conflictsIn(result.data)
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${explain(message)}`)
  faults.push(...missingIn(set))
  if (!result.success || faults.length > 0) throw new ConfigFaults(faults)
  const { PROVIDER_NAME, CONTACT, MAILBOX_KEY, ...rest } = result.data
  return Object.freeze({
    ...rest,
    PROVIDER_NAME: PROVIDER_NAME ?? 'Relay Tests (a trial on loopback)',
    CONTACT: CONTACT ?? `postmaster@${rest.MAILBOX_DOMAIN}`,
    // Only the first key makes addresses. The mailbox remembers the addresses of the second key until they expire.
    MAILBOX_KEY: MAILBOX_KEY?.split(',')[0] ?? randomBytes(32).toString('base64url'),
  })
}

export type Config = ReturnType<typeof readConfig>

/** Replaces zod's message for a missing variable. */
const explain = (message: string): string =>
  message.startsWith('Invalid input: expected string, received undefined') ? 'is needed' : message
