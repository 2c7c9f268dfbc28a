import type { Cause } from '../../contract/words.ts'
import { type Advice, BEHIND_PROXY, DOCKER_OPEN_RELAY, RFC2505 } from './advice.ts'

/** RFC 5321 section 3.6.1: a server may decline source routes, and should ignore the route. */
const RFC5321 = 'https://www.ietf.org/rfc/rfc5321.html'

const LOG_IN = 'Let your own users log in (SMTP authentication, port 587), or know them by their network addresses.'

/** What to do about what an open server trusts, whatever its software. */
export const BY_CAUSE: Record<Cause, Advice> = {
  // RFC 2505 2.1, the suggested algorithm: our recipient, or an authorized client, else refuse to relay.
  everyone: {
    title: 'Let the mail server relay for its own users only',
    steps: [
      'From strangers, take mail for your own domains only; refuse every other recipient in the answer to RCPT TO.',
      LOG_IN,
      'Look for trusted networks that hold everybody: 0.0.0.0/0, ::/0, or the whole range of a provider.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 2.1: "HELO" and "MAIL From:" are "easily and often forged, we cannot depend on them at all".
  'own-domain-sender': {
    title: 'Stop trusting senders at your own domain',
    steps: [
      'Remove every rule that lets mail out because its sender (MAIL FROM) is at your domain: anyone can claim that.',
      LOG_IN,
    ],
    references: [RFC2505],
  },
  'own-host-sender': {
    title: "Stop trusting senders at the server's own name",
    steps: [
      "Remove every rule that lets mail out because its sender (MAIL FROM) is at the server's host name: anyone can claim that.",
      LOG_IN,
    ],
    references: [RFC2505],
  },
  // RFC 2505 2.6.1: an MTA must not refuse the null sender; 2.1 leaves it no right to relay.
  'null-sender': {
    title: 'Stop relaying for the null sender',
    steps: [
      'Remove the rule that exempts the null sender (MAIL FROM:<>) from the check of the recipient.',
      'Go on taking mail from the null sender for your own mailboxes: that is how bounces come in.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 2.1: the % hack is removed before the test, or taken into account.
  'percent-hack': {
    title: 'Switch off the percent hack',
    steps: [
      'Switch off the rewriting of user%outside@your-domain into user@outside.',
      'Refuse recipients with a percent sign before the @, unless you have such mailboxes.',
      'If another mail server stands behind this one, close that one too: it may be the one that rewrites.',
    ],
    references: [RFC2505],
  },
  // RFC 2505 2.1: the uucp-style ! path is removed before the test, or taken into account.
  'bang-path': {
    title: 'Switch off UUCP addresses',
    steps: [
      'Switch off the rewriting of outside!user into user@outside.',
      'Refuse recipients with an exclamation mark before the @, unless you have such mailboxes.',
      'If another mail server stands behind this one, close that one too: it may be the one that rewrites.',
    ],
    references: [RFC2505],
  },
  'source-route': {
    title: 'Stop following source routes',
    steps: [
      'Let the server refuse recipients of the form @your-host:user@outside, or drop the route and check what is left.',
      'Check the last domain, user@outside, as if the route were not there.',
    ],
    references: [RFC5321, RFC2505],
  },
  'address-literal': {
    title: "Stop trusting senders at the server's own address",
    steps: [
      'Remove every rule that lets mail out because its sender (MAIL FROM) is at the address of the server, as sender@[address].',
      LOG_IN,
    ],
    references: [RFC2505],
  },
  // RFC 2505 2.1: what the check sees must be what delivery uses.
  'address-spelling': {
    title: 'Check the recipient as it will be used',
    steps: [
      'The table of attempts shows which spelling got through: refuse recipients that are written like that.',
      'Check the recipient after all rewriting: quotes, a second @, a final dot or an encapsulated address must not hide its domain.',
      'Install the newest version of the mail server: such gaps are closed by updates.',
    ],
    references: [RFC2505],
  },
  'source-address-lost': {
    title: 'Let the mail server see who connects',
    steps: [
      'Look at the log of the mail server: every connection seems to come from one address, that of a proxy, container gateway or NAT.',
      'Take that address out of the trusted networks at once.',
      'Let the proxy hand on the address of the client (PROXY protocol), or forward port 25 without changing the source.',
      'With Docker, publish port 25 on the IPv4 address only, or give the container IPv6 of its own: its proxy hides IPv6 clients.',
    ],
    references: [DOCKER_OPEN_RELAY, BEHIND_PROXY],
  },
}
