import { createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { script, startProgram } from './program.ts'

/** What a server says to the lines that match; `$1` is what the first group matched. */
export interface Rule {
  readonly on: string
  readonly say: string
  /** Says it only after so many milliseconds. */
  readonly after?: number
  /** Each time it waits twice as long, within a connection. */
  readonly growing?: boolean
  readonly hangUp?: boolean
}

export interface Script {
  /** The lines of the greeting; a number is a pause in milliseconds. */
  readonly greeting?: readonly (string | number)[]
  /** The first rule that matches holds. Where none does, everything is taken. */
  readonly rules: readonly Rule[]
}

/** A server that says what the script says, for what no server at hand does. Messages that it takes go nowhere. */
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

async function converse(socket: Socket, { greeting = ['220 mail.example.com ESMTP'], rules }: Script): Promise<void> {
  for (const part of greeting) {
    if (typeof part === 'number') await delay(part)
    else socket.write(`${part}\r\n`)
  }
  if (!greeting.at(-1)?.toString().startsWith('220')) socket.end()
  const times = new Map<Rule, number>()
  let rest = ''
  let inMessage = false
  for await (const text of socket.setEncoding('latin1')) {
    const lines = `${rest}${text}`.split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (inMessage && line !== '.') continue
      const rule = [...rules, ...DEFAULTS].find(({ on }) => new RegExp(on, 'i').test(line))
      if (rule === undefined) continue
      const time = times.get(rule) ?? 0
      times.set(rule, time + 1)
      if (rule.after) await delay(rule.growing ? rule.after * 2 ** time : rule.after)
      const said = rule.on === '' ? rule.say : line.replace(new RegExp(`${rule.on}.*`, 'i'), rule.say)
      socket.write(`${said}\r\n`)
      inMessage = said.startsWith('354')
      if (rule.hangUp) socket.end()
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , host = '', says = ''] = process.argv
  const server = createServer((socket) => {
    converse(
      socket.on('error', () => {}),
      JSON.parse(says),
    ).catch(() => socket.destroy())
  })
  server.listen({ host, port: 25 })
}
