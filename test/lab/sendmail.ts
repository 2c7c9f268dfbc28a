/** Starts a Sendmail in the lab. */
import { type Instance, type LabServer, quote, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface SendmailOptions {
  readonly address?: string
  /** The address inside the lab that all outside mail goes to. Default: the mail exchangers that its resolver names. */
  readonly smarthost?: string
  /** More lines for the access table. They replace Debian's lines with the same key. */
  readonly access?: Readonly<Record<string, string>>
  /** Addresses at example.com, or the whole domain, and the user that gets their mail. */
  readonly virtual?: Readonly<Record<string, string>>
  /** Names of additional features. */
  readonly features?: readonly string[]
  /** Whether it relays for its own host. Default: true. */
  readonly trustsItself?: boolean
  readonly names?: Instance['names']
}

const debianAccess = { 'GreetPause:': '5000', 'ClientRate:': '10', 'ClientConn:': '10' }

/** Starts Debian's Sendmail for example.com, with the limits of its package. */
export function startSendmail(network: LabNetwork, options: SendmailOptions): Promise<LabServer> {
  const {
    address = network.nextAddress(),
    smarthost,
    access = {},
    virtual = {},
    features = [],
    trustsItself = true,
    names,
  } = options
  return startInstance(network, {
    software: 'sendmail',
    address,
    hostname: 'mail.example.com',
    users: ['smmta', 'smmsp'],
    names,
    logFiles: ['/var/log/sendmail.log'],
    setup: `mkdir -p /etc/mail/m4 /run/sendmail/mta /var/lib/sendmail/host_status /var/log/sendmail
install -d -m 2750 -o smmta -g smmsp /var/spool/mqueue
cd /etc/mail
touch m4/dialup.m4 m4/provider.m4 /var/lib/sendmail/sendmail.st
printf '%s\\n' 'postmaster: root' 'jane: root' >aliases
echo example.com >local-host-names
cat >access <<'END'
${Object.entries({ ...debianAccess, ...access })
  .map((line) => line.join('\t'))
  .join('\n')}
END
{
  sed '/^MAILER_DEFINITIONS/,$d; /Port=submission/d; s/Addr=127.0.0.1/Addr=${address}/' /usr/share/sendmail/cf/debian/sendmail.mc
  cat <<'END'
${smarthost === undefined ? '' : `define(\`SMART_HOST', \`[${smarthost}]')dnl`}
CLIENT_OPTIONS(\`Family=inet, Addr=${address}')dnl
${features.map((name) => `FEATURE(\`${name}')dnl`).join('\n')}
MAILER_DEFINITIONS
MAILER(\`local')dnl
MAILER(\`smtp')dnl
END
} >sendmail.mc
m4 sendmail.mc >sendmail.cf
${trustsItself ? '' : `sed -i '/^SRelay_ok/,/^S[A-Z]/{/\\$=w.*RELAY/d}' sendmail.cf`}
/usr/libexec/sendmail/makemap hash access <access
printf '%s\\n' '' ${Object.entries(virtual)
      .map((line) => quote(line.join('\t')))
      .join(' ')} | /usr/libexec/sendmail/makemap hash virtusertable
ln -sf /usr/libexec/sendmail/sendmail /usr/sbin/sendmail
ln -sf /usr/libexec/sendmail/sendmail /usr/bin/newaliases
newaliases >/dev/null
sendmail -bd -q30m -X /var/log/sendmail.log`,
  })
}
