/**
 * Says what a caveat of a closed server means for people. Only `any-local-part-taken` needs a sentence and steps. The
 * other caveat, `forms-spared`, needs no action.
 */
import { type Advice, BACKSCATTER, POSTFIX_ACCESS } from './remedies/advice.ts'

// SMTPD_ACCESS_README: to reject unknown recipients "helps to keep the mail queue free of undeliverable" bounces.
/** A closed server that accepts any local part at its own domain. */
export const ANY_LOCAL_PART_TAKEN: Advice & { readonly says: string } = {
  says: 'The server does not relay. It accepts mail for any name at {domain}, whether the mailbox exists or not.',
  title: 'No relay; let it refuse mailboxes that do not exist',
  steps: [
    'Nothing has to be closed: the server does not relay.',
    'If the domain has a catch-all mailbox on purpose, leave it as it is.',
    'Otherwise let the server refuse unknown mailboxes in its reply to RCPT TO: mail that it accepts and cannot deliver becomes bounces.',
    'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
  ],
  references: [BACKSCATTER, POSTFIX_ACCESS],
}
