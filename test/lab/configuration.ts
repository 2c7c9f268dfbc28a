/** A configuration of a mail server of the lab, and a short way to start each software with its options. */
import { type CourierOptions, startCourier } from './courier.ts'
import { type EximOptions, startExim } from './exim.ts'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { type OpenSmtpdOptions, startOpenSmtpd } from './opensmtpd.ts'
import { type PostfixOptions, startPostfix } from './postfix.ts'
import { type Script, startScripted } from './scripted.ts'
import { type SendmailOptions, startSendmail } from './sendmail.ts'
import type { ExtraForm } from './truth.ts'

export interface Configuration {
  /** Begins with the truth: `open-`, `closed-`, or `unsure-` if a stranger cannot find it out at once. */
  readonly id: string
  /** Describes the server in one sentence. */
  readonly what: string
  readonly software: string
  start(network: LabNetwork): Promise<LabServer>
  /** Whether it starts and is measured fast. */
  readonly quick?: boolean
  /** The members of the request that a customer of this server would send. */
  readonly request?: Readonly<{ knownMailbox: string }>
  /** Forms that the truth is measured with, besides the usual ones. */
  readonly also?: readonly ExtraForm[]
}

type Starter = Pick<Configuration, 'software' | 'start'>
type Options<T> = Omit<T, 'smarthost'>

export const EVERYBODY = '0.0.0.0/0 [::]/0'

export const postfix = ({ extra, ...options }: PostfixOptions = {}): Starter => ({
  software: 'Postfix',
  start: (network) => startPostfix(network, { ...options, extra: { relayhost: `[${network.exit}]`, ...extra } }),
})
export const exim = (options: Options<EximOptions> = {}): Starter => ({
  software: 'Exim',
  start: (network) => startExim(network, { ...options, smarthost: network.exit }),
})
export const opensmtpd = (options: Options<OpenSmtpdOptions> = {}): Starter => ({
  software: 'OpenSMTPD',
  start: (network) => startOpenSmtpd(network, { ...options, smarthost: network.exit }),
})
export const sendmail = (options: Options<SendmailOptions> = {}): Starter => ({
  software: 'Sendmail',
  start: (network) => startSendmail(network, { ...options, smarthost: network.exit }),
})
export const courier = (options: Options<CourierOptions> = {}): Starter => ({
  software: 'Courier',
  start: (network) => startCourier(network, { ...options, smarthost: network.exit }),
})
export const scripted = (script: Script): Starter => ({
  software: 'scripted',
  start: (network) => startScripted(network, script),
})

/** A server that refuses outside recipients with the reply `say`. */
export const refusing = (
  say: string,
  { after = 0, ...script }: Partial<Script> & { readonly after?: number } = {},
): Starter =>
  scripted({
    ...script,
    rules: [...(script.rules ?? []), { on: '^RCPT TO:<?(?!.*@example\\.com>?$)([^>]*)>?', say, after }],
  })

/** Returns a lookup table for Postfix with one entry. */
export const table = (key: string, value: string): string => `inline:{{${key} = ${value}}}`

/** Returns the relay rules of a Postfix that has one more. */
export const relayRule = (rule: string): Record<string, string> => ({
  smtpd_relay_restrictions: `permit_mynetworks, ${rule}, reject_unauth_destination`,
})
/** Asks the postgrey of the lab about every client. */
export const greylisting = { smtpd_client_restrictions: 'check_policy_service unix:postgrey/socket' }

/** Starts a Postfix that passes mail on to a second Postfix. Only the second one can send it out. */
export async function startPair(network: LabNetwork, front: PostfixOptions): Promise<LabServer> {
  const address = network.nextAddress()
  const out = await startPostfix(network, { mynetworks: address, extra: { relayhost: `[${network.exit}]` } })
  const extra = { relayhost: `[${out.address}]`, myhostname: 'front.example.com', ...front.extra }
  const server = await startPostfix(network, { ...front, address, extra })
  return { ...server, stop: async () => void (await Promise.all([server.stop(), out.stop()])) }
}
