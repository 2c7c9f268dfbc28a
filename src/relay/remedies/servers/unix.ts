/** How to close other mail servers for Unix: qmail, OpenSMTPD, Courier, Haraka and Stalwart. */
import { SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** "How do I allow selected clients to use this host as a relay?": rcpthosts, RELAYCLIENT, tcprules. */
const QMAIL_RELAY = 'https://cr.yp.to/qmail/faq/servers.html'
/** rcpthosts, morercpthosts with qmail-newmrh, RELAYCLIENT. */
const QMAIL_SMTPD = 'https://github.com/notqmail/notqmail/blob/main/qmail-smtpd.8'
/** percenthack: "any address of the form user%fqdn@domain is rewritten as user@fqdn"; read only at start. */
const QMAIL_SEND = 'https://github.com/notqmail/notqmail/blob/main/qmail-send.9'
/** match: for any, from any, from local (the default), from mail-from "no matter the source IP address", auth. */
const SMTPD_CONF = 'https://man.openbsd.org/smtpd.conf.5'
/** The grammar before match: accept from any for any relay; the first matching rule decides. */
const SMTPD_CONF_OLD = 'https://man.openbsd.org/OpenBSD-6.3/smtpd.conf.5'
/** "RELAYCLIENT: Allow the client to relay mail"; set by a login; must be run before changes take effect. */
const SMTPACCESS = 'https://www.courier-mta.org/makesmtpaccess.html'
/** esmtppercentrelay: the list of percent hack domains. */
const PERCENTRELAY = 'https://www.courier-mta.org/makepercentrelay.html'
/** relay.ini: all=true "your mail server is now an open relay"; acl, relay_acl_allow, relay_dest_domains.ini. */
const HARAKA_RELAY = 'https://haraka.github.io/plugins/relay'
/** host_list, host_list.anti_spoof, and the rule that a relaying client may send anywhere from a local domain. */
const HARAKA_HOSTS = 'https://haraka.github.io/plugins/rcpt_to.in_host_list'
/** haproxy_hosts. */
const HARAKA_PROXY = 'https://haraka.github.io/core/HAProxy'
/** allowRelaying, default !is_empty(authenticated_as). */
const STALWART_RCPT = 'https://stalw.art/docs/ref/object/mta-stage-rcpt'
/** session.rcpt.relay of versions with a configuration file. */
const STALWART_RELAY = 'https://stalw.art/docs/smtp/inbound/rcpt'
/** "Stalwart Mail Server only recognises the IP address of the proxy". */
const STALWART_PROXY = 'https://stalw.art/docs/server/proxy'

export const UNIX: readonly ServerAdvice[] = [
  {
    software: 'qmail',
    names: ['qmail'],
    title: 'Close qmail',
    steps: [
      'Check that /var/qmail/control/rcpthosts exists: without that file, qmail accepts mail for every domain.',
      'Write the domains that you receive mail for into it, one per line. Write more than 50 into morercpthosts and run qmail-newmrh.',
      'In /etc/tcp.smtp, set RELAYCLIENT only for your own addresses. Example: 127.:allow,RELAYCLIENT=""',
      'Rebuild its database: tcprules /etc/tcp.smtp.cdb /etc/tcp.smtp.tmp < /etc/tcp.smtp',
      'Make the run script of qmail-smtpd refuse to start without rcpthosts.',
    ],
    references: [QMAIL_RELAY, QMAIL_SMTPD],
  },
  {
    software: 'qmail',
    names: ['qmail'],
    causes: ['percent-hack'],
    title: 'Switch off the percent hack of qmail',
    steps: [
      'Delete /var/qmail/control/percenthack, or remove your domains from it.',
      'Stop and start qmail-send: it reads its control files only when it starts.',
    ],
    references: [QMAIL_SEND],
  },
  {
    software: 'OpenSMTPD',
    names: ['OpenSMTPD'],
    title: 'Close OpenSMTPD',
    steps: [
      'In smtpd.conf, find rules such as: match from any for any action "relay". Each of them is an open relay.',
      'Let strangers reach your own domains only: match from any for domain "example.com" action "local"',
      'Let your own machines and users send: match from local for any action "relay", and match auth from any for any action "relay"',
      'In the older grammar, the mistake is: accept from any for any relay. Write: accept from local for any relay',
      'Check the order of the rules: the first rule that matches decides. Then restart smtpd.',
    ],
    references: [SMTPD_CONF, SMTPD_CONF_OLD],
  },
  {
    software: 'OpenSMTPD',
    names: ['OpenSMTPD'],
    causes: SENDER_CAUSES,
    title: 'Stop OpenSMTPD from relaying by sender',
    steps: [
      'In smtpd.conf, find rules with mail-from and for any: they match everyone who uses that sender, from any address.',
      'Remove them, or add auth. Example: match auth from any mail-from "@example.com" for any action "relay"',
      'In the older grammar, such a rule is: accept from any sender <senders> for any relay',
      'Check the order of the rules: the first rule that matches decides. Then restart smtpd.',
    ],
    references: [SMTPD_CONF, SMTPD_CONF_OLD],
  },
  {
    software: 'Courier',
    names: ['Courier'],
    title: 'Close Courier',
    steps: [
      'In the files of /etc/courier/smtpaccess, keep allow,RELAYCLIENT only for your own addresses, such as 127.0.0.1.',
      'Let your own users log in instead: a login sets RELAYCLIENT by itself.',
      'In /etc/courier/esmtpacceptmailfor and esmtpacceptmailfor.dir, keep only your own domains. Then run makeacceptmailfor.',
      'Run makesmtpaccess, and makesmtpaccess-msa if port 587 has its own file. Then restart Courier.',
    ],
    references: [SMTPACCESS],
  },
  {
    software: 'Courier',
    names: ['Courier'],
    causes: ['percent-hack'],
    title: 'Switch off the percent hack of Courier',
    steps: [
      'Empty /etc/courier/esmtppercentrelay and /etc/courier/esmtppercentrelay.dir: they list the percent hack domains.',
      'Run makepercentrelay and restart Courier.',
    ],
    references: [PERCENTRELAY],
  },
  {
    software: 'Haraka',
    names: ['Haraka'],
    title: 'Close Haraka',
    steps: [
      'In config/relay.ini, section [relay], set: all=false. With all=true Haraka is an open relay.',
      'Put only your own addresses into config/relay_acl_allow.',
      'Put only domains that you receive mail for into config/relay_dest_domains.ini.',
      'In config/plugins, enable a rcpt_to plugin, such as rcpt_to.in_host_list with your domains in config/host_list.',
      'Check your own plugins: none of them may set connection.relaying, or accept a recipient, for a stranger.',
      'Restart Haraka.',
    ],
    references: [HARAKA_RELAY, HARAKA_HOSTS],
  },
  {
    software: 'Haraka',
    names: ['Haraka'],
    causes: ['own-domain-sender', 'own-host-sender'],
    title: 'Stop Haraka from relaying by sender',
    steps: [
      'Find what sets connection.relaying for strangers: config/relay_acl_allow, relay.ini, or one of your own plugins.',
      'Note that rcpt_to.in_host_list lets a relaying client send anywhere from a domain in config/host_list.',
      'Set host_list.anti_spoof: strangers who use a sender at your domain are then refused at MAIL FROM.',
      'Restart Haraka.',
    ],
    references: [HARAKA_HOSTS, HARAKA_RELAY],
  },
  {
    software: 'Haraka',
    names: ['Haraka'],
    causes: ['source-address-lost'],
    title: 'Let Haraka see who connects',
    steps: [
      'Remove the address of the proxy or gateway from config/relay_acl_allow.',
      'List the proxy in config/haproxy_hosts, and let it use the PROXY protocol (send-proxy).',
      'Restart Haraka.',
    ],
    references: [HARAKA_PROXY, HARAKA_RELAY],
  },
  {
    software: 'Stalwart',
    names: ['Stalwart'],
    title: 'Close Stalwart',
    steps: [
      'In the WebUI, open Settings > MTA > Session > RCPT TO Stage.',
      'Set Allow relaying back to its default: !is_empty(authenticated_as)',
      'In versions with a configuration file, set session.rcpt.relay to true for authenticated sessions only.',
    ],
    references: [STALWART_RCPT, STALWART_RELAY],
  },
  {
    software: 'Stalwart',
    names: ['Stalwart'],
    causes: ['source-address-lost'],
    title: 'Let Stalwart see who connects',
    steps: [
      'Switch on the proxy protocol at the proxy, and in Stalwart for the network of the proxy.',
      'In the WebUI, under Settings > MTA > Session > RCPT TO Stage, check that no rule allows relaying because of the proxy address.',
      'The default of Allow relaying is: !is_empty(authenticated_as)',
    ],
    references: [STALWART_PROXY, STALWART_RCPT],
  },
]
