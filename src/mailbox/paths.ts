/** Makes smtp-server accept the paths in MAIL and RCPT that mail servers really send, not only those of RFC 5321. */
import type { Connection } from './commands.ts'

/** A path without angle brackets: the verb, the path, and the parameters. */
const BARE = /^([a-z]{4} [a-z]{2,4}:)\s{0,9}([^<>\s]+)(\s.*)?$/i

/** Any text in MAIL FROM or RCPT TO. */
const ANY = /^(?:mail from|rcpt to):\s{0,9}<?([^<>]*)/i

/**
 * Lets a connection accept paths without angle brackets, and any text as a path: a server that passes our message on
 * may give it a sender that is no address, or a recipient in a spelling of its own (recipients.ts decides about it).
 */
export function acceptAnyPath(connection: Pick<Connection, '_parseAddressCommand'>): void {
  const strict = connection._parseAddressCommand.bind(connection)
  connection._parseAddressCommand = (name, command) => {
    const text = command.toString()
    const parsed = strict(name, text.replace(BARE, '$1<$2>$3'))
    const [, address] = parsed === false ? (ANY.exec(text) ?? []) : []
    return address === undefined || (address === '' && name === 'rcpt to') ? parsed : { address, args: false }
  }
}
