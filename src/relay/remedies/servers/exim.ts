import { ROUTE_CAUSES, SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** relay_from_hosts, relay_to_domains, percent_hack_domains, the "Restricted characters" rules, HUP after changes. */
const CONFIGURE = 'https://github.com/Exim/exim/blob/059ec3d9952740285fb1ebf47961b8aca2eb1b4a/src/src/configure.default'
/** "deny domains = !+local_domains ... is what stops your Exim from being an open relay." */
const Q0743 = 'https://github.com/Exim/exim/wiki/Q0743'

const NAMES = ['Exim']
const RESTART = 'Send the Exim daemon a HUP, or restart it: it reads its configuration only then.'

export const EXIM: readonly ServerAdvice[] = [
  // The names of Debian's lists as several update-exim4.conf.conf in public files have them.
  {
    software: 'Exim',
    names: NAMES,
    title: 'Close Exim',
    steps: [
      'Let relay_from_hosts hold your own networks only, never *, such as: hostlist relay_from_hosts = 127.0.0.1 : 192.0.2.0/24',
      'Let relay_to_domains hold only domains that you are backup MX for; leave it empty if there are none.',
      'In the ACL that acl_smtp_rcpt names, let every accept ask for domains, for hosts = +relay_from_hosts, or for authenticated = *',
      'End that ACL with: deny message = relay not permitted',
      'On Debian these lists are dc_relay_nets and dc_relay_domains in /etc/exim4/update-exim4.conf.conf.',
      'Ask Exim without sending, as a stranger would: exim -bh 198.51.100.1',
      RESTART,
    ],
    references: [CONFIGURE, Q0743],
  },
  {
    software: 'Exim',
    names: NAMES,
    causes: SENDER_CAUSES,
    title: 'Stop Exim from relaying by sender',
    steps: [
      'In the ACL that acl_smtp_rcpt names, find an accept with senders = and no check of the recipient domain: anyone can claim a sender.',
      'Remove it; or add to it domains = +local_domains : +relay_to_domains',
      'Let your own users in by accept hosts = +relay_from_hosts and accept authenticated = *',
      'End that ACL with: deny message = relay not permitted',
      RESTART,
    ],
    references: [CONFIGURE, Q0743],
  },
  {
    software: 'Exim',
    names: NAMES,
    causes: ROUTE_CAUSES,
    title: 'Stop Exim from following routes in addresses',
    steps: [
      'Remove percent_hack_domains from the main part of the configuration.',
      'At the top of the ACL that acl_smtp_rcpt names, put back the two rules of the default configuration.',
      'The first one: deny domains = +local_domains, and on its next line local_parts = ^[.] : ^.*[@%!/|]',
      'The second one: deny domains = !+local_domains, and on its next line local_parts = ^[./|] : ^.*[@%!]',
      RESTART,
    ],
    references: [CONFIGURE],
  },
]
