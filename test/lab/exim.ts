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
  /** Access rules that stand before the ones for clients that may relay. */
  readonly rules?: readonly string[]
  /** Lines for the rewrite section. */
  readonly rewrite?: readonly string[]
  /** Whether it offers STARTTLS. */
  readonly tls?: boolean
  /** The port for mail clients that is tested instead of port 25: people log in there. */
  readonly submission?: 465 | 587
  /** The server that it passes mail to example.com on to. Default: it delivers that mail itself. */
  readonly primary?: string
  readonly names?: Instance['names']
}

const certificate = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=mail.example.com \\
  -out /etc/exim4/exim.pem -keyout /run/exim.key
cat /run/exim.key >>/etc/exim4/exim.pem
chown Debian-exim /etc/exim4/exim.pem`

const submissionLines = (port: 465 | 587): string[] => [
  `daemon_smtp_ports = 25 : ${port}`,
  'tls_on_connect_ports = 465',
]

/** Offers a login that nobody has the password of. */
const login = `sed -i '/^begin authenticators/a plain_login:\\n  driver = plaintext\\n  public_name = PLAIN\\n  server_prompts = :\\n  server_condition = no' /etc/exim4/exim4.conf.template`

/** Starts Exim for example.com, as Debian's package configures an "internet site", with the stock access rules. */
export async function startExim(network: LabNetwork, options: EximOptions = {}): Promise<LabServer> {
  const { address = network.nextAddress(), relayNets = '127.0.0.1', smarthost } = options
  const { macros = {}, main = [], rules = [], rewrite = [], tls = false, submission, primary, names } = options
  // Semicolons separate the items of these lists, because IPv6 addresses contain colons.
  const settings = {
    dc_eximconfig_configtype: smarthost === undefined ? 'internet' : 'smarthost',
    dc_other_hostnames: primary === undefined ? 'example.com' : 'backup.example.com',
    dc_local_interfaces: `<; ${address}`,
    dc_readhost: '',
    dc_relay_domains: primary === undefined ? '' : 'example.com',
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
  const allMacros = { ...macros, ...(tls ? { MAIN_TLS_ENABLE: 'yes', MAIN_TLS_CERTKEY: '/etc/exim4/exim.pem' } : {}) }
  const macroLines = Object.entries(allMacros).map(([name, value]) => quote(`${name} = ${value}`))
  const mainLines = [...main, ...(submission ? submissionLines(submission) : [])]
  const server = await startInstance(network, {
    software: 'exim',
    address,
    hostname: 'mail.example.com',
    users: ['Debian-exim'],
    names,
    logFiles: ['/var/log/exim4/mainlog', '/var/log/exim4/rejectlog', '/var/log/exim4/paniclog'],
    setup: `echo mail.example.com >/etc/mailname
printf '%s\\n' 'postmaster: root' 'jane: root' >/etc/aliases
install -d -o Debian-exim -g adm -m 2750 /var/log/exim4
install -d -o Debian-exim -g Debian-exim -m 750 /run/exim4 /var/spool/exim4
printf '%s\\n' ${lines.join(' ')} >/etc/exim4/update-exim4.conf.conf
printf '%s\\n' ${[...macroLines, "''"].join(' ')} ${mainLines.map(quote).join(' ')} >/etc/exim4/exim4.conf.localmacros
sed -i 's/^  driver = smtp$/&\\n  interface = ${address.includes(':') ? '' : address}/' /etc/exim4/exim4.conf.template
printf '%s\\n' ${["''", ...rewrite.map(quote)].join(' ')} | sed -i '/^begin rewrite/r /dev/stdin' /etc/exim4/exim4.conf.template
${tls ? certificate : ''}
${primary === undefined ? '' : `echo 'example.com: ${primary}' >/etc/exim4/hubbed_hosts`}
${submission ? login : ''}
printf '%s\\n' ${["''", ...rules.map(quote)].join(' ')} >/run/rules
sed -i '/^  .ifndef CHECK_RCPT_NO_FAIL_TOO_MANY_BAD_RCPT/e cat /run/rules' /etc/exim4/exim4.conf.template
update-exim4.conf
exim4 -bdf -q30m &`,
  })
  return { ...server, port: submission ?? server.port }
}
