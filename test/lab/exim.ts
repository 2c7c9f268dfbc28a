/** Starts an Exim in the lab. */
import { type Instance, type LabServer, quote, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface EximOptions {
  readonly address?: string
  /** The clients that may relay, as in Debian's `dc_relay_nets`. Default: only itself. */
  readonly relayNets?: string
  /** The address inside the lab that all outside mail goes to. Default: the name server, which resolves to the exit. */
  readonly smarthost?: string
  /** Macros that Debian's configuration reads, and lines for its main section. */
  readonly macros?: Readonly<Record<string, string>>
  readonly main?: readonly string[]
  /** Lines for the rewrite section. */
  readonly rewrite?: readonly string[]
  readonly names?: Instance['names']
}

/** Starts Exim for example.com, as Debian's package configures an "internet site", with the stock access rules. */
export function startExim(network: LabNetwork, options: EximOptions = {}): Promise<LabServer> {
  const { address = network.nextAddress(), relayNets = '127.0.0.1', smarthost } = options
  const { macros = {}, main = [], rewrite = [], names } = options
  // Semicolons separate the items of these lists, because IPv6 addresses contain colons.
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
