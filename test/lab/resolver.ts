/** The name servers of the lab: with one of them, every name resolves to the exit, so that mail arrives there. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LabNetwork } from './network.ts'

/** The name servers by what every name resolves to. No address has a name (PTR). */
export const resolvers = { exit: '127.0.0.1', nothing: '127.0.0.2' } as const

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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , exit = ''] = process.argv
  for (const [address, answers] of [
    [resolvers.exit, exit],
    [resolvers.nothing, null],
  ] as const) {
    const socket = createSocket('udp4')
    socket.on('message', (query, from) => socket.send(answer(query, answers), from.port, from.address))
    socket.bind(53, address)
    await once(socket, 'listening')
  }
  process.stdout.write('ready\n')
}
