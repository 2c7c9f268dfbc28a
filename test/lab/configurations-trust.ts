/** Servers that trust a stranger for a reason that is easy to miss, or check our sender first. */
import { type Configuration, EVERYBODY, exim, opensmtpd, postfix, relayRule, sendmail, table } from './configuration.ts'
import { startPostfix } from './postfix.ts'
import { startBehindProxy } from './tcp-proxy.ts'

/** Accepts what `condition` describes, before the rules for strangers. */
const accepts = (...conditions: string[]): string[] => ['accept', ...conditions.map((line) => `  ${line}`), '']
/** Refuses senders that the mailbox of their domain does not accept. `more` is asked for as well. */
const refusesUnverified = (...more: string[]): string[] => [
  'deny',
  `  !verify = sender/callout=${['10s', ...more].join(',')}`,
  '  message = Sender verify failed',
  '',
]
const unverifiedSender = { smtpd_sender_restrictions: 'reject_unverified_sender', address_verify_poll_delay: '1s' }

export const trusting: readonly Configuration[] = [
  {
    id: 'open-existing-senders-postfix',
    what: 'Postfix that trusts two sender addresses in a table.',
    ...postfix({
      restrictions: 'reject',
      extra: relayRule('check_sender_access inline:{postmaster@example.com=permit, jane@example.com=permit}'),
    }),
    quick: true,
  },
  {
    id: 'open-known-mailbox-postfix',
    what: 'Postfix that trusts the address of one user. The customer names that mailbox.',
    ...postfix({ extra: relayRule(`check_sender_access ${table('jane@example.com', 'permit')}`) }),
    request: { knownMailbox: 'jane@example.com' },
    also: ['known mailbox sender'],
  },
  {
    id: 'open-existing-senders-unknown-words',
    what: 'Postfix that trusts its users as senders, and asks everybody else to log in with a 503.',
    ...postfix({
      extra: {
        smtpd_relay_restrictions: `permit_mynetworks, permit_auth_destination, check_sender_access ${table('postmaster@example.com', 'permit')}, check_recipient_access static:{503 This mail server requires authentication before sending mail from a locally hosted domain.}, reject`,
      },
    }),
  },
  {
    id: 'open-existing-senders-exim',
    what: 'Exim that trusts senders at its domain that it can verify.',
    ...exim({ rules: accepts('sender_domains = +local_domains', 'verify = sender') }),
  },
  {
    id: 'open-known-mailbox-exim',
    what: 'Exim that trusts senders at its domain that it can verify. The customer names a mailbox.',
    ...exim({ rules: accepts('sender_domains = +local_domains', 'verify = sender') }),
    request: { knownMailbox: 'jane@example.com' },
    also: ['known mailbox sender'],
  },
  {
    id: 'open-own-domain-any-user-exim',
    what: 'Exim that trusts every sender address at its domain.',
    ...exim({ rules: accepts('sender_domains = +local_domains') }),
  },
  {
    id: 'open-own-domain-any-user-opensmtpd',
    what: 'OpenSMTPD that trusts every sender address at its domain.',
    ...opensmtpd({ relayFrom: 'any mail-from "@example.com"' }),
  },
  {
    id: 'open-existing-senders-sendmail',
    what: 'Sendmail whose access table lets one sender address relay, with the feature relay_mail_from.',
    ...sendmail({ features: ['relay_mail_from'], access: { 'From:postmaster@example.com': 'RELAY' } }),
  },
  {
    id: 'open-own-host-sender-postfix',
    what: 'Postfix that trusts sender addresses at its host name.',
    ...postfix({ extra: relayRule(`check_sender_access ${table('mail.example.com', 'permit')}`) }),
    also: ['own-host sender'],
  },
  {
    id: 'open-null-sender-exim',
    what: 'Exim that relays bounces for everyone.',
    ...exim({ rules: accepts('senders = :') }),
  },
  {
    id: 'open-in-tls-exim',
    what: 'Exim that trusts everybody on an encrypted connection.',
    ...exim({ tls: true, rules: accepts('encrypted = *') }),
    also: ['outside in TLS'],
  },
  {
    id: 'closed-sender-verified-postfix',
    what: 'Postfix that asks our mailbox whether our sender exists, and relays for nobody.',
    ...postfix({ restrictions: 'reject', extra: unverifiedSender }),
    quick: true,
  },
  {
    id: 'open-sender-verified-postfix',
    what: 'Postfix that asks our mailbox whether our sender exists, and relays for everyone.',
    ...postfix({ mynetworks: EVERYBODY, extra: unverifiedSender }),
  },
  {
    id: 'closed-sender-verified-exim',
    what: 'Exim that asks our mailbox whether our sender exists, and relays for nobody.',
    ...exim({ rules: refusesUnverified() }),
  },
  {
    id: 'open-sender-verified-exim',
    what: 'Exim that asks our mailbox whether our sender exists, and relays for everyone.',
    ...exim({ relayNets: '0.0.0.0/0', rules: refusesUnverified() }),
  },
  {
    id: 'closed-sender-verified-random-exim',
    what: 'Exim that also asks our mailbox for an invented address, and relays for nobody.',
    ...exim({ rules: refusesUnverified('random') }),
  },
  {
    id: 'closed-sender-verified-postmaster-exim',
    what: 'Exim that also asks our mailbox for postmaster, and relays for nobody.',
    ...exim({ rules: refusesUnverified('postmaster') }),
  },
  {
    id: 'open-behind-proxy',
    what: 'Postfix behind a TCP proxy. It trusts the address of the proxy.',
    software: 'Postfix',
    start: (network) =>
      startBehindProxy(network, (proxy) =>
        startPostfix(network, { mynetworks: proxy, extra: { relayhost: `[${network.exit}]` } }),
      ),
    quick: true,
  },
  {
    id: 'closed-behind-proxy',
    what: 'Postfix behind a TCP proxy. It does not trust the address of the proxy.',
    software: 'Postfix',
    start: (network) =>
      startBehindProxy(network, () => startPostfix(network, { extra: { relayhost: `[${network.exit}]` } })),
  },
]
