/** Lets each connection send its commands in turn, and hangs up on one that sends many commands and no message. */
import type { SMTPServer, SMTPServerSession } from 'smtp-server'
import type { Turns } from './turns.ts'
import type { Visitor } from './visitors.ts'

/** One connection to the mailbox, as smtp-server keeps it. */
export type Connection = SMTPServer['connections'] extends Set<infer One> ? One : never

/** The parts that decide about a command. */
export interface CommandRules {
  readonly turns: Turns
  /** Returns the text that refuses DATA, or null. */
  refusesData(session: SMTPServerSession): DataRefusal | null
  /** Called when a visitor is hung up on, because it sent only commands. */
  onlyCommands(visitor: Visitor): void
}

/** The reply to DATA if no message may follow. */
export interface DataRefusal {
  readonly code: 451 | 550
  readonly text: string
}

/** A message needs five commands. Postfix has the same limit (smtpd_junk_command_limit). */
const MAX_COMMANDS = 100

/** Puts the rules before the commands of a connection. A command that waits keeps back those behind it. */
export function ruleCommands(connection: Connection, visitor: Visitor, rules: CommandRules): void {
  const answer = connection._onCommand.bind(connection)
  connection._onCommand = (command, done = () => {}) => {
    visitor.commands += 1
    if (visitor.commands > MAX_COMMANDS) {
      rules.onlyCommands(visitor)
      visitor.hangUp('too many commands without a message')
      return
    }
    rules.turns.take(() => {
      const refusal = /^data\s*$/i.test(command.toString('latin1')) ? rules.refusesData(connection.session) : null
      if (refusal === null) return answer(command, done)
      connection.send(refusal.code, refusal.text, refusal.code === 550 ? 'POLICY_VIOLATION' : undefined)
      done()
    })
  }
}
