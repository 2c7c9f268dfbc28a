import type { Cause, Reason } from '../contract/words.ts'
import { rowOf } from './assess.ts'
import type { Findings } from './attempt.ts'
import type { Judgement } from './verdict.ts'

const OPEN: Record<Cause, (domain: string) => string> = {
  everyone: () => 'It relays for everyone: a stranger could send a message through it to anywhere.',
  'own-domain-sender': (domain) => `It relays for anyone who claims a sender at ${domain}.`,
  'own-host-sender': () => 'It relays for anyone who claims a sender at its own host name.',
  'null-sender': () => 'It relays for anyone who sends with the null sender, as bounces do.',
  'percent-hack': () => 'It relays for anyone who hides the recipient behind a percent sign.',
  'bang-path': () => 'It relays for anyone who writes the recipient as a UUCP path.',
  'source-route': () => 'It relays for anyone who writes a route through it before the recipient.',
  'address-literal': () => 'It relays for anyone who claims a sender at its own address.',
  'source-address-lost': () =>
    'It relays for everyone, since it no longer sees who connects: a proxy or NAT stands before it.',
  'address-spelling': () => 'It relays for anyone who writes the recipient in a way that slips past its check.',
}

const INCONCLUSIVE: Record<Reason, (domain: string) => string> = {
  interrupted: () => 'The test was stopped before it had an answer.',
  'recipient-accepted': () =>
    'It took an outside recipient from a stranger, but no message was accepted: it may be an open relay.',
  'content-refused': () => 'It took an outside recipient from a stranger, then refused the message for its content.',
  'accepted-then-bounced': () =>
    'It took the message of a stranger and sent it back: no relay, but a source of bounces.',
  'ambiguous-accepted': (domain) =>
    `It took a recipient that may be a local mailbox of ${domain} or a way to relay; only a delivered message could tell.`,
  'vantage-banned': () =>
    'It answered us before and is silent now: it has banned our address, as it does after refusals. Test again later.',
  'vantage-blocked': () => 'It refuses us rather than relaying: nothing is known about other strangers.',
  greylisted: () => 'It put us off, as greylisting does: test again in some minutes.',
  throttled: () => 'It says that we ask too much: test again in some minutes.',
  'server-trouble': () => 'It has a temporary problem of its own: test again in some minutes.',
  'tls-required': () => 'It asks for STARTTLS, but refuses strangers after it all the same.',
  'tls-failed': () => 'It talks to strangers only after STARTTLS, and no TLS connection came about.',
  tarpitted: () => 'It takes longer with each refusal, too long for a whole test.',
  'greeting-refused': () => 'It turned us away at its greeting.',
  'connect-timeout': () =>
    'No connection came about in time: is the address right, the server up, the port open to us?',
  'connection-refused': () => 'The address refuses connections on this port: no mail server listens there.',
  'vantage-failed': () => 'Our own way out failed before every question had an answer: test again later.',
  unreachable: () => 'The address cannot be reached from our vantage.',
  'protocol-error': () => 'What answers there does not speak SMTP as a mail server does.',
  dropped: () => 'The connection ended before every question had an answer.',
  'domain-unknown': () =>
    'It refuses, but which mail domain it serves is not known for certain: that must be on file for the customer.',
  deadline: () => 'It answered too slowly for a whole test.',
}

/** The verdict in one plain sentence that a support agent can read out. */
export function summarise(judgement: Judgement, findings: Findings): string {
  const domain = findings.domain ?? 'its own domain'
  switch (judgement.verdict) {
    case 'open': {
      const what = judgement.cause
        ? OPEN[judgement.cause](domain)
        : 'It took a message from a stranger to an outside recipient.'
      const missing = findings.proof === 'delivery' && judgement.evidence !== 'delivered'
      return missing ? `${what} The message it took has not arrived, or not yet.` : what
    }
    case 'closed':
      return judgement.caveats.includes('any-local-part-taken')
        ? `It does not relay; it takes mail for any local part at ${domain}, existing or not.`
        : 'It does not relay: everything that a stranger tried was refused.'
    case 'inconclusive':
      if (refusesPostmaster(judgement)) return NOT_EVEN_POSTMASTER(domain)
      if (judgement.reason === 'deadline' && findings.greeting === null) return SILENT
      return INCONCLUSIVE[judgement.reason](domain)
  }
}

const SILENT = 'It takes connections and says nothing: no greeting came in time.'

const NOT_EVEN_POSTMASTER = (domain: string): string =>
  `It knows not even a postmaster at ${domain}: either it refuses us, or that is not its mail domain.`

/** Whether the control was refused as an unknown user: a server that is responsible for the domain has a postmaster. */
function refusesPostmaster({ reason, rows }: Judgement): boolean {
  const control = rowOf(rows, 'postmaster-control')
  return reason === 'vantage-blocked' && (control?.refusal === 'unknown-user' || control?.refusal === 'relay-denied')
}
