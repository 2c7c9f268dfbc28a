import type { Form, Names } from './forms.ts'

/** One recipient to ask for, for one form. */
export interface PlannedAttempt {
  readonly form: Form
  readonly mailFrom: string
  readonly rcptTo: string
}

/** MAIL, one or more RCPT, RSET. All attempts have the same sender. */
export type Transaction = readonly PlannedAttempt[]

/** What one connection is asked. */
export type ConnectionPlan = readonly Transaction[]

/**
 * What a connection may cost the server at worst, all figures measured or read (docs/pacing.md): Postfix slows down from
 * the 10th refusal on, Exim drops rejections of more than 10 recipients and closes after 10 RSETs.
 */
const BUDGET = { refusals: 9, recipients: 10, resets: 10 } as const

/**
 * Turns forms into transactions, grouped by sender in the order of first use, and transactions into connections that
 * stay within the budget if every command is refused. The null sender takes one recipient a transaction, as bounces do.
 */
export function plan(forms: readonly Form[], namesFor: (form: Form) => Names): ConnectionPlan[] {
  const groups = new Map<string, PlannedAttempt[]>()
  const transactions: PlannedAttempt[][] = []
  for (const form of forms) {
    const names = namesFor(form)
    const attempt = { form, mailFrom: form.mailFrom(names), rcptTo: form.rcptTo(names) }
    const open = attempt.mailFrom === '' ? undefined : groups.get(attempt.mailFrom)
    if (open && open.length < BUDGET.recipients && worstCase(open) < BUDGET.refusals) {
      open.push(attempt)
    } else {
      const fresh = [attempt]
      groups.set(attempt.mailFrom, fresh)
      transactions.push(fresh)
    }
  }
  return pack(transactions)
}

function pack(transactions: readonly Transaction[]): ConnectionPlan[] {
  const connections: Transaction[][] = []
  let refusals = 0
  for (const transaction of transactions) {
    const current = connections.at(-1)
    refusals += worstCase(transaction)
    if (current && refusals <= BUDGET.refusals && current.length < BUDGET.resets) {
      current.push(transaction)
    } else {
      connections.push([transaction])
      refusals = worstCase(transaction)
    }
  }
  return connections
}

/** A pipelined RCPT after a refused MAIL is refused as well. */
const worstCase = (transaction: Transaction): number => 1 + transaction.length
