/** How to close Exim. */
import { ROUTE_CAUSES, SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** relay_from_hosts, relay_to_domains, percent_hack_domains, the "Restricted characters" rules, HUP after changes. */
const CONFIGURE = 'https://www.exim.org/exim-html-current/doc/html/spec_html/ch-the_default_configuration_file.html'
/** "You can implement relay control by means of suitable statements in the ACL that runs for each RCPT command." */
const ACLS = 'https://www.exim.org/exim-html-current/doc/html/spec_html/ch-access_control_lists.html'
/** "@mx_any" matches a domain that has an MX record pointing to the local host; also @mx_primary and @mx_secondary. */
const LISTS =
  'https://www.exim.org/exim-html-current/doc/html/spec_html/ch-domain_host_address_and_local_part_lists.html'

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
    references: [CONFIGURE, ACLS],
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
    references: [CONFIGURE, ACLS],
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
  {
    software: 'Exim',
    names: NAMES,
    causes: ['mx-steered'],
    title: 'Stop Exim from relaying by MX record',
    steps: [
      'Remove @mx_any, @mx_primary and @mx_secondary from relay_to_domains, and from every domains = of an accept in the ACLs.',
      'List the domains that this server is a backup for. Example: domainlist relay_to_domains = example.net : example.org',
      'On Debian that list is dc_relay_domains in /etc/exim4/update-exim4.conf.conf. Then run: update-exim4.conf',
      RESTART,
    ],
    references: [LISTS, CONFIGURE],
  },
]
