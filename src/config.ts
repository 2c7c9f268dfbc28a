import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { DOMAIN_NAME } from './contract/domain.ts'
import { quotaText } from './contract/limits.ts'
import { parseAddress } from './ip/address.ts'
import { parsePrefix } from './ip/prefix.ts'

/** Everything wrong with the environment, one line each. */
export class ConfigFaults extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${min} to ${max} was expected`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a whole number from ${min} to ${max} was expected`)

const domain = z.string().regex(DOMAIN_NAME, 'a domain such as relaytest.isp.example was expected').toLowerCase()

/** What the test message prints: one line of at most 200 characters. */
const printableLine = z.string().regex(/^[\x20-\x7e]{1,200}$/, '1 to 200 printable ASCII characters were expected')

const cidrs = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .superRefine((parts, context) => {
    for (const part of parts) {
      const parsed = parsePrefix(part)
      if (!parsed.ok) context.addIssue({ code: 'custom', message: `networks were expected; ${parsed.fault}` })
    }
  })

/** The environment of the service: a variable, what it must look like, and its default (README has the same table). */
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65535).default(3000),
  METRICS_PORT: wholeNumber(0, 65535).default(9464),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'one of fatal, error, warn, info, debug, trace, silent was expected',
    })
    .default('info'),
  TRUST_PROXY: cidrs.optional(),
  CUSTOMERS_FILE: z.string({ error: 'the path of the customers file, or of a folder of them, is needed' }),
  CALLERS_FILE: z.string({ error: 'the path of the callers file is needed' }),
  VANTAGES_FILE: z.string().optional(),
  ALLOW_LOOPBACK_TARGETS: z
    .enum(['true', 'false'], { error: 'true or false was expected' })
    .default('false')
    .transform((text) => text === 'true'),
  PROVIDER_NAME: printableLine.optional(),
  CONTACT: printableLine
    .regex(/^([^\s@]+@[^\s@]+|https?:\/\/\S+)$/, 'a mail address or a web address was expected')
    .optional(),
  // The recipient of the percent hack is token%MAILBOX_DOMAIN, and a local part has at most 64 octets.
  MAILBOX_DOMAIN: domain.max(47, 'at most 47 characters were expected'),
  MAILBOX_KEY: z
    .string()
    .regex(/^[^,]{32,}(,[^,]{32,})?$/, 'at least 32 characters without a comma were expected, or two such keys')
    .optional(),
  MAILBOX_LISTEN: z
    .string()
    .refine(isListener, 'an address and a port such as 0.0.0.0:2525 or [::]:2525 were expected')
    .optional(),
  DELIVERY_WAIT_MS: wholeNumber(0, 300_000).default(10_000),
  ALLOWED_PORTS: z
    .string()
    .default('25')
    .transform((text) => text.split(',').map((part) => (/^ *[0-9]{1,5} *$/.test(part) ? Number(part) : Number.NaN)))
    .refine(
      (ports) => ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65535),
      'ports such as 25 or 25,587,2525 were expected',
    ),
  TEST_DEADLINE_MS: wholeNumber(5_000, 300_000).default(50_000),
  DRAIN_MS: wholeNumber(0, 60_000).default(5_000),
  MAX_CONCURRENT_TESTS: wholeNumber(1, 10_000).default(200),
  RESULT_TTL_SECONDS: wholeNumber(60, 2_592_000).default(172_800),
  REDIS_URL: z
    .string()
    .refine((text) => /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text), 'redis://HOST:PORT was expected')
    .optional(),
  DNS_SERVERS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine((servers) => servers.every(isServer), 'addresses such as 10.0.0.53 or 127.0.0.1:5353 were expected'),
  AUDIT_FILE: z.string().optional(),
  QUOTA_REQUESTS: quotaText.prefault('600/1m'),
  QUOTA_CALLER: quotaText.prefault('60/1h'),
  QUOTA_CUSTOMER: quotaText.prefault('30/1h'),
  QUOTA_TARGET: quotaText.prefault('2/10m'),
  QUOTA_NETWORK: quotaText.prefault('20/1h'),
})

/** Whether a text is HOST:PORT, the host an address or a name. */
function isListener(text: string): boolean {
  const [, six, host = '', port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) return false
  if (six !== undefined) return parseAddress(six)?.family === 6
  // What looks like an address must be one.
  return /^[\d.]+$/.test(host) ? parseAddress(host) !== null : host === 'localhost' || DOMAIN_NAME.test(host)
}

/** A result that ran out before its test did would let an idempotency key open a second one. */
const BEYOND_DEADLINE_MS = 10_000

/** An address, or one with a port: `10.0.0.53`, `10.0.0.53:5353`, `[2001:db8::53]:5353`. */
function isServer(text: string): boolean {
  const [, bracketed, plain = text, port = '53'] = /^(?:\[(.+)\]|([^:]+)):([1-9]\d{0,4})$/.exec(text) ?? []
  return parseAddress(bracketed ?? plain) !== null && Number(port) <= 65535
}

/** Reads the environment. An empty variable counts as not set. Throws ConfigFaults that list everything wrong. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = environment.safeParse(set)
  const faults = result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${explain(message)}`)
  const loopback = set.ALLOW_LOOPBACK_TARGETS === 'true'
  for (const name of ['PROVIDER_NAME', 'CONTACT'] as const) {
    if (!loopback && !(name in set)) faults.push(`${name}: is needed: the test message says who tests and whom to ask`)
  }
  if ('REDIS_URL' in set && !('MAILBOX_KEY' in set)) {
    faults.push('MAILBOX_KEY: is needed with REDIS_URL: all replicas make the same test addresses')
  }
  if (result.success && result.data.RESULT_TTL_SECONDS * 1000 < result.data.TEST_DEADLINE_MS + BEYOND_DEADLINE_MS) {
    const least = Math.ceil((result.data.TEST_DEADLINE_MS + BEYOND_DEADLINE_MS) / 1000)
    faults.push(`RESULT_TTL_SECONDS: at least ${least} was expected: ten seconds more than TEST_DEADLINE_MS`)
  }
  if (result.success && result.data.PORT !== 0 && result.data.METRICS_PORT === result.data.PORT) {
    faults.push(`METRICS_PORT: another port than PORT was expected, which is ${result.data.PORT}`)
  }
  if (!result.success || faults.length > 0) throw new ConfigFaults(faults)
  const { PROVIDER_NAME, CONTACT, MAILBOX_KEY, ...rest } = result.data
  return Object.freeze({
    ...rest,
    PROVIDER_NAME: PROVIDER_NAME ?? 'Relay Tests (a trial on loopback)',
    CONTACT: CONTACT ?? `postmaster@${rest.MAILBOX_DOMAIN}`,
    // The first makes addresses. Those of the one before are known by name for as long as they are good.
    MAILBOX_KEY: MAILBOX_KEY?.split(',')[0] ?? randomBytes(32).toString('base64url'),
  })
}

export type Config = ReturnType<typeof readConfig>

/** A variable that is missing has no value to complain about. */
const explain = (message: string): string =>
  message.startsWith('Invalid input: expected string, received undefined') ? 'is needed' : message
