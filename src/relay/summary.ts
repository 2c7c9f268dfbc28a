import type { Cause, Reason } from '../contract/words.ts'
import type { Findings } from './findings.ts'
import type { Judgement } from './verdict.ts'

const OPEN: Record<Cause, (domain: string) => string> = {
  everyone: () => 'It relays for everyone: a stranger could send a message through it to anywhere.',
  'own-domain-sender': (domain) => `It relays for anyone who claims a sender at ${domain}.`,
  'null-sender': () => 'It relays for anyone who sends with the null sender, as bounces do.',
}

const INCONCLUSIVE: Record<Reason, (domain: string) => string> = {
  interrupted: () => 'The test was stopped before it had an answer.',
  'recipient-accepted': () =>
    'It took an outside recipient from a stranger, but no message was accepted: it may be an open relay.',
  'content-refused': () => 'It took an outside recipient from a stranger, then refused the message for its content.',
  'ambiguous-accepted': (domain) =>
    `It took a recipient that may be a local mailbox of ${domain} or a way to relay; only a delivered message could tell.`,
  'vantage-blocked': () => 'It refuses us rather than relaying: nothing is known about other strangers.',
  greylisted: () => 'It put us off, as greylisting does: test again in some minutes.',
  throttled: () => 'It says that we ask too much: test again in some minutes.',
  'server-trouble': () => 'It has a temporary problem of its own: test again in some minutes.',
  'tls-required': () => 'It talks to strangers only after STARTTLS, which this version does not speak.',
  'greeting-refused': () => 'It turned us away at its greeting.',
  'connect-timeout': () =>
    'No connection came about in time: is the address right, the server up, the port open to us?',
  'connection-refused': () => 'The address refuses connections on this port: no mail server listens there.',
  unreachable: () => 'The address cannot be reached from our vantage.',
  'protocol-error': () => 'What answers there does not speak SMTP as a mail server does.',
  dropped: () => 'The connection ended before every question had an answer.',
  'domain-unknown': () => 'It refuses, but its own mail domain is not known for certain: test again with "domain".',
  deadline: () => 'It answered too slowly for a whole test.',
}

/** The verdict in one plain sentence that a support agent can read out. */
export function summarise(judgement: Judgement, findings: Findings): string {
  const domain = findings.domain ?? 'its own domain'
  switch (judgement.verdict) {
    case 'open':
      return judgement.cause
        ? OPEN[judgement.cause](domain)
        : 'It took a message from a stranger to an outside recipient.'
    case 'closed':
      return 'It does not relay: everything that a stranger tried was refused.'
    case 'inconclusive':
      return INCONCLUSIVE[judgement.reason](domain)
  }
}
