/**
 * The checks of `check.js --live`: what files cannot say. They ask name servers, connect to our own mailbox, to proxies
 * and to Redis, and to nobody else.
 */
import type { Config } from '../../config.ts'
import { specialRange } from '../../ip/special.ts'
import { makeLookup } from '../../service/lookup.ts'
import type { Setup } from '../../setup.ts'
import { lookAtRedis } from '../../store/redis/look.ts'
import { CHECKS, type CheckParts } from '../../vantage/checks.ts'
import { DEFAULT_VANTAGE, knownAddresses, type Vantage } from '../../vantage/vantage.ts'
import { type Dns, dnsOf } from './dns.ts'
import { checkMx, checkPtr, checkSpf } from './names.ts'
import { type CheckRow, doubtful, fine, wrong } from './row.ts'
import { checkZone } from './zone.ts'

/** How long all checks may take together, in milliseconds. They run at the same time. */
const DEADLINE_MS = 20_000

/** The port at which other servers reach our mailbox. */
const SMTP_PORT = 25

/** The checks that the service makes of a vantage too: their name here, and what to do if they fail. */
const OF_VANTAGES = [
  ['source-address', 'bind', 'Give this machine the address, or correct bind in the vantages file.'],
  ['proxy', 'proxy', 'Check that the proxy runs, and its address, user and password in the vantages file.'],
  ['ehlo-name', 'ehlo', 'Publish an A or AAAA record for the EHLO name, or correct publicIps in the vantages file.'],
  [
    'mailbox',
    'mailbox',
    'Check that the service runs, that port 25 of the MX host leads to MAILBOX_LISTEN, and firewalls.',
  ],
] as const

/** Runs all checks at the same time, and returns their rows in a fixed order. Never rejects. */
export async function liveChecks({ config, vantages }: Setup, deadlineMs = DEADLINE_MS): Promise<CheckRow[]> {
  const dns = dnsOf(config.DNS_SERVERS)
  const places = vantages?.current ?? [DEFAULT_VANTAGE]
  const checks = [
    ...(vantages ? [] : [['vantages', async () => [NO_FILE]] as const]),
    ...places.flatMap((vantage) => checksOf(vantage, config, dns)),
    [
      `mx ${config.MAILBOX_DOMAIN}`,
      async () => [await checkMx(config.MAILBOX_DOMAIN, dns, hasMailbox(config))],
    ] as const,
    ...zoneChecks(config, dns),
    ...(config.REDIS_URL ? [['redis', redisCheck(config.REDIS_URL)] as const] : []),
  ]
  const ended = new AbortController()
  const late = new Promise<null>((resolve) => {
    const timer = setTimeout(resolve, deadlineMs, null)
    ended.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  const rows = await Promise.all(checks.map(([what, check]) => inTime(what, check, late)))
  ended.abort()
  return rows.flat()
}

type Check = () => Promise<readonly CheckRow[]>

const hasMailbox = ({ MAILBOX_LISTEN }: Config): boolean => MAILBOX_LISTEN !== undefined

const NO_FILE = doubtful(
  'vantages',
  'there is no vantages file, so nothing is known about the address of tests',
  'Set VANTAGES_FILE, with ehlo and publicIps for each vantage.',
)

async function inTime(what: string, check: Check, late: Promise<null>): Promise<readonly CheckRow[]> {
  const rows = await Promise.race([
    check().catch((error) => [wrong(what, `the check failed: ${error}`, 'Tell us, with this line.')]),
    late,
  ])
  return rows ?? [wrong(what, 'it did not end in time', 'Check the network, and run this check again.')]
}

/** Returns the checks of one vantage, each with its name. */
function checksOf(vantage: Vantage, config: Config, dns: Dns): (readonly [string, Check])[] {
  const domain = config.MAILBOX_DOMAIN
  const mailbox = { domain, port: SMTP_PORT, allowLoopback: config.ALLOW_LOOPBACK_TARGETS }
  const parts: CheckParts = {
    lookUp: makeLookup(config.DNS_SERVERS),
    mailbox: hasMailbox(config) ? mailbox : null,
  }
  const shared = OF_VANTAGES.map(([check, name, advice]) => {
    const what = `${name} ${vantage.name}`
    return [what, async () => rowsOf(what, await CHECKS[check](vantage, parts), advice)] as const
  })
  const { publicIps } = vantage
  const seen = publicIps.length > 0 ? publicIps : knownAddresses(vantage).filter((one) => specialRange(one) === null)
  const unknown: Check = async () => [
    doubtful(
      `ptr ${vantage.name}`,
      'its public address is not known',
      'Write publicIps into the vantages file: the addresses that mail servers see.',
    ),
  ]
  const named = seen.flatMap((address): (readonly [string, Check])[] => [
    [`ptr ${address.text}`, async () => [await checkPtr(address, vantage, dns)]],
    [`spf ${address.text}`, async () => [await checkSpf(domain, address, dns)]],
  ])
  return [...shared, ...(named.length > 0 ? named : [[`ptr ${vantage.name}`, unknown] as const])]
}

/** Returns the row of a check that the service makes too. A check that has nothing to look at has no row. */
function rowsOf(
  what: string,
  { outcome, detail }: Awaited<ReturnType<(typeof CHECKS)['proxy']>>,
  advice: string,
): CheckRow[] {
  const says = detail.replace(/\.$/, '')
  if (outcome === 'ok') return [fine(what, says)]
  if (outcome === 'failed') return [wrong(what, says, advice)]
  return NOTHING_TO_CHECK.test(detail) ? [] : [doubtful(what, `not checked: ${says}`, advice)]
}

/** The results of checks that have nothing to look at in this installation. */
const NOTHING_TO_CHECK = /no proxy|chooses the source address|has no mailbox|no vantages file|no EHLO name/

/** Returns the check of our zone, if there is one. */
function zoneChecks({ MX_ZONE: name, MAILBOX_KEY: key, MAILBOX_DOMAIN }: Config, dns: Dns) {
  if (name === undefined) return []
  return [[`zone ${name}`, async () => [await checkZone({ name, key }, MAILBOX_DOMAIN, dns)]] as const]
}

const redisCheck =
  (url: string): Check =>
  async () => {
    const faults = await lookAtRedis(url)
    const advice = 'Check REDIS_URL, the network, and the settings of Redis. Without it, nothing is tested.'
    return faults.length === 0 ? [fine('redis', 'it answers')] : faults.map((fault) => wrong('redis', fault, advice))
  }
