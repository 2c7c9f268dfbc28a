import type { VantageCheck } from '../contract/vantages.ts'
import type { VantageCheckName } from '../contract/words.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { SmtpConnection } from '../smtp/connection.ts'
import { dial, objectionOf } from '../smtp/dial.ts'
import { Transcript } from '../smtp/transcript.ts'
import { missingOf, outlookOf, ownAddresses, type Vantage } from './vantages.ts'

/** What name servers said of a name, as far as it matters here; `preference` is that of an MX record. */
export type LookUp = (name: string) => Promise<{
  readonly hosts: readonly {
    readonly name: string
    readonly preference: number | null
    readonly ips: readonly string[]
  }[]
  readonly unanswered: readonly { readonly name: string; readonly type: 'MX' | 'A' | 'AAAA' }[]
}>

/** Whom the checks ask. */
export interface Helpers {
  readonly lookUp: LookUp
  /** Our own mailbox as the world reaches it; null where there is none. */
  readonly mailbox: { readonly domain: string; readonly port: number; readonly allowLoopback: boolean } | null
}

type Finding = Omit<VantageCheck, 'name'>
const ok = (detail: string): Finding => ({ outcome: 'ok', detail })
const failed = (detail: string): Finding => ({ outcome: 'failed', detail })
const skipped = (detail: string): Finding => ({ outcome: 'skipped', detail })

const PROXY_MS = 5_000
const MAILBOX_MS = 10_000

/** What can be found out about a vantage without any server under test. The details tell nothing about the inside. */
export const CHECKS: Readonly<
  Record<VantageCheckName, (vantage: Vantage, helpers: Helpers) => Finding | Promise<Finding>>
> = {
  'source-address'(vantage) {
    if (vantage.proxy) return skipped('The proxy chooses it.')
    if (vantage.bind.length === 0) return skipped('The routing table chooses it.')
    return missingOf(vantage, ownAddresses()).length === 0
      ? ok('This machine has it.')
      : failed('This machine does not have it any more.')
  },

  async proxy({ proxy }) {
    if (!proxy) return skipped('There is none.')
    const objection = await objectionOf(proxy, PROXY_MS)
    return objection === null ? ok('It answers.') : failed(`The proxy: ${objection}.`)
  },

  async 'ehlo-name'({ ehlo, publicIps, bind }, { lookUp }) {
    if (ehlo === null) return skipped('There is none.')
    const known = publicIps.length > 0 ? publicIps : bind.filter((address) => specialRange(address) === null)
    if (known.length === 0) return skipped('The vantages file has no publicIps to compare it with.')
    const { hosts, unanswered } = await lookUp(ehlo)
    const isAnswered = ({ family }: Address) =>
      !unanswered.some(({ name, type }) => name === ehlo && type === (family === 4 ? 'A' : 'AAAA'))
    const asked = known.filter(isAnswered)
    if (asked.length === 0) return skipped('No name server answered.')
    const found = hosts.flatMap(({ name, ips }) => (name === ehlo ? ips : [])).map((ip) => parseAddress(ip)?.text)
    const missing = asked.filter(({ text }) => !found.includes(text))
    if (missing.length === 0) return ok(`${ehlo} leads to the public address.`)
    return failed(
      `${ehlo} does not lead to ${missing.map(({ text }) => text).join(' and ')}: some servers refuse us for it.`,
    )
  },

  async mailbox(vantage, { lookUp, mailbox }) {
    if (!mailbox) return skipped('There is none.')
    if (vantage.ehlo === null) return skipped('Without a vantages file there is nothing to compare with.')
    const { hosts, unanswered } = await lookUp(mailbox.domain)
    // Where there are exchangers, mail for the domain goes to them alone.
    const exchangers = hosts.filter(({ preference }) => preference !== null)
    const addresses = (exchangers.length > 0 ? exchangers : hosts)
      .flatMap(({ ips }) => ips)
      .map((ip) => parseAddress(ip))
      .filter((address) => address !== null)
    if (addresses.length === 0) {
      return unanswered.length > 0
        ? skipped('No name server answered.')
        : failed(`${mailbox.domain} leads to no address: mail to it cannot arrive.`)
    }
    const { families } = outlookOf(vantage, ownAddresses())
    const address = addresses.find(
      (one) => (isLoopback(one) && mailbox.allowLoopback) || (families.has(one.family) && specialRange(one) === null),
    )
    return address
      ? visit(vantage, vantage.ehlo, address, mailbox)
      : skipped('Its address cannot be reached from here.')
  },
}

/** Says EHLO to our own mailbox, which answers with the address that it sees. */
async function visit(
  { publicIps, bind, proxy }: Vantage,
  ehlo: string,
  address: Address,
  { domain, port }: NonNullable<Helpers['mailbox']>,
): Promise<Finding> {
  const deadline = performance.now() + MAILBOX_MS
  const from = bind.find(({ family }) => family === address.family) ?? null
  const dialled = await dial({ address, port, bind: from, proxy, timeoutMs: MAILBOX_MS / 2 })
  if ('fault' in dialled) return failed(`No connection to it came about: ${dialled.fault}.`)
  const connection = new SmtpConnection({ ...dialled, number: 1, transcript: new Transcript(), deadline })
  await connection.greeting(MAILBOX_MS)
  const { reply } = await connection.command(`EHLO ${ehlo}`)
  await connection.quit()
  const [name, sees, literal = ''] = reply?.lines[0]?.split(' ') ?? []
  const seen = parseAddress(literal.replace(/^\[(.*)\]$/, '$1'))
  if (name !== domain || sees !== 'sees' || !seen) return failed('What answers there is not our mailbox.')
  const expected = [...publicIps, ...bind]
  if (expected.length === 0) return ok('It is reached.')
  if (expected.some(({ text }) => text === seen.text)) return ok('It sees the address that it should.')
  const other = specialRange(seen) ? 'a private address' : seen.text
  return failed(`It sees ${other} instead of the public one: what it tells of where messages came from may be wrong.`)
}
