/**
 * The name servers of the lab. With two of them, every name resolves to the exit, so that mail arrives there. One of
 * these asks the name server of our service about the names of its zone, as if the zone were delegated to it.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LabNetwork } from './network.ts'

/** The name servers by what every name resolves to. No address has a name (PTR). */
export const resolvers = { exit: '127.0.0.1', nothing: '127.0.0.2', zone: '127.0.0.3' } as const

/** The zone that is delegated to port 53 of the exit. Only the name server `zone` knows that. */
export const DELEGATED = 'steer.relaytest.isp.example'

const started = new WeakMap<LabNetwork, Promise<void>>()

/** Starts both name servers, once for each network. */
export function startResolver(network: LabNetwork): Promise<void> {
  const running = started.get(network) ?? start(network)
  started.set(network, running)
  return running
}

async function start(network: LabNetwork): Promise<void> {
  const file = fileURLToPath(import.meta.url)
  const args = ['--import', import.meta.resolve('tsx'), file, network.exit]
  const child = network.spawnInside(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('the resolver has no output')
  await once(child.stdout, 'data')
}

const NAME_ERROR = 3
const TYPE_A = 1

/** Returns the answer to a DNS query: the address, whatever the name is, or that there is no such name. */
function answer(query: Buffer, address: string | null): Buffer {
  let end = 12
  while (query[end]) end += 1 + (query[end] ?? 0)
  const type = query.readUInt16BE(end + 1)
  const question = query.subarray(12, end + 5)
  const known = address !== null && !question.toString('latin1').toLowerCase().includes('\x04arpa\0')
  const record =
    known && type === TYPE_A
      ? Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)])
      : Buffer.alloc(0)
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8580 | (known ? 0 : NAME_ERROR), 2)
  header.set([0, 1, 0, record.length > 0 ? 1 : 0, 0, 0, 0, 0], 4)
  return Buffer.concat([header, question, record])
}

/** Whether a query asks for a name of the zone. */
function isDelegated(query: Buffer): boolean {
  const labels = DELEGATED.split('.').map((label) => String.fromCharCode(label.length) + label)
  return query
    .toString('latin1', 12)
    .toLowerCase()
    .includes(`${labels.join('')}\0`)
}

/** Asks the name server at the exit, and passes its answer on. */
function passOn(query: Buffer, exit: string, answered: (reply: Buffer) => void): void {
  const socket = createSocket('udp4')
  const end = setTimeout(() => socket.close(), 5_000)
  socket.once('message', (reply) => {
    clearTimeout(end)
    socket.close()
    answered(reply)
  })
  socket.send(query, 53, exit)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , exit = ''] = process.argv
  for (const [name, address] of Object.entries(resolvers)) {
    const socket = createSocket('udp4')
    socket.on('message', (query, from) => {
      const reply = (message: Buffer) => socket.send(message, from.port, from.address)
      if (name === 'zone' && isDelegated(query)) return passOn(query, exit, reply)
      reply(answer(query, name === 'nothing' ? null : exit))
    })
    socket.bind(53, address)
    await once(socket, 'listening')
  }
  process.stdout.write('ready\n')
}
