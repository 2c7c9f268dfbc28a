/** Starts an Exim in the lab. */
import { type Instance, type LabServer, quote, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface EximOptions {
  readonly address?: string
  /** Who may relay, as Debian's `dc_relay_nets`. Closed to strangers unless told. */
  readonly relayNets?: string
  /** The only way out, an address inside the lab. Without one, every name in the lab leads to the exit. */
  readonly smarthost?: string
  /** Macros that Debian's configuration asks for, and lines for its main section. */
  readonly macros?: Readonly<Record<string, string>>
  readonly main?: readonly string[]
  /** Lines for its section of rewriting. */
  readonly rewrite?: readonly string[]
  readonly names?: Instance['names']
}

/** Debian's Exim as its package configures an "internet site", for example.com: the stock access rules. */
export function startExim(network: LabNetwork, options: EximOptions = {}): Promise<LabServer> {
  const { address = network.nextAddress(), relayNets = '127.0.0.1', smarthost } = options
  const { macros = {}, main = [], rewrite = [], names } = options
  // As in dc_local_interfaces, semicolons keep the lists clear of the colons of IPv6.
  const settings = {
    dc_eximconfig_configtype: smarthost === undefined ? 'internet' : 'smarthost',
    dc_other_hostnames: 'example.com',
    dc_local_interfaces: `<; ${address}`,
    dc_readhost: '',
    dc_relay_domains: '',
    dc_minimaldns: 'false',
    dc_relay_nets: `<; ${relayNets}`,
    dc_smarthost: smarthost ?? '',
    CFILEMODE: '644',
    dc_use_split_config: 'false',
    dc_hide_mailname: '',
    dc_mailname_in_oh: 'true',
    dc_localdelivery: 'mail_spool',
  }
  const lines = Object.entries(settings).map(([name, value]) => quote(`${name}='${value}'`))
  const macroLines = Object.entries(macros).map(([name, value]) => quote(`${name} = ${value}`))
  return startInstance(network, {
    software: 'exim',
    address,
    hostname: 'mail.example.com',
    users: ['Debian-exim'],
    names,
    logFiles: ['/var/log/exim4/mainlog', '/var/log/exim4/rejectlog', '/var/log/exim4/paniclog'],
    setup: `echo mail.example.com >/etc/mailname
echo 'postmaster: root' >/etc/aliases
install -d -o Debian-exim -g adm -m 2750 /var/log/exim4
install -d -o Debian-exim -g Debian-exim -m 750 /run/exim4 /var/spool/exim4
printf '%s\\n' ${lines.join(' ')} >/etc/exim4/update-exim4.conf.conf
printf '%s\\n' ${[...macroLines, "''"].join(' ')} ${main.map(quote).join(' ')} >/etc/exim4/exim4.conf.localmacros
sed -i 's/^  driver = smtp$/&\\n  interface = ${address.includes(':') ? '' : address}/' /etc/exim4/exim4.conf.template
printf '%s\\n' ${["''", ...rewrite.map(quote)].join(' ')} | sed -i '/^begin rewrite/r /dev/stdin' /etc/exim4/exim4.conf.template
update-exim4.conf
exim4 -bdf -q30m &`,
  })
}
