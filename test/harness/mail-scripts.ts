/** Scripts of common mail servers, and a server that can be stopped before a reply. */
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { healthy, type Say, type Script, type ScriptedServer, scriptedServer } from './mail-server.ts'

/** A server that relays for nobody, in the words of Postfix. It offers no PIPELINING, so commands come one by one. */
export const closed: Say = (line) => {
  if (/^EHLO/i.test(line)) return '250 mail.example.com'
  if (/^RCPT/i.test(line)) return '554 5.7.1 <recipient>: Relay access denied'
  return healthy(line)
}

/** A fast server that relays for nobody. It offers PIPELINING and answers each group in one write. */
export const closedInGroups: Script = {
  say(line) {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') return ['250-mail.example.com', '250 PIPELINING']
    if (verb === 'RCPT') return '554 5.7.1 Relay access denied'
    if (verb === 'QUIT') return '221 2.0.0 Bye'
    return '250 2.0.0 Ok'
  },
  inGroups: true,
}

/** A server that relays for everybody, commands one by one. */
export const open: Say = (line) => (/^EHLO/i.test(line) ? '250 mail.example.com' : healthy(line))

export interface GatedServer {
  readonly server: ScriptedServer
  /** Holds back the replies to matching lines from now on. Resolves when the first such line has arrived. */
  hold(pattern: Pick<RegExp, 'test'>): Promise<void>
  /** Sends the replies that were held back, and holds back no more. */
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

/**
 * Ports below the range that the kernel assigns automatically, so that no other program gets one by chance, and above
 * the highest port that fetch refuses to call (10080, "bad port" in the Fetch standard).
 */
const RESERVED = { from: 10_100, processes: 1_000, each: 20 } as const
/** The number of this process. The runner counts its processes; one that runs alone takes its process id. */
const OWN = Number(process.env.TEST_PROCESS ?? process.pid) % RESERVED.processes
let reserved = 0

/**
 * Returns a port of 127.0.0.1 on which nothing listens unless the test opens it. Test files that run at the same time
 * get different ports.
 */
export async function deadPort(): Promise<number> {
  for (let tries = 0; tries < RESERVED.each; tries += 1) {
    const port = RESERVED.from + OWN * RESERVED.each + (reserved++ % RESERVED.each)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
