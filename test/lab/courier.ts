/** Starts a Courier in the lab. */
import { type LabServer, startInstance } from './instance.ts'
import type { LabNetwork } from './network.ts'

export interface CourierOptions {
  readonly address?: string
  /** The address inside the lab that all outside mail goes to. */
  readonly smarthost: string
  /** More lines for the file `esmtpd`, where Debian has `TARPIT=1`. */
  readonly esmtpd?: readonly string[]
  /** The clients that may relay, as the beginning of an address. */
  readonly relayFor?: string
  /** The outside domain for which it follows the percent hack: `user%outside@example.com`. */
  readonly percentRelay?: string
}

/** Starts Courier for example.com, configured as Debian's package does it. */
export function startCourier(network: LabNetwork, options: CourierOptions): Promise<LabServer> {
  const { address = network.nextAddress(), smarthost, esmtpd = [], relayFor, percentRelay } = options
  return startInstance(network, {
    software: 'courier',
    address,
    hostname: 'mail.example.com',
    users: ['courier', 'admin'],
    logFiles: ['/var/log/courier.log'],
    setup: `for name in deliverquota maildirmake makedat lockmail preline; do ln -sf $name.courier /usr/bin/$name; done
cd /etc/courier
echo example.com | tee defaultdomain >esmtpacceptmailfor
echo mail.example.com >me
printf '%s\\n' localhost example.com >locals
echo 'postmaster@example.com' >dsnfrom
echo ':[${smarthost}]' >esmtproutes
echo '${address}' >ipout
${percentRelay === undefined ? '' : `echo ${percentRelay} >esmtppercentrelay`}
${relayFor === undefined ? '' : `printf '%s\\tallow,RELAYCLIENT\\n' '${relayFor}' >>smtpaccess/default`}
printf '%s\\n' 'postmaster: admin' 'jane: admin' >aliases/system
usermod --home /var/lib/admin admin
install -d -o admin -g admin /var/lib/admin
printf '%s\\n' ADDRESS=${address} ${esmtpd.join(' ')} >>esmtpd
touch esmtpd.pem
mkdir -p /run/courier/authdaemon /var/lib/courier
cd /var/lib/courier
mkdir -p allfilters filters msgq msgs track tmp faxtmp
chown -R courier:courier /var/lib/courier /run/courier /etc/courier
chmod 770 tmp
cd /usr/lib/courier/courier
chown root:courier /usr/sbin/rmail /usr/sbin/sendmail
chown courier:courier submitmkdir
chmod 4755 submitmkdir
makesmtpaccess
makeacceptmailfor
makehosteddomains
makealiases
authdaemond start
courier start
esmtpd start`,
  })
}
