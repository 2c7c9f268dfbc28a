/** A service with a mailbox, and a scripted mail server that can pass messages on to it. */
import { dialogue } from '../lab/dialogue.ts'
import { deadPort } from './mail-scripts.ts'
import { type Place, type Say, type Script, type ScriptedServer, scriptedServer } from './mail-server.ts'
import { type Ending, startService } from './service.ts'

/**
 * Returns the last message that a scripted server accepted: its recipient, its sender, its lines without the final dot,
 * and its secrets.
 */
export function taken({ lines }: ScriptedServer) {
  const data = lines.lastIndexOf('DATA')
  const [, recipient = ''] = /^RCPT TO:<(.*)>$/.exec(lines[data - 1] ?? '') ?? []
  const end = lines.indexOf('.', data)
  const message = lines.slice(data + 1, end === -1 ? undefined : end)
  const [, sender = ''] = /^From: <(.*)>$/m.exec(message.join('\n')) ?? []
  const secrets = message.flatMap((line) => /^(?:X-Relay-Test|Proof): ([a-z2-7]{26})$/.exec(line)?.[1] ?? [])
  return { recipient, sender, message, secrets }
}

/** Starts a service with a mailbox and a scripted mail server. `bring` delivers a message to the mailbox. */
export async function postOffice(t: Ending, script: Say | Script, env: Record<string, string> = {}, place: Place = {}) {
  const server = await scriptedServer(t, typeof script === 'function' ? { say: script } : script, place)
  const port = await deadPort()
  const service = await startService(t, {
    env: {
      MAILBOX_LISTEN: `127.0.0.1:${port}`,
      ALLOWED_PORTS: `${server.port}`,
      DELIVERY_WAIT_MS: '300',
      TEST_DEADLINE_MS: '8000',
      ...env,
    },
  })
  const bring = (recipient: string, message: readonly string[], sender = 'someone@example.org') =>
    dialogue({ host: '127.0.0.1', port, from: '127.0.0.1' }, [
      'EHLO mail.example.com',
      `MAIL FROM:<${sender}>`,
      `RCPT TO:<${recipient}>`,
      'DATA',
      [...message, '.'].join('\r\n'),
      'QUIT',
    ])
  return { server, service, bring, ip: '127.0.0.1', port: server.port, mailboxPort: port }
}
