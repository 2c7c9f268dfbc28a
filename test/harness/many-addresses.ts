/** A closed mail server on all loopback addresses. It can hold back its answers, so that many tests run at once. */
import { closed } from './mail-scripts.ts'
import { scriptedServer } from './mail-server.ts'
import type { Ending } from './service.ts'

export interface ManyAddresses {
  readonly port: number
  /** How many connections are open. */
  readonly connections: number
  /** Holds back every answer to RCPT from now on. */
  hold(): void
  /** How many answers are held back. */
  readonly held: number
  release(): void
}

/**
 * Starts the server on one port of all addresses. Its replies contain the address that the client dialled. It ends
 * with the test.
 */
export async function everyAddress(t: Ending): Promise<ManyAddresses> {
  let kept: (() => void)[] | null = null
  const server = await scriptedServer(
    t,
    {
      greeting: ({ address }) => `220 mail.example.com at ${address}`,
      say(line, session) {
        const said = `${[closed(line, session) ?? ''].flat()[0]} at ${session.address}`
        const waiting = kept
        if (waiting === null || !line.startsWith('RCPT')) return said
        return new Promise((resolve) => waiting.push(() => resolve(said)))
      },
      keepsNothing: true,
    },
    { hosts: ['0.0.0.0'] },
  )
  return {
    port: server.port,
    get connections() {
      return server.open()
    },
    hold() {
      kept = []
    },
    get held() {
      return kept?.length ?? 0
    },
    release() {
      const answers = kept ?? []
      kept = null
      for (const answer of answers) answer()
    },
  }
}
