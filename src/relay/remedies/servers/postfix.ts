/** How to close Postfix, and Zimbra, which is built on it. */
import {
  BEHIND_PROXY,
  DOCKER_OPEN_RELAY,
  POSTFIX_ACCESS,
  PUBLISH_FOR_IPV4,
  ROUTE_CAUSES,
  SENDER_CAUSES,
  type ServerAdvice,
} from '../advice.ts'

/**
 * "mynetworks set too broadly, restrictions evaluated in the wrong order"; smtpd_relay_restrictions decides since
 * 2.10.
 */
const OPEN_POSTFIX = 'https://www.netdata.cloud/guides/postfix/postfix-open-relay-unauthorized/'
/** swap_bangpath and allow_percent_hack processing; source routes are stripped. */
const REWRITING = 'https://manpages.debian.org/jessie/postfix/trivial-rewrite.8postfix.en.html'
/** "Setting Up Trusted Networks"; zmconfigd rewrites the Postfix files every two minutes. */
const ZIMBRA = 'https://github.com/Zimbra/adminguide/blob/3c454057aca72fec7c71e1af953bdad1839c0930/mta.adoc'

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
    references: [OPEN_POSTFIX, POSTFIX_ACCESS, ZIMBRA],
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
    references: [DOCKER_OPEN_RELAY, BEHIND_PROXY],
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
