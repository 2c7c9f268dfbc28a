/**
 * How much a server is asked at once. The figures are what mail servers put up with, measured or read (docs/pacing.md):
 * Postfix delays every reply by a second from the 10th refusal of a connection on, Exim drops a connection at the 4th
 * syntax error and closes it after 10 RSETs.
 */
export interface Pace {
  /** Refusals a connection, if everything is refused. */
  readonly refusals: number
  /** Answers of the syntax class a connection. */
  readonly syntaxErrors: number
  /** Recipients a transaction. */
  readonly recipients: number
  /** Transactions, and with them RSETs, a connection. */
  readonly transactions: number
  /** Connections at once. */
  readonly atOnce: number
}

/** What a mail server bears, unless it is known or shown to bear less, or known to bear more. */
export const USUAL: Pace = { refusals: 9, syntaxErrors: 3, recipients: 10, transactions: 10, atOnce: 3 }

/** Software that bears less than is usual, or more, by the names that `recognise` gives. */
const KNOWN: Readonly<Record<string, Partial<Pace>>> = {
  // TARPIT=1: a refusal takes 8 s, the next one of the connection 16 s, then 32 s (measured).
  Courier: { refusals: 1, recipients: 1, transactions: 1 },
  // MaxProtocolErrors 5.
  Exchange: { refusals: 4 },
  // No limit to errors; 100 mails and 1000 recipients a session (150 refusals, 60 of syntax, measured).
  OpenSMTPD: { refusals: 20, syntaxErrors: 6, recipients: 20 },
  // Debian's BadRcptThrottle: a second for each refused recipient of a transaction after the third. MAXBADCOMMANDS 25
  // counts what is no command, and no refusal (120 of them, 60 of syntax, and 80 transactions, measured).
  Sendmail: { refusals: 20, syntaxErrors: 6, recipients: 3, transactions: 20 },
}

/** At most so many forms are left out for the sake of a server that bears little: a third of the full suite. */
export const SPARED = 11

/** One refusal a connection: for servers that answer each one later than the one before. */
export const ONE_BY_ONE: Partial<Pace> = { refusals: 1, recipients: 1, transactions: 1 }

/** The pace for a server of that software, as far as it has been seen. */
export function paceFor(software: { readonly name: string } | null, seen: Partial<Pace> = {}): Pace {
  const known = Object.entries(KNOWN).find(([name]) => software?.name.includes(name))
  return { ...USUAL, ...known?.[1], ...seen }
}
