/** How to close Exim. */
import { ROUTE_CAUSES, SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** relay_from_hosts, relay_to_domains, percent_hack_domains, the "Restricted characters" rules, HUP after changes. */
const CONFIGURE = 'https://github.com/Exim/exim/blob/059ec3d9952740285fb1ebf47961b8aca2eb1b4a/src/src/configure.default'
/** "deny domains = !+local_domains ... is what stops your Exim from being an open relay." */
const Q0743 = 'https://github.com/Exim/exim/wiki/Q0743'

const NAMES = ['Exim'] as const
const RESTART = 'Send the Exim daemon a HUP signal, or restart it: it reads its configuration only then.'

export const EXIM: readonly ServerAdvice[] = [
  // Debian's names of these lists are from several public copies of update-exim4.conf.conf.
  {
    software: 'Exim',
    names: NAMES,
    title: 'Close Exim',
    steps: [
      'Put only your own networks into relay_from_hosts, never *. Example: hostlist relay_from_hosts = 127.0.0.1 : 192.0.2.0/24',
      'Put only domains that you are a backup MX for into relay_to_domains. Leave it empty if there are none.',
      'In the ACL that acl_smtp_rcpt names, every accept must check domains, hosts = +relay_from_hosts, or authenticated = *',
      'End that ACL with: deny message = relay not permitted',
      'On Debian these lists are dc_relay_nets and dc_relay_domains in /etc/exim4/update-exim4.conf.conf.',
      'Try it as a stranger, without sending a message: exim -bh 198.51.100.1',
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
      'In the ACL that acl_smtp_rcpt names, find an accept with senders = but without a check of the recipient domain: anyone can use any sender.',
      'Remove it, or add this to it: domains = +local_domains : +relay_to_domains',
      'Let your own users in with: accept hosts = +relay_from_hosts, and: accept authenticated = *',
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
      'At the top of the ACL that acl_smtp_rcpt names, restore the two rules of the default configuration.',
      'The first one: deny domains = +local_domains, and on its next line local_parts = ^[.] : ^.*[@%!/|]',
      'The second one: deny domains = !+local_domains, and on its next line local_parts = ^[./|] : ^.*[@%!]',
      RESTART,
    ],
    references: [CONFIGURE],
  },
]
