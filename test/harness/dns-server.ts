/** A name server for tests, so that no test asks real name servers. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Ending } from './service.ts'

/** The records of a name: addresses by family, mail exchangers with their preference, names, and texts. */
export interface Records {
  readonly a?: readonly string[]
  readonly aaaa?: readonly string[]
  readonly mx?: readonly (readonly [preference: number, host: string])[]
  readonly ptr?: readonly string[]
  readonly txt?: readonly string[]
}

/** How the server treats a name instead of answering: with SERVFAIL, or with silence. */
type Silence = 'failing' | 'silent'

export interface DnsServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Every question so far, as `TYPE NAME`. */
  readonly questions: readonly string[]
}

const TYPES = { 1: 'a', 12: 'ptr', 15: 'mx', 16: 'txt', 28: 'aaaa' } as const
const NAME_ERROR = 3
const SERVER_FAILURE = 2

/** Starts a name server on loopback that knows only the names of `zone`. It ends with the test. */
export async function dnsServer(t: Ending, zone: Readonly<Record<string, Records | Silence>>): Promise<DnsServer> {
  const questions: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, question } = questionIn(query)
    const kind = Object.entries(TYPES).find(([number]) => Number(number) === type)?.[1]
    questions.push(`${kind ?? type} ${name}`)
    const known = zone[name]
    if (known === 'silent') return
    const records = typeof known === 'object' && kind ? rdataOf(known, kind) : []
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(0x8580 | (known === undefined ? NAME_ERROR : known === 'failing' ? SERVER_FAILURE : 0), 2)
    header.set([0, 1, records.length >> 8, records.length & 255, 0, 0, 0, 0], 4)
    const answers = records.map((rdata) =>
      Buffer.concat([
        Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, rdata.length >> 8, rdata.length & 255]),
        rdata,
      ]),
    )
    socket.send(Buffer.concat([header, question, ...answers]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return { address: `127.0.0.1:${socket.address().port}`, questions }
}

function questionIn(query: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString('latin1'))
    at += 1 + length
  }
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    question: query.subarray(12, at + 5),
  }
}

function rdataOf({ a = [], aaaa = [], mx = [], ptr = [], txt = [] }: Records, kind: keyof Records): Buffer[] {
  if (kind === 'a') return a.map((ip) => Buffer.from(ip.split('.').map(Number)))
  if (kind === 'aaaa') return aaaa.map((ip) => Buffer.from(groupsOf(ip).join(''), 'hex'))
  if (kind === 'ptr') return ptr.map(nameData)
  if (kind === 'txt') return txt.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]))
  return mx.map(([preference, host]) =>
    Buffer.concat([Buffer.from([preference >> 8, preference & 255]), nameData(host)]),
  )
}

function nameData(host: string): Buffer {
  const labels = host === '.' ? [] : host.split('.')
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]))
  return Buffer.concat([...parts, Buffer.from([0])])
}

const groupsOf = (ip: string): string[] => {
  const [head = '', tail = ''] = ip.split('::')
  const [first, last] = [head, tail].map((half) => (half === '' ? [] : half.split(':')))
  const zeros = Array<string>(8 - (first?.length ?? 0) - (last?.length ?? 0)).fill('0')
  return [...(first ?? []), ...zeros, ...(last ?? [])].map((group) => group.padStart(4, '0'))
}
