import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { healthy, type Say, type ScriptedServer, scriptedServer } from './mail-server.ts'

/** A server that relays for nobody, in the words of Postfix. It offers no PIPELINING, so commands come one by one. */
export const closed: Say = (line) => {
  if (/^EHLO/i.test(line)) return '250 mail.example.com'
  if (/^RCPT/i.test(line)) return '554 5.7.1 <recipient>: Relay access denied'
  return healthy(line)
}

/** A server that relays for everybody, commands one by one. */
export const open: Say = (line) => (/^EHLO/i.test(line) ? '250 mail.example.com' : healthy(line))

export interface GatedServer {
  readonly server: ScriptedServer
  /** From now on keeps its reply to lines that match; resolves when one has come. */
  hold(pattern: Pick<RegExp, 'test'>): Promise<void>
  /** Gives the replies that were kept, and keeps none any more. */
  release(): void
}

/** A scripted server that can be stopped before a reply, so that a test is known to be running. */
export async function gatedServer(t: TestContext, say: Say = closed): Promise<GatedServer> {
  let gate: { pattern: Pick<RegExp, 'test'>; reached: () => void } | null = null
  let kept: (() => void)[] = []
  const server = await scriptedServer(t, {
    say(line, session) {
      if (!gate?.pattern.test(line)) return say(line, session)
      const said = [say(line, session) ?? []].flat()
      kept.push(() => session.socket.write(said.map((text) => `${text}\r\n`).join('')))
      gate.reached()
      return null
    },
  })
  return {
    server,
    hold: (pattern) =>
      new Promise((resolve) => {
        gate = { pattern, reached: resolve }
      }),
    release() {
      gate = null
      for (const reply of kept) reply()
      kept = []
    },
  }
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
