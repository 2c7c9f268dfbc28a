/** Checks a vantage: finds out what can be known about it without testing a server. */
import type { VantageCheckName } from '../contract/words.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { SmtpConnection } from '../smtp/connection.ts'
import { Transcript } from '../smtp/transcript.ts'
import { type CheckResult, failed, ok, skippedCheck } from './egress.ts'
import { ownAddresses } from './interfaces.ts'
import { knownAddresses, reachOf, type Vantage } from './vantage.ts'

/**
 * Asks the name servers for the addresses of a name. `preference` is that of an MX record; null for the name itself.
 */
export type ResolveName = (name: string) => Promise<{
  readonly hosts: readonly {
    readonly name: string
    readonly preference: number | null
    readonly ips: readonly string[]
  }[]
  readonly unanswered: readonly { readonly name: string; readonly type: 'MX' | 'A' | 'AAAA' }[]
}>

/** The helpers that the checks use. */
export interface CheckParts {
  readonly lookUp: ResolveName
  /** Our own mailbox, as the internet reaches it; null if there is none. */
  readonly mailbox: { readonly domain: string; readonly port: number; readonly allowLoopback: boolean } | null
}

const MAILBOX_MS = 10_000

export const CHECKS: Readonly<
  Record<VantageCheckName, (vantage: Vantage, parts: CheckParts) => CheckResult | Promise<CheckResult>>
> = {
  'source-address': ({ egress }) => egress.checks['source-address'](),

  proxy: ({ egress }) => egress.checks.proxy(),

  async 'ehlo-name'(vantage, { lookUp }) {
    const { ehlo, publicIps } = vantage
    if (ehlo === null) return skippedCheck('The vantage has no EHLO name.')
    const known =
      publicIps.length > 0 ? publicIps : knownAddresses(vantage).filter((address) => specialRange(address) === null)
    if (known.length === 0) return skippedCheck('The vantages file has no publicIps to compare it with.')
    const { hosts, unanswered } = await lookUp(ehlo)
    const isAnswered = ({ family }: Address) =>
      !unanswered.some(({ name, type }) => name === ehlo && type === (family === 4 ? 'A' : 'AAAA'))
    const asked = known.filter(isAnswered)
    if (asked.length === 0) return skippedCheck('No name server answered.')
    const found = hosts.flatMap(({ name, ips }) => (name === ehlo ? ips : [])).map((ip) => parseAddress(ip)?.text)
    const missing = asked.filter(({ text }) => !found.includes(text))
    if (missing.length === 0) return ok(`${ehlo} resolves to the public address.`)
    const texts = missing.map(({ text }) => text).join(' and ')
    return failed(`${ehlo} does not resolve to ${texts}: some servers refuse us because of that.`)
  },

  async mailbox(vantage, { lookUp, mailbox }) {
    if (!mailbox) return skippedCheck('The service has no mailbox.')
    if (vantage.ehlo === null) return skippedCheck('There is no vantages file to compare the address with.')
    const { hosts, unanswered } = await lookUp(mailbox.domain)
    // If the domain has MX records, mail goes only to those hosts.
    const exchangers = hosts.filter(({ preference }) => preference !== null)
    const addresses = (exchangers.length > 0 ? exchangers : hosts)
      .flatMap(({ ips }) => ips)
      .map((ip) => parseAddress(ip))
      .filter((address) => address !== null)
    if (addresses.length === 0) {
      return unanswered.length > 0
        ? skippedCheck('No name server answered.')
        : failed(`${mailbox.domain} has no address: mail to it cannot arrive.`)
    }
    const { families } = reachOf(vantage, ownAddresses())
    const address = addresses.find(
      (one) => (isLoopback(one) && mailbox.allowLoopback) || (families.has(one.family) && specialRange(one) === null),
    )
    return address
      ? askMailbox(vantage, vantage.ehlo, address, mailbox)
      : skippedCheck('The vantage cannot reach the address of the mailbox.')
  },
}

/** Says EHLO to our own mailbox. Its reply contains the address that it sees: `DOMAIN sees [ADDRESS]`. */
async function askMailbox(
  vantage: Vantage,
  ehlo: string,
  address: Address,
  { domain, port }: NonNullable<CheckParts['mailbox']>,
): Promise<CheckResult> {
  const deadline = performance.now() + MAILBOX_MS
  const dialled = await vantage.egress.dial(address, port, MAILBOX_MS / 2)
  if ('fault' in dialled) return failed(`We could not connect to the mailbox: ${dialled.fault}.`)
  const { socket } = dialled
  const connection = new SmtpConnection({ socket, number: 1, transcript: new Transcript(), deadline })
  await connection.greeting(MAILBOX_MS)
  const { reply } = await connection.command(`EHLO ${ehlo}`)
  await connection.quit()
  const [, name, literal = ''] = /^(\S+) sees \[(\S+)\]/.exec(reply?.lines[0] ?? '') ?? []
  const seen = name === domain ? parseAddress(literal) : null
  if (!seen) return failed('The server at the address of the mailbox is not our mailbox.')
  const expected = knownAddresses(vantage)
  if (expected.length === 0) return ok('We can connect to the mailbox.')
  if (expected.some(({ text }) => text === seen.text)) return ok('The mailbox sees the expected address.')
  const other = specialRange(seen) ? 'a private address' : seen.text
  return failed(
    `The mailbox sees ${other} instead of the public one, so its record of where messages came from may be wrong.`,
  )
}
