/** Starts an OpenSMTPD in the lab. */
import { type LabServer, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface OpenSmtpdOptions {
  readonly address?: string
  /** The address inside the lab that all outside mail goes to. */
  readonly smarthost: string
  /**
   * The clients that may relay, as the `match` line of smtpd.conf writes it. `local` is the stock setting, `any` is an
   * open relay, null means nobody.
   */
  readonly relayFrom?: 'local' | 'any' | 'any mail-from "@example.com"' | null
  /** Whether it accepts every local part at example.com. */
  readonly catchAll?: boolean
}

/** Starts Debian's OpenSMTPD, with the line that its configuration suggests for mail to example.com. */
export function startOpenSmtpd(network: LabNetwork, options: OpenSmtpdOptions): Promise<LabServer> {
  const { address = network.nextAddress(), smarthost, relayFrom = 'local', catchAll = false } = options
  return startInstance(network, {
    software: 'opensmtpd',
    address,
    hostname: 'mail.example.com',
    users: ['opensmtpd', 'opensmtpq'],
    logFiles: ['/var/log/smtpd.log'],
    setup: `echo mail.example.com >/etc/mailname
printf '%s\\n' 'postmaster: root' 'jane: root' >/etc/aliases
mkdir -p /var/lib/opensmtpd/empty
cat >/etc/smtpd.conf <<'END'
table aliases file:/etc/aliases
table everybody { "@" = "root" }
listen on ${address} port 25 hostname mail.example.com
action "local" maildir ${catchAll ? 'virtual <everybody>' : 'alias <aliases>'}
action "relay" relay host smtp://${smarthost} src ${address}
match from any for domain "example.com" action "local"
match for local action "local"
${relayFrom === null ? '' : `match from ${relayFrom} for any action "relay"`}
END
smtpd -d -v >/var/log/smtpd.log 2>&1 &`,
  })
}
