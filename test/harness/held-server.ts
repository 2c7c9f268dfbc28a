/** A scripted mail server on many addresses, which keeps the tests of some of them waiting. */
import { once } from 'node:events'
import { closed } from './mail-scripts.ts'
import { type ScriptedServer, scriptedServer } from './mail-server.ts'
import type { Ending } from './service.ts'
import { inTime, until } from './waiting.ts'

export interface HeldServer {
  readonly server: ScriptedServer
  /** Returns the addresses that have been dialled, in order, each once. */
  dialled(): string[]
  /** Waits until an address was dialled. */
  reached(ip: string): Promise<unknown>
  /** Lets the tests of an address go on; without one, all tests. */
  release(ip?: string): void
}

/** Starts a server that relays for nobody. It does not answer EHLO until the address of the test is released. */
export async function heldServer(t: Ending, hosts: readonly string[]): Promise<HeldServer> {
  const gates = new Map(hosts.map((host) => [host, new AbortController()]))
  const server = await scriptedServer(
    t,
    {
      async say(line, session) {
        const gate = gates.get(session.address)?.signal
        if (/^EHLO/.test(line) && gate && !gate.aborted) await once(gate, 'abort')
        return closed(line, session)
      },
    },
    { hosts },
  )
  const dialled = () => [...new Set(server.sessions.map(({ address }) => address))]
  return {
    server,
    dialled,
    reached: (ip) =>
      inTime(
        `a test of ${ip}`,
        until(ip, () => dialled().includes(ip)),
      ),
    release(ip) {
      for (const host of ip === undefined ? hosts : [ip]) gates.get(host)?.abort()
    },
  }
}

/** Returns addresses of loopback, from 127.0.0.1. */
export const loopbacks = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`)
