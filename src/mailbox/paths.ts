/** Makes smtp-server accept the paths in MAIL and RCPT that mail servers really send, not only those of RFC 5321. */
import type { Connection } from './commands.ts'

/** A path without angle brackets: the verb, the path, and the parameters. */
const BARE = /^([a-z]{4} [a-z]{2,4}:)\s{0,9}([^<>\s]+)(\s.*)?$/i

/** Any sender in MAIL FROM. */
const SENDER = /^mail from:\s{0,9}<?([^<>]*)/i

/**
 * Lets a connection accept paths without angle brackets, and any text as a sender, because a server that passes our
 * message on may give it a sender that is no address.
 */
export function acceptAnyPath(connection: Pick<Connection, '_parseAddressCommand'>): void {
  const strict = connection._parseAddressCommand.bind(connection)
  connection._parseAddressCommand = (name, command) => {
    const text = command.toString()
    const parsed = strict(name, text.replace(BARE, '$1<$2>$3'))
    const [, sender] = parsed === false ? (SENDER.exec(text) ?? []) : []
    return sender === undefined ? parsed : { address: sender, args: false }
  }
}
