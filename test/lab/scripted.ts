/**
 * Starts a mail server of the lab that follows rules, for behaviour that no other server of the lab has: tarpits, and
 * the replies of other software.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ScriptedSession, scriptedServer } from '../harness/mail-server.ts'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { script, startProgram } from './program.ts'

/** The reply to lines that match `on`. `$1` in it stands for the first group of the match. */
export interface Rule {
  readonly on: string
  readonly say: string
  /** The pause before the reply, in milliseconds. */
  readonly after?: number
  /** Whether the pause doubles each time within a connection. */
  readonly growing?: boolean
  readonly hangUp?: boolean
}

export interface Script {
  /** The lines of the greeting. A number is a pause in milliseconds. */
  readonly greeting?: readonly (string | number)[]
  /** The first rule that matches counts. If none matches, the server accepts everything. */
  readonly rules: readonly Rule[]
}

/** Starts a server that follows a script. It discards accepted messages. */
export function startScripted(network: LabNetwork, says: Script): Promise<LabServer> {
  const address = network.nextAddress()
  const args = script(fileURLToPath(import.meta.url), address, JSON.stringify(says))
  return startProgram(network, { software: 'scripted', address, args })
}

const DEFAULTS: readonly Rule[] = [
  { on: '^DATA', say: '354 End data with <CR><LF>.<CR><LF>' },
  { on: '^QUIT', say: '221 2.0.0 Bye', hangUp: true },
  { on: '', say: '250 2.0.0 Ok' },
]

/** Sends the greeting in its parts, and hangs up if it is not a 220. */
async function greet({ socket }: ScriptedSession, parts: readonly (string | number)[]): Promise<null> {
  for (const part of parts) {
    if (typeof part === 'number') await delay(part)
    else if (socket.writable) socket.write(`${part}\r\n`)
  }
  if (!parts.at(-1)?.toString().startsWith('220')) socket.end()
  return null
}

/** Returns the reply of the first rule that matches, after its pause. */
async function answerTo(
  line: string,
  { socket }: ScriptedSession,
  rules: readonly Rule[],
  times: Map<Rule, number>,
): Promise<string | null> {
  const rule = [...rules, ...DEFAULTS].find(({ on }) => new RegExp(on, 'i').test(line))
  if (rule === undefined) return null
  const time = times.get(rule) ?? 0
  times.set(rule, time + 1)
  if (rule.after) await delay(rule.growing ? rule.after * 2 ** time : rule.after)
  const said = rule.on === '' ? rule.say : line.replace(new RegExp(`${rule.on}.*`, 'i'), rule.say)
  if (!rule.hangUp) return said
  socket.end(`${said}\r\n`)
  return null
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , host = '', says = ''] = process.argv
  const { greeting = ['220 mail.example.com ESMTP'], rules }: Script = JSON.parse(says)
  const times = new WeakMap<ScriptedSession, Map<Rule, number>>()
  const script = {
    greeting(session: ScriptedSession) {
      times.set(session, new Map())
      return greet(session, greeting)
    },
    say: (line: string, session: ScriptedSession) => answerTo(line, session, rules, times.get(session) ?? new Map()),
  }
  await scriptedServer({ after() {} }, script, { hosts: [host], port: 25 })
}
