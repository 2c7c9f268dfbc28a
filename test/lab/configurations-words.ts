/** Servers that refuse strangers in words of their own, with and without a mailbox that the customer names. */
import { type Configuration, EVERYBODY, exim, postfix, table } from './configuration.ts'

const request = { knownMailbox: 'jane@example.com' }

/** Relay rules of a Postfix that refuses outside recipients with `reply`. */
const says = (
  reply: string,
  check = 'check_recipient_access',
): { readonly extra: Readonly<Record<string, string>> } => ({
  extra: {
    smtpd_relay_restrictions: `permit_mynetworks, permit_auth_destination, ${check} static:{${reply}}, reject`,
  },
})

/** Access rules of an Exim that refuses outside recipients with `text`. */
const eximSays = (text: string): { readonly rules: readonly string[] } => ({
  rules: ['deny', '  domains = !+local_domains', '  !hosts = +relay_from_hosts', `  message = ${text}`, ''],
})

/** Refuses everything but mail to postmaster, before relaying is checked. */
const postfixBan = (
  reply: string,
): { readonly mynetworks: string; readonly extra: Readonly<Record<string, string>> } => ({
  mynetworks: EVERYBODY,
  extra: {
    smtpd_client_restrictions: `check_recipient_access ${table('postmaster@', 'OK')}, check_client_access static:{${reply}}`,
  },
})

const finalReject = { extra: { smtpd_relay_restrictions: 'permit_mynetworks, permit_auth_destination, reject' } }
const german = says('554 Fremde Post nehmen wir hier nicht entgegen')
const poem = eximSays('Roses are red, violets are blue, this door is shut, and not only to you')
const chinese = eximSays('本服务器只收本单位的邮件')
const japanese = eximSays('このサーバーは外部宛てのメールを受け取りません')

export const wordy: readonly Configuration[] = [
  {
    id: 'closed-final-reject-postfix',
    what: 'Postfix that refuses all outside recipients with its general `reject`.',
    ...postfix(finalReject),
  },
  {
    id: 'closed-final-reject-mailbox',
    what: 'The same Postfix. The customer names a mailbox.',
    ...postfix(finalReject),
    request,
  },
  {
    id: 'closed-german-relay-postfix',
    what: 'Postfix that denies relaying in German.',
    ...postfix(says('554 5.7.1 Relay-Zugriff verweigert')),
  },
  {
    id: 'closed-french-relay-exim',
    what: 'Exim that denies relaying in French, with accents.',
    ...exim(eximSays('Relais non autorisé pour $local_part@$domain')),
  },
  {
    id: 'closed-german-postfix',
    what: 'Postfix that refuses outside recipients in unusual German.',
    ...postfix(german),
  },
  {
    id: 'closed-german-mailbox',
    what: 'The same Postfix. The customer names a mailbox.',
    ...postfix(german),
    request,
  },
  {
    id: 'closed-client-words-mailbox',
    what: 'Postfix whose words about outside recipients begin with "Client host rejected". The customer names a mailbox.',
    ...postfix(says('554 Fremde Post nehmen wir hier nicht entgegen', 'check_client_access')),
    request,
  },
  { id: 'closed-chinese-exim', what: 'Exim that refuses outside recipients in Chinese.', ...exim(chinese) },
  { id: 'closed-chinese-mailbox', what: 'The same Exim. The customer names a mailbox.', ...exim(chinese), request },
  {
    id: 'closed-japanese-mailbox',
    what: 'Exim that refuses outside recipients in Japanese. The customer names a mailbox.',
    ...exim(japanese),
    request,
  },
  { id: 'closed-poem-exim', what: 'Exim that refuses outside recipients with a poem.', ...exim(poem) },
  { id: 'closed-poem-mailbox', what: 'The same Exim. The customer names a mailbox.', ...exim(poem), request },
  {
    id: 'closed-code-only-mailbox',
    what: 'Exim that refuses outside recipients with little more than a code. The customer names a mailbox.',
    ...exim(eximSays('551 No')),
    request,
  },
  {
    id: 'unsure-ban-own-words-postfix',
    what: 'An open Postfix that refuses us with a German text of its own, and accepts mail to postmaster.',
    ...postfix(postfixBan('554 Von dort kommt zu viel Unfug')),
  },
  {
    id: 'unsure-ban-own-words-mailbox',
    what: 'The same Postfix. The customer names a mailbox.',
    ...postfix(postfixBan('554 Von dort kommt zu viel Unfug')),
    request,
  },
  {
    id: 'unsure-ban-after-users-exim',
    what: 'An open Exim that checks its users first, and then refuses us in its own words.',
    ...exim({
      relayNets: '0.0.0.0/0',
      rules: [
        'deny',
        '  domains = +local_domains',
        '  !verify = recipient',
        '',
        'deny',
        '  message = Mail appears to be unsolicited - report errors by phone',
        '',
      ],
    }),
  },
]
