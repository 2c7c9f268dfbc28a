/** Servers on the ports for mail clients, which ask people to log in. */
import { type Configuration, EVERYBODY, exim, postfix } from './configuration.ts'

const asksToLogIn = ['deny', '  !authenticated = *', '  message = Authentication required', '']

export const submitting: readonly Configuration[] = [
  {
    id: 'closed-submission-587-postfix',
    what: 'Postfix on port 587: STARTTLS and a login are needed.',
    ...postfix({ submission: 587 }),
  },
  {
    id: 'closed-submission-465-postfix',
    what: 'Postfix on port 465, in TLS from the first byte: a login is needed.',
    ...postfix({ submission: 465 }),
  },
  {
    id: 'closed-submission-587-exim',
    what: 'Exim on port 587: a login is needed.',
    ...exim({ tls: true, submission: 587, rules: asksToLogIn }),
  },
  {
    id: 'closed-submission-465-exim',
    what: 'Exim on port 465, in TLS from the first byte: a login is needed.',
    ...exim({ tls: true, submission: 465, rules: asksToLogIn }),
  },
  {
    id: 'open-submission-587-postfix',
    what: 'Postfix on port 587 that offers a login, and relays for everyone without one.',
    ...postfix({ submission: 587, mynetworks: EVERYBODY, extra: { submission_rules: 'permit' } }),
  },
  {
    id: 'open-submission-465-postfix',
    what: 'Postfix on port 465 that offers a login, and relays for everyone without one.',
    ...postfix({ submission: 465, mynetworks: EVERYBODY, extra: { submission_rules: 'permit' } }),
  },
]
