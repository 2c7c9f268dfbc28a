/** How to close Postfix, and Zimbra, which is built on it. */
import {
  BEHIND_PROXY,
  DOCKER_IPV6,
  POSTFIX_ACCESS,
  PUBLISH_FOR_IPV4,
  ROUTE_CAUSES,
  SENDER_CAUSES,
  type ServerAdvice,
} from '../advice.ts'

/** smtpd_relay_restrictions: "Access restrictions for mail relay control", since 2.10; mynetworks. */
const RELAY_CONTROL = 'https://www.postfix.org/postconf.5.html#smtpd_relay_restrictions'
/** smtpd_upstream_proxy_protocol: the name of the protocol of the proxy in front, such as haproxy. */
const UPSTREAM_PROXY = 'https://www.postfix.org/postconf.5.html#smtpd_upstream_proxy_protocol'
/** swap_bangpath and allow_percent_hack processing; source routes are stripped. */
const REWRITING = 'https://www.postfix.org/trivial-rewrite.8.html'
/** "Restrict the use of the permit_mx_backup SMTP access feature to only domains whose primary MX hosts match". */
const MX_BACKUP = 'https://www.postfix.org/postconf.5.html#permit_mx_backup_networks'
/** "Setting Up Trusted Networks"; zmconfigd rewrites the Postfix files every two minutes. */
const ZIMBRA = 'https://zimbra.github.io/adminguide/latest/'

const NAMES = ['Postfix', 'Postfix postscreen'] as const
// The default since 2.10, except that it had defer_unauth_destination (clearos/app-smtp issue 1).
const RELAY_RESTRICTIONS =
  'Set: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination'
// smtpd(8): "Use the postfix reload command after a configuration change."
const RELOAD = 'Run: postfix reload'

export const POSTFIX: readonly ServerAdvice[] = [
  {
    software: 'Postfix',
    names: NAMES,
    title: 'Close Postfix',
    steps: [
      'Show the current settings: postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions',
      'In main.cf, put only your own addresses into mynetworks, never 0.0.0.0/0. Example: mynetworks = 127.0.0.0/8 [::1]/128 192.0.2.0/24',
      RELAY_RESTRICTIONS,
      'Before Postfix 2.10, put reject_unauth_destination into smtpd_recipient_restrictions, directly after the two permits.',
      'In master.cf, remove lines of the smtp service that override these settings: -o mynetworks=..., -o smtpd_relay_restrictions=...',
      RELOAD,
      'On Zimbra do not edit main.cf: set the MTA Trusted Networks under Configure > Global Settings > MTA > Network.',
    ],
    references: [RELAY_CONTROL, POSTFIX_ACCESS, ZIMBRA],
  },
  // SMTPD_ACCESS_README, "Dangerous use of smtpd_recipient_restrictions": a PERMIT before reject_unauth_destination.
  {
    software: 'Postfix',
    names: NAMES,
    causes: SENDER_CAUSES,
    title: 'Stop Postfix from relaying by sender',
    steps: [
      'In main.cf, find check_sender_access in smtpd_relay_restrictions and smtpd_recipient_restrictions: its table has OK for this sender.',
      'Move it after reject_unauth_destination, or into smtpd_sender_restrictions, where an OK does not allow relaying.',
      RELAY_RESTRICTIONS,
      'Let your own users log in (permit_sasl_authenticated, port 587): anyone can use any sender address.',
      RELOAD,
    ],
    references: [POSTFIX_ACCESS],
  },
  // smtpd(8): allow_untrusted_routing (no) forwards "sender-specified routing (user[@%!]remote[@%!]site)";
  // cf/README of Sendmail: a mail server behind it follows the route for a client that it trusts.
  {
    software: 'Postfix',
    names: NAMES,
    causes: ROUTE_CAUSES,
    title: 'Stop Postfix from following routes in addresses',
    steps: [
      'In main.cf, set: allow_untrusted_routing = no',
      'Also set these, unless you need them: allow_percent_hack = no and swap_bangpath = no',
      RELAY_RESTRICTIONS,
      'If Postfix passes mail on to another server, close that one too: it may be the one that follows the route.',
      RELOAD,
    ],
    references: [REWRITING, POSTFIX_ACCESS],
  },
  // postconf(5): "permit_mx_backup can be vulnerable to mis-use when access is not restricted with
  // permit_mx_backup_networks".
  {
    software: 'Postfix',
    names: NAMES,
    causes: ['mx-steered'],
    title: 'Stop Postfix from relaying by MX record',
    steps: [
      'In main.cf and master.cf, remove permit_mx_backup from smtpd_relay_restrictions and smtpd_recipient_restrictions.',
      'List the domains that this server is a backup for: relay_domains = example.net, example.org',
      'If you must keep permit_mx_backup, set permit_mx_backup_networks to the networks of the primary servers.',
      RELAY_RESTRICTIONS,
      RELOAD,
    ],
    references: [MX_BACKUP, POSTFIX_ACCESS],
  },
  {
    software: 'Postfix',
    names: NAMES,
    causes: ['source-address-lost'],
    title: 'Let Postfix see who connects',
    steps: [
      'In the log, find the address that all connections seem to come from: that of a proxy, NAT, or container gateway, such as 172.17.0.1.',
      'Remove it, and the network that it is in, from mynetworks in main.cf. Then run: postfix reload',
      'Behind a proxy, switch on its PROXY protocol and set: smtpd_upstream_proxy_protocol = haproxy',
      'If postscreen answers on that port, set instead: postscreen_upstream_proxy_protocol = haproxy',
      PUBLISH_FOR_IPV4,
    ],
    references: [UPSTREAM_PROXY, DOCKER_IPV6, BEHIND_PROXY],
  },
  // Zimbra greets like Postfix, unless its banner was changed.
  {
    software: 'Zimbra',
    names: ['Zimbra'],
    title: 'Close Zimbra',
    steps: [
      'In the Admin Console, open Configure > Global Settings > MTA > Network.',
      'Put only your own addresses into MTA Trusted Networks. Example: 127.0.0.0/8 [::1]/128 192.0.2.0/24',
      'Open Configure > Servers > your server > MTA > Network: its value overrides the global setting.',
      'Do not edit main.cf: zmconfigd rewrites it every two minutes.',
      'Let users outside these networks log in: SMTP authentication lets them relay.',
    ],
    references: [ZIMBRA],
  },
]
