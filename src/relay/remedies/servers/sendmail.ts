/** How to close Sendmail. */
import { SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** "ANTI-SPAM CONFIGURATION CONTROL": relaying is denied by default since 8.9; lists each FEATURE that allows it. */
const CF_README =
  'https://github.com/freebsd/freebsd-src/blob/0cc8aac437ca5de8f94291323499241c949261f9/contrib/sendmail/cf/README'
/** "remove the 'promiscuous_relay' configuration. Rebuild the sendmail.cf file ... and restart the service." */
const STIG = 'https://tenable.com/audits/items/DISA_STIG_RHEL_5_v1r18.audit:aecfe763dc14e01370e8a0b02b3c238e'
/** The warning of relay_mail_from: "may cause your system to act as open relay. Use SMTP AUTH or STARTTLS instead." */
const MAIL_FROM = 'https://www.oreilly.com/library/view/sendmail-4th-edition/9780596510299/ch07s04s08.html'
/** The two checks that sendmail makes of user%hostB@hostA without loose_relay_check. */
const LOOSE = 'https://www.oreilly.com/library/view/sendmail-4th-edition/9780596510299/ch07s04s02.html'

const NAMES = ['Sendmail'] as const
const REBUILD = 'Rebuild sendmail.cf from sendmail.mc, then restart sendmail.'
const MAKEMAP = 'After each change of the access file, run: makemap hash /etc/mail/access < /etc/mail/access'

export const SENDMAIL: readonly ServerAdvice[] = [
  {
    software: 'Sendmail',
    names: NAMES,
    title: 'Close Sendmail',
    steps: [
      'Sendmail before version 8.9 relays for everyone: upgrade it.',
      "In sendmail.mc, remove FEATURE(`promiscuous_relay') and FEATURE(`relay_based_on_MX').",
      'In /etc/mail/access and /etc/mail/relay-domains, keep RELAY only for your own networks. Example: Connect:192.0.2 RELAY',
      MAKEMAP,
      REBUILD,
    ],
    references: [CF_README, STIG],
  },
  // cf/README: relay_local_from "will allow spammers to spam using your mail server"; "use tagged entries".
  {
    software: 'Sendmail',
    names: NAMES,
    causes: SENDER_CAUSES,
    title: 'Stop Sendmail from relaying by sender',
    steps: [
      "In sendmail.mc, remove FEATURE(`relay_local_from') and FEATURE(`relay_mail_from'): anyone can use any sender address.",
      'In /etc/mail/access, replace untagged entries and From: entries that say RELAY with To:example.com RELAY and Connect:192.0.2 RELAY',
      MAKEMAP,
      'Let your own users log in (SMTP AUTH) instead.',
      REBUILD,
    ],
    references: [CF_README, MAIL_FROM],
  },
  // cf/README: loose_relay_check "can allow spammers to relay"; a mail server behind may follow the route.
  {
    software: 'Sendmail',
    names: NAMES,
    causes: ['percent-hack', 'source-route', 'address-spelling'],
    title: 'Let Sendmail check routes in addresses',
    steps: [
      "In sendmail.mc, remove FEATURE(`loose_relay_check').",
      'In /etc/mail/access and /etc/mail/relay-domains, remove RELAY from every outside domain.',
      MAKEMAP,
      'If Sendmail passes mail on to another server, close that one too: it may be the one that follows the route.',
      REBUILD,
    ],
    references: [CF_README, LOOSE],
  },
  // cf/README, NOTICE: system A reads ! as an ordinary character, and the mail hub behind it reads it as a route.
  {
    software: 'Sendmail',
    names: NAMES,
    causes: ['bang-path'],
    title: 'Let Sendmail refuse UUCP addresses',
    steps: [
      "In sendmail.mc, set: FEATURE(`nouucp', `reject')",
      'Do the same on every mail server behind this one: a server that knows UUCP addresses relays them for a host that it trusts.',
      REBUILD,
    ],
    references: [CF_README],
  },
]
