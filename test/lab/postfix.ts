import { type LabServer, quote, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface PostfixOptions {
  readonly address?: string
  /** Who may relay. Closed to strangers unless told; `0.0.0.0/0 [::]/0` is an open relay. */
  readonly mynetworks?: string
  /** `stock` is what Debian writes (454 to a stranger), `reject` what most administrators write (554). */
  readonly restrictions?: 'stock' | 'reject'
  /** Further lines of main.cf. A `relayhost` becomes the only way out. */
  readonly extra?: Readonly<Record<string, string>>
}

const relayRules = { stock: 'defer_unauth_destination', reject: 'reject_unauth_destination' }

// The certificate that Debian's ssl-cert makes at installation; it cannot do so here, for it wants debconf.
const selfSigned = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=mail.example.com \\
  -out /etc/ssl/certs/ssl-cert-snakeoil.pem -keyout /etc/ssl/private/ssl-cert-snakeoil.key`

/** Debian's Postfix as its package configures an "Internet Site", for example.com. */
export function startPostfix(network: LabNetwork, options: PostfixOptions = {}): Promise<LabServer> {
  const { address = network.nextAddress(), mynetworks = '127.0.0.0/8', restrictions = 'stock', extra = {} } = options
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
    inet_interfaces: address,
    inet_protocols: 'all',
    maillog_file: '/var/log/mail.log',
    smtp_tls_CApath: '', // only for outgoing mail, and copying it for the chroot takes seconds
    // Mail that is let through ends here, unless the test names a relayhost inside the lab.
    ...('relayhost' in extra ? {} : { default_transport: 'discard:', relay_transport: 'discard:' }),
    ...extra,
  }
  const assignments = Object.entries(settings).map(([name, value]) => quote(`${name}=${value}`))
  return startInstance(network, {
    software: 'postfix',
    address,
    hostname: 'mail.example.com',
    users: ['postfix', 'postdrop'],
    logFiles: ['/var/log/mail.log'],
    setup: `echo example.com >/etc/mailname
echo 'postmaster: root' >/etc/aliases
${selfSigned}
cd /etc/postfix
cp /usr/share/postfix/master.cf.dist master.cf
cat /usr/share/postfix/main.cf.debian /usr/share/postfix/main.cf.tls >main.cf
postconf -e ${assignments.join(' ')}
touch -d '1 minute ago' main.cf # Postfix waits until a file it reads is two seconds old
newaliases
chown postfix /var/lib/postfix
/usr/lib/postfix/configure-instance.sh
postfix start`,
  })
}
