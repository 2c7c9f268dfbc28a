/** The mail servers of the lab: how each is configured, and whether it relays. */
import {
  type Configuration,
  courier,
  EVERYBODY,
  exim,
  greylisting,
  opensmtpd,
  postfix,
  refusing,
  relayRule,
  scripted,
  sendmail,
  startPair,
  table,
} from './configuration.ts'
import { hopping } from './configurations-hops.ts'
import { submitting } from './configurations-ports.ts'
import { trusting } from './configurations-trust.ts'
import { wordy } from './configurations-words.ts'
import { startExim } from './exim.ts'
import { startHaraka } from './haraka.ts'
import { startPostfix } from './postfix.ts'
import { startSmtpServer } from './smtp-server.ts'

const tlsRequired = { smtpd_tls_security_level: 'encrypt' }
const blocklist = {
  smtpd_client_restrictions: `check_recipient_access ${table('postmaster@', 'OK')}, check_client_access static:{554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using dnsbl.example; https://dnsbl.example/query}`,
}
const noPointer = { smtpd_client_restrictions: 'reject_unknown_reverse_client_hostname' }

export const configurations: readonly Configuration[] = [
  {
    id: 'closed-postfix-454',
    what: 'Postfix as Debian ships it. It denies relaying with a temporary code.',
    ...postfix(),
    quick: true,
  },
  {
    id: 'closed-postfix-554',
    what: 'Postfix that denies relaying with a permanent code.',
    ...postfix({ restrictions: 'reject' }),
    quick: true,
  },
  { id: 'closed-exim', what: 'Exim with the access rules of Debian.', ...exim(), quick: true },
  {
    id: 'closed-opensmtpd',
    what: 'OpenSMTPD, whose refusal does not mention relaying.',
    ...opensmtpd(),
    quick: true,
  },
  {
    id: 'closed-sendmail',
    what: 'Sendmail with the limits of Debian: ten connections a minute, a pause before the greeting.',
    ...sendmail(),
    quick: true,
  },
  { id: 'closed-courier-tarpit', what: 'Courier, which waits 8, 16, 32 s and so on before refusals.', ...courier() },
  {
    id: 'closed-courier',
    what: 'Courier without its tarpit.',
    ...courier({ esmtpd: ['TARPIT=0'] }),
    quick: true,
  },
  {
    id: 'closed-haraka-any-local-part',
    what: 'Haraka that knows its domain but not its users.',
    software: 'Haraka',
    start: startHaraka,
  },
  {
    id: 'closed-smtp-server',
    what: 'A strict server made with the package smtp-server.',
    software: 'smtp-server',
    start: startSmtpServer,
  },
  {
    id: 'closed-catch-all-opensmtpd',
    what: 'OpenSMTPD that accepts every local part at its domain, even with percent signs.',
    ...opensmtpd({ catchAll: true }),
  },
  {
    id: 'closed-catch-all-postfix',
    what: 'Postfix that accepts every local part at its domain.',
    ...postfix({ extra: { luser_relay: 'root', local_recipient_maps: '' } }),
  },
  {
    id: 'closed-users-unchecked-postfix',
    what: 'Postfix that does not check whether a user exists, and bounces later.',
    ...postfix({ extra: { local_recipient_maps: '' } }),
  },
  {
    id: 'closed-tls-required',
    what: 'Postfix that requires TLS, and relays for nobody.',
    ...postfix({ extra: tlsRequired }),
  },
  {
    id: 'closed-authentication-required',
    what: 'Postfix configured for submission: it accepts no mail without a login.',
    ...postfix({ extra: { smtpd_client_restrictions: 'permit_sasl_authenticated, reject' } }),
    quick: true,
  },
  {
    id: 'closed-postscreen',
    what: 'Postfix behind postscreen, which tests a new client once.',
    ...postfix({ postscreen: true }),
  },
  {
    id: 'closed-greylisting',
    what: 'Postfix that greylists accepted recipients for a minute, and relays for nobody.',
    ...postfix({ greylist: '--delay=60', extra: greylisting }),
  },
  {
    id: 'closed-greylisting-first',
    what: 'Postfix that greylists every new sender for a minute before it denies relaying.',
    ...postfix({ greylist: '--delay=60 --greylist-action=DEFER', extra: greylisting }),
  },
  {
    id: 'closed-postfix-error-limit',
    what: 'Postfix that hangs up at the fifth refusal.',
    ...postfix({ extra: { smtpd_soft_error_limit: '3', smtpd_hard_error_limit: '5' } }),
  },
  {
    id: 'closed-exim-error-limit',
    what: 'Exim that hangs up at the second syntax error.',
    ...exim({ main: ['smtp_max_synprot_errors = 1'] }),
  },
  {
    id: 'closed-at-data-postfix',
    what: 'Postfix that accepts the recipient and denies relaying at DATA.',
    ...postfix({ mynetworks: EVERYBODY, extra: { smtpd_data_restrictions: 'reject_unauth_destination' } }),
    quick: true,
  },
  {
    id: 'closed-at-the-dot-postfix',
    what: 'Postfix that accepts the recipient and denies relaying after the message.',
    ...postfix({ mynetworks: EVERYBODY, extra: { smtpd_end_of_data_restrictions: 'reject_unauth_destination' } }),
    quick: true,
  },
  {
    id: 'closed-bounces-later',
    what: 'Postfix that accepts outside recipients and then sends a bounce to the sender.',
    ...postfix({
      mynetworks: EVERYBODY,
      extra: {
        smtpd_recipient_restrictions: `check_recipient_access ${table('example.com', 'OK')}, check_client_access static:{FILTER error:5.7.1}`,
      },
    }),
  },
  {
    id: 'closed-discards',
    what: 'Postfix that accepts outside recipients and discards the mail.',
    ...postfix({ mynetworks: EVERYBODY, extra: { relayhost: '', default_transport: 'discard:' } }),
  },
  {
    id: 'closed-tarpit-scripted',
    what: 'A server that waits two seconds before each refusal.',
    ...refusing('554 5.7.1 <$1>: Relay access denied', { after: 2000 }),
    quick: true,
  },
  {
    id: 'closed-slow-greeting-scripted',
    what: 'A server that needs eight seconds for its greeting.',
    ...refusing('554 5.7.1 <$1>: Relay access denied', {
      greeting: ['220-mail.example.com ESMTP', 4000, '220-Please wait', 4000, '220 Go on'],
    }),
  },
  {
    id: 'closed-exchange-2003-scripted',
    what: 'The replies of Exchange 2003, which accepts any local part.',
    ...refusing('550 5.7.1 Unable to relay for $1', {
      greeting: ['220 mail.example.com Microsoft ESMTP MAIL Service ready'],
    }),
    quick: true,
  },
  {
    id: 'closed-exchange-2013-scripted',
    what: 'The replies of Exchange 2013, with its pause of five seconds before each refusal.',
    ...refusing('550 5.7.1 Unable to relay', {
      after: 5000,
      greeting: ['220 mail.example.com Microsoft ESMTP MAIL Service ready'],
    }),
  },
  {
    id: 'closed-exchange-2019-scripted',
    what: 'The replies of newer Exchange servers.',
    ...refusing('550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain'),
  },
  {
    id: 'closed-exchange-online-scripted',
    what: 'The replies of Exchange Online.',
    ...refusing('550 5.7.64 TenantAttribution; Relay Access Denied'),
  },
  {
    id: 'closed-domino-scripted',
    what: 'The replies of Domino.',
    ...refusing('554 Relay rejected for policy reasons.'),
  },
  {
    id: 'closed-qmail-scripted',
    what: 'The replies of qmail, which accepts any local part.',
    ...refusing("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
  },
  {
    id: 'closed-hmailserver-scripted',
    what: 'The replies of hMailServer, which requires a login at RCPT.',
    ...refusing('530 SMTP authentication is required.'),
  },
  {
    id: 'closed-mailenable-scripted',
    what: 'The replies of MailEnable: a 503 that is not about the order of commands.',
    ...refusing('503 This mail server requires authentication when attempting to send to a non-local e-mail address.'),
    quick: true,
  },
  {
    id: 'closed-james-scripted',
    what: 'The replies of James without AUTH.',
    ...refusing('550 5.7.1 Requested action not taken: relaying denied'),
  },
  { id: 'closed-stalwart-scripted', what: 'The replies of Stalwart.', ...refusing('550 5.1.2 Relay not allowed.') },
  {
    id: 'closed-mimecast-scripted',
    what: 'The replies of Mimecast: a temporary code for a permanent refusal.',
    ...refusing('451 Open relay not allowed'),
  },
  {
    id: 'open-postfix',
    what: 'Postfix that relays for every network.',
    ...postfix({ mynetworks: EVERYBODY }),
    quick: true,
  },
  { id: 'open-exim', what: 'Exim that relays for every network.', ...exim({ relayNets: '0.0.0.0/0' }), quick: true },
  {
    id: 'open-opensmtpd',
    what: 'OpenSMTPD that relays for everyone.',
    ...opensmtpd({ relayFrom: 'any' }),
    quick: true,
  },
  {
    id: 'open-sendmail',
    what: 'Sendmail with the feature promiscuous_relay.',
    ...sendmail({ features: ['promiscuous_relay'] }),
    quick: true,
  },
  {
    id: 'open-sendmail-access',
    what: 'Sendmail whose access table lets our network relay.',
    ...sendmail({ access: { 'Connect:198.51.100': 'RELAY' } }),
  },
  { id: 'open-courier', what: 'Courier that lets our network relay.', ...courier({ relayFor: '198.51.100' }) },
  {
    id: 'open-own-domain-any-user-postfix',
    what: 'Postfix that trusts every sender address at its domain.',
    ...postfix({ extra: relayRule(`check_sender_access ${table('example.com', 'OK')}`) }),
    quick: true,
  },
  {
    id: 'open-own-domain-any-user-sendmail',
    what: 'Sendmail with the feature relay_local_from.',
    ...sendmail({ features: ['relay_local_from'] }),
  },
  {
    id: 'open-own-domain-existing-user',
    what: 'Postfix that trusts the sender addresses of its users.',
    ...postfix({
      extra: relayRule(`reject_unlisted_sender, check_sender_access ${table('example.com', 'OK')}`),
    }),
    quick: true,
  },
  {
    id: 'open-null-sender',
    what: 'Postfix that relays bounces for everyone.',
    ...postfix({ extra: relayRule(`check_sender_access ${table('<>', 'OK')}`) }),
    quick: true,
  },
  {
    id: 'open-percent-hack-postfix',
    what: 'Postfix that passes routes through its domain to a second Postfix, which follows them.',
    software: 'Postfix',
    start: (network) =>
      startPair(network, {
        extra: {
          mydestination: '',
          relay_domains: 'example.com',
          relay_transport: 'smtp',
          allow_untrusted_routing: 'yes',
        },
      }),
  },
  {
    id: 'open-percent-hack-exim',
    what: 'Exim that accepts user%outside at its domain and rewrites it to user@outside.',
    ...exim({
      macros: { CHECK_RCPT_LOCAL_LOCALPARTS: '^[.]' },
      rewrite: ['\\N^(.+)%(.+)@example\\.com$\\N $1@$2 T'],
    }),
    quick: true,
  },
  {
    id: 'open-percent-hack-courier',
    what: 'Courier that follows the percent hack to the domains in a list that contains ours.',
    ...courier({ percentRelay: 'relaytest.isp.example', esmtpd: ['TARPIT=0'] }),
  },
  {
    id: 'open-tls-required',
    what: 'Postfix that requires TLS, and relays for everyone.',
    ...postfix({ mynetworks: EVERYBODY, extra: tlsRequired }),
    quick: true,
  },
  {
    id: 'open-postscreen',
    what: 'An open Postfix behind postscreen, which tests a new client once.',
    ...postfix({ mynetworks: EVERYBODY, postscreen: true }),
    quick: true,
  },
  {
    id: 'open-greylisting',
    what: 'An open Postfix that greylists every new sender for a minute.',
    ...postfix({ mynetworks: EVERYBODY, greylist: '--delay=60', extra: greylisting }),
  },
  {
    id: 'open-ipv6-only',
    what: 'Postfix on two addresses, which relays for every IPv6 network.',
    software: 'Postfix',
    start: (network) =>
      startPostfix(network, {
        mynetworks: '[::]/0',
        address6: network.nextAddress(6),
        extra: { relayhost: `[${network.exit}]` },
      }),
    quick: true,
  },
  {
    id: 'open-through-another-host',
    what: 'An open Postfix that sends its mail through a second Postfix.',
    software: 'Postfix',
    start: (network) => startPair(network, { mynetworks: EVERYBODY }),
  },
  {
    id: 'unsure-blocklist-at-connect',
    what: 'An open Postfix that greets us with 554 because of a blocklist.',
    ...postfix({ mynetworks: EVERYBODY, extra: { ...blocklist, smtpd_delay_reject: 'no' } }),
    quick: true,
  },
  {
    id: 'unsure-blocklist-at-recipient',
    what: 'An open Postfix that refuses all recipients but postmaster because of a blocklist.',
    ...postfix({ mynetworks: EVERYBODY, extra: blocklist }),
    quick: true,
  },
  {
    id: 'unsure-sender-not-verified',
    what: 'An open Exim that refuses senders whose domain it cannot find in DNS.',
    software: 'Exim',
    start: (network) =>
      startExim(network, { relayNets: '0.0.0.0/0', macros: { CHECK_RCPT_VERIFY_SENDER: 'true' }, names: 'nothing' }),
    quick: true,
  },
  {
    id: 'unsure-no-pointer',
    what: 'An open Postfix that refuses clients without a PTR record.',
    ...postfix({ mynetworks: EVERYBODY, extra: noPointer }),
    quick: true,
  },
  {
    id: 'unsure-content-refused',
    what: 'An open Postfix that refuses our message for its content.',
    ...postfix({ mynetworks: EVERYBODY, extra: { header_checks: 'static:{REJECT Message content rejected as spam}' } }),
    quick: true,
  },
  {
    id: 'unsure-connection-limit',
    what: 'Sendmail that allows two connections a minute.',
    ...sendmail({ access: { 'ClientRate:': '2' } }),
  },
  {
    id: 'unsure-421-after-greeting',
    what: 'A server that greets, and answers the first command with 421.',
    ...scripted({ rules: [{ on: '^(EHLO|HELO)', say: '421 4.3.2 Too busy, try again later', hangUp: true }] }),
    quick: true,
  },
  {
    id: 'unsure-421-greeting',
    what: 'A server that greets with 421.',
    ...scripted({ greeting: ['421 4.3.2 Connection rate limit exceeded.'], rules: [] }),
  },
  {
    id: 'unsure-554-greeting',
    what: 'A server that greets with 554.',
    ...scripted({ greeting: ['554 5.3.2 mail.example.com takes no mail from you'], rules: [] }),
    quick: true,
  },
  {
    id: 'unsure-server-trouble',
    what: 'A server that has a temporary problem with every recipient.',
    ...scripted({ rules: [{ on: '^RCPT', say: '451 4.3.0 Temporary lookup failure' }] }),
    quick: true,
  },
  ...trusting,
  ...wordy,
  ...hopping,
  ...submitting,
]
