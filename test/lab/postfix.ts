/** Starts a Postfix in the lab. */
import { type Instance, type LabServer, quote, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface PostfixOptions {
  readonly address?: string
  /** A second address of the same server. */
  readonly address6?: string
  /** The clients that may relay. Default: only itself. `0.0.0.0/0 [::]/0` is an open relay. */
  readonly mynetworks?: string
  /** `stock` is Debian's setting (454 to a stranger). `reject` is the setting of most administrators (554). */
  readonly restrictions?: 'stock' | 'reject'
  /** More lines for main.cf. With a `relayhost`, all outside mail goes there. */
  readonly extra?: Readonly<Record<string, string>>
  /** Options of a postgrey that listens at `unix:postgrey/socket`. Default: no postgrey. */
  readonly greylist?: string
  /** Whether postscreen tests new clients: they must wait for the greeting, and come back after the deep tests. */
  readonly postscreen?: boolean
  /** The port for mail clients that is tested instead of port 25: people log in there. */
  readonly submission?: 465 | 587
  readonly names?: Instance['names']
}

const relayRules = { stock: 'defer_unauth_destination', reject: 'reject_unauth_destination' }

// The certificate that Debian's ssl-cert makes when it is installed. It needs debconf, which the lab does not have.
const selfSigned = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=mail.example.com \\
  -out /etc/ssl/certs/ssl-cert-snakeoil.pem -keyout /etc/ssl/private/ssl-cert-snakeoil.key`

const postscreenSettings = {
  postscreen_access_list: '',
  postscreen_greet_action: 'enforce',
  postscreen_pipelining_enable: 'yes',
  postscreen_pipelining_action: 'enforce',
  postscreen_non_smtp_command_enable: 'yes',
  postscreen_bare_newline_enable: 'yes',
  postscreen_bare_newline_action: 'enforce',
}

/** The folders that Postfix makes at its first start, with their owners. Its own script for this takes seconds. */
const queues = `cd /var/spool/postfix
install -d pid
install -d -o postfix -m 700 active bounce corrupt defer deferred flush hold incoming private saved trace
install -d -o postfix -g postdrop -m 730 maildrop
install -d -o postfix -g postdrop -m 710 public
cd /etc/postfix`

const postscreenServices = `postconf -M 'smtp/inet=smtp inet n - y - 1 postscreen' 'smtpd/pass=smtpd pass - - y - - smtpd' \\
  'tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy'`

/** The services for mail clients, as the comments of Debian's master.cf suggest them. */
const submissionService = (port: 465 | 587): string =>
  `postconf -M '${port}/inet=${port} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes ${
    port === 465 ? '-o smtpd_tls_wrappermode=yes' : '-o smtpd_tls_security_level=encrypt'
  } -o smtpd_client_restrictions=$submission_rules'
printf '%s\\n' 'pwcheck_method: auxprop' 'mech_list: PLAIN LOGIN' >sasl/smtpd.conf`

const startPostgrey = (options: string): string => `install -d -o postgrey -g postgrey /var/lib/postgrey
install -d -o postgrey -g postgrey -m 755 /var/spool/postfix/postgrey
postgrey --unix=/var/spool/postfix/postgrey/socket ${options} --daemonize --dbdir=/var/lib/postgrey`

/** Starts Postfix for example.com, as Debian's package configures an "Internet Site". */
export async function startPostfix(network: LabNetwork, options: PostfixOptions = {}): Promise<LabServer> {
  const { address = network.nextAddress(), address6, mynetworks = '127.0.0.0/8', restrictions = 'stock' } = options
  const { extra = {}, greylist, postscreen = false, submission, names } = options
  const settings: Record<string, string> = {
    smtpd_relay_restrictions: `permit_mynetworks permit_sasl_authenticated ${relayRules[restrictions]}`,
    myhostname: 'mail.example.com',
    mydomain: 'example.com',
    myorigin: '/etc/mailname',
    mydestination: '$myhostname, example.com, localhost.example.com, localhost',
    mynetworks,
    alias_maps: 'hash:/etc/aliases',
    alias_database: 'hash:/etc/aliases',
    mailbox_size_limit: '0',
    recipient_delimiter: '+',
    inet_interfaces: [address, address6 ?? ''].join(' ').trim(),
    inet_protocols: 'all',
    maillog_file: '/var/log/mail.log',
    smtp_tls_CApath: '', // used only for outgoing mail, and copying it into the chroot takes seconds
    // Relayed mail is discarded, unless the test sets a relayhost inside the lab.
    ...('relayhost' in extra ? {} : { default_transport: 'discard:', relay_transport: 'discard:' }),
    ...(postscreen ? postscreenSettings : {}),
    ...(submission ? { submission_rules: 'permit_sasl_authenticated, reject' } : {}),
    ...extra,
  }
  const assignments = Object.entries(settings).map(([name, value]) => quote(`${name}=${value}`))
  const server = await startInstance(network, {
    software: submission ? 'submission' : greylist === undefined ? 'postfix' : 'postgrey',
    address,
    address6,
    hostname: 'mail.example.com',
    users: ['postfix', 'postdrop', ...(greylist === undefined ? [] : ['postgrey'])],
    names,
    logFiles: ['/var/log/mail.log'],
    setup: `echo example.com >/etc/mailname
printf '%s\\n' 'postmaster: root' 'jane: root' >/etc/aliases
${selfSigned}
cd /etc/postfix
cp /usr/share/postfix/master.cf.dist master.cf
cat /usr/share/postfix/main.cf.debian /usr/share/postfix/main.cf.tls >main.cf
postconf -e ${assignments.join(' ')}
touch -d '1 minute ago' main.cf # Postfix waits until a file that it reads is two seconds old
newaliases
chown postfix /var/lib/postfix
${queues}
postconf -F '*/*/chroot=n' # filling the chroot takes longer than everything else
${greylist === undefined ? '' : startPostgrey(greylist)}
${postscreen ? postscreenServices : ''}
${submission ? `mkdir -p sasl\n${submissionService(submission)}` : ''}
# Does the same as \`postfix start\`, but without its checks, which take longer than everything else.
/usr/lib/postfix/sbin/master -w`,
  })
  return { ...server, port: submission ?? server.port }
}
