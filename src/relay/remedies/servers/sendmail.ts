/** How to close Sendmail. */
import { SENDER_CAUSES, type ServerAdvice } from '../advice.ts'

/** "ANTI-SPAM CONFIGURATION CONTROL": relaying is denied by default since 8.9; lists each FEATURE that allows it. */
const ANTI_SPAM = 'https://www.sendmail.org/~ca/email/doc8.12/cf/m4/anti_spam.html'

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
    references: [ANTI_SPAM],
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
    references: [ANTI_SPAM],
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
    references: [ANTI_SPAM],
  },
  // cf/README: relay_based_on_MX allows relaying to hosts "that list the sendmail server in their MX records".
  {
    software: 'Sendmail',
    names: NAMES,
    causes: ['mx-steered'],
    title: 'Stop Sendmail from relaying by MX record',
    steps: [
      "In sendmail.mc, remove FEATURE(`relay_based_on_MX'): anyone can publish an MX record with your name.",
      'List the domains that this server is a backup for in /etc/mail/relay-domains, one a line.',
      REBUILD,
    ],
    references: [ANTI_SPAM],
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
    references: [ANTI_SPAM],
  },
]
