/**
 * Says what each cause of an open relay means for people: one row for each cause, with its sentence and the steps that
 * close any server. Steps for one software are in remedies/servers; the names of the causes are in contract/words.ts.
 */
import type { Cause } from '../contract/words.ts'
import { type Advice, BEHIND_PROXY, DOCKER_IPV6, PUBLISH_FOR_IPV4, RFC2505 } from './remedies/advice.ts'

/** One cause. The advice closes a server of unknown software. */
export interface CauseRow extends Advice {
  /** The summary of the test, in sentences that can be read out. `fill` in wording.ts fills the braces. */
  readonly says: string
}

/** RFC 5321 section 3.6.1: a server may decline source routes, and should ignore the route. */
const RFC5321 = 'https://www.rfc-editor.org/rfc/rfc5321.html'

const LOG_IN =
  'Let your own users log in (SMTP authentication, port 587), or recognise them by their network addresses.'
const NEXT_SERVER =
  'If another mail server is behind this one, close that one too: it may be the one that rewrites the address.'

/** The row of every cause. A word in contract/words.ts without a row here does not compile. */
export const CAUSE_ROWS: Readonly<Record<Cause, CauseRow>> = {
  // RFC 2505 section 2.1, the suggested algorithm: our recipient, or an authorized client, else refuse to relay.
  everyone: {
    says: 'The server relays for everyone: a stranger can send a message through it to any address.',
    title: 'Let the mail server relay for its own users only',
    steps: [
      'From strangers, accept mail for your own domains only. Refuse every other recipient in the reply to RCPT TO.',
      LOG_IN,
      'Look for trusted networks that include everyone: 0.0.0.0/0, ::/0, or the whole range of a provider.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.1: "HELO" and "MAIL From:" are "easily and often forged, we cannot depend on them at all".
  'own-domain-sender': {
    says: 'The server relays for anyone who uses a sender address at {domain}.',
    title: 'Stop trusting senders at your own domain',
    steps: [
      'Remove every rule that allows mail out because its sender (MAIL FROM) is at your domain: anyone can use such a sender.',
      LOG_IN,
    ],
    references: [RFC2505],
  },
  'own-host-sender': {
    says: 'The server relays for anyone who uses a sender address at its own host name.',
    title: "Stop trusting senders at the server's own name",
    steps: [
      "Remove every rule that allows mail out because its sender (MAIL FROM) is at the server's host name: anyone can use such a sender.",
      LOG_IN,
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.6.1: a server must not refuse the null sender; section 2.1 gives that sender no right to relay.
  'null-sender': {
    says: 'The server relays for anyone who uses the empty sender address, as bounces do.',
    title: 'Stop relaying for the null sender',
    steps: [
      'Remove the rule that exempts the null sender (MAIL FROM:<>) from the check of the recipient.',
      'Keep accepting mail from the null sender for your own mailboxes: bounces arrive that way.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.1: remove the percent hack before the check, or take it into account.
  'percent-hack': {
    says: 'The server relays for anyone who writes the recipient with a percent sign (user%outside).',
    title: 'Switch off the percent hack',
    steps: [
      'Switch off the rewriting of user%outside@your-domain into user@outside.',
      'Refuse recipients with a percent sign before the @, unless you have such mailboxes.',
      NEXT_SERVER,
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.1: remove the uucp-style ! path before the check, or take it into account.
  'bang-path': {
    says: 'The server relays for anyone who writes the recipient as a UUCP path (outside!user).',
    title: 'Switch off UUCP addresses',
    steps: [
      'Switch off the rewriting of outside!user into user@outside.',
      'Refuse recipients with an exclamation mark before the @, unless you have such mailboxes.',
      NEXT_SERVER,
    ],
    references: [RFC2505],
  },
  'source-route': {
    says: 'The server relays for anyone who puts a route through it before the recipient (@server:user@outside).',
    title: 'Stop following source routes',
    steps: [
      'Let the server refuse recipients of the form @your-host:user@outside, or let it remove the route and check the rest.',
      'Check the last domain, user@outside, as if the route were not there.',
    ],
    references: [RFC5321, RFC2505],
  },
  'address-literal': {
    says: "The server relays for anyone who uses a sender at the server's own IP address.",
    title: "Stop trusting senders at the server's own address",
    steps: [
      'Remove every rule that allows mail out because its sender (MAIL FROM) is at the address of the server, as in sender@[address].',
      LOG_IN,
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.1: the check must see the address that delivery uses.
  'address-spelling': {
    says: 'The server relays for anyone who writes the recipient in an unusual way that its check does not recognise.',
    title: 'Check the recipient as it will be used',
    steps: [
      'The table of attempts shows which spelling was accepted: refuse recipients that are written that way.',
      'Check the recipient after all rewriting: quotes, a second @, a final dot or an encapsulated address must not hide its domain.',
      'Install the newest version of the mail server: updates close such gaps.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 section 2.1: the recipient must be one that the server knows it relays for.
  'mx-steered': {
    says: 'The server relays for anyone who names it as a backup mail server (MX record) of the outside domain.',
    title: 'Stop trusting MX records',
    steps: [
      'Remove the rule that allows mail to every domain whose MX records name this server: anyone can publish such a record.',
      'If the server is a backup for other domains, list these domains by name.',
    ],
    references: [RFC2505],
  },
  'source-address-lost': {
    says: 'The server relays for everyone, because it cannot see who connects: there is a proxy or NAT in front of it.',
    title: 'Let the mail server see who connects',
    steps: [
      'Look at the log of the mail server: every connection seems to come from one address, that of a proxy, container gateway or NAT.',
      'Remove that address from the trusted networks at once.',
      'Let the proxy pass on the address of the client (PROXY protocol), or forward port 25 without changing the source address.',
      PUBLISH_FOR_IPV4,
    ],
    references: [DOCKER_IPV6, BEHIND_PROXY],
  },
}
