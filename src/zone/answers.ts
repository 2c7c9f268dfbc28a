/**
 * Answers the queries for our zone (RFC 1035). A pure function of the query, so that it can be tested without a socket.
 * It has records for the zone itself and for names with a valid HMAC, and for nothing else. It never asks others.
 */
import { type Answer, decode, encode, type Question } from 'dns-packet'
import { isLabel, readName, withinZone, type Zone } from './names.ts'

/** The facts that the answers are made of. */
export interface Served {
  readonly zone: Zone
  /** The host of our mailbox, which is the name server of the zone too. Null until it is known. */
  readonly mailboxHost: string | null
  /** The domain of our mailbox: its postmaster is the contact of the zone. */
  readonly mailboxDomain: string
}

/** How a query came. Over UDP, anybody can write any source address, so the answers are short. */
export type Transport = 'udp' | 'tcp'

/** The longest query that is read. A name has 255 bytes at most; what comes after the question is not read. */
export const LONGEST_QUERY = 512
/** The longest answer over UDP (RFC 1035 section 4.2.1). */
const LONGEST_OVER_UDP = 512
/** An answer over UDP that everybody can ask for may be this many times as long as its query. */
const MOST_GROWTH = 1.5

const HEADER_BYTES = 12
const CODES = { ok: 0, malformed: 1, 'server failure': 2, 'no such name': 3, 'not implemented': 4, refused: 5 } as const
type Code = keyof typeof CODES

const FLAGS = { response: 0x8000, opcode: 0x7800, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100 }

/** Points to the name of the question. dns-packet writes no pointers, which keep answers short. */
const POINTER = [0xc0, HEADER_BYTES]
/** How long others may keep our records, in seconds. */
const TTL = 300
const CLASS_IN = 1
const TYPE_MX = 15

/** The preferences of the records of a name: the mailbox takes the mail, and the server that is tested comes after. */
const PREFERENCES = { mailbox: 5, server: 50 } as const

/** The answer to a question, before it is written. */
interface Answered {
  readonly code: Code
  readonly records: readonly Buffer[]
  /** Whether the answer may be longer than MOST_GROWTH times its query: only a client with one of our names gets it. */
  readonly isSecret: boolean
}

const NOTHING: Answered = { code: 'ok', records: [], isSecret: false }

/** Returns the answer to a message; null for a message that is no query, or longer than LONGEST_QUERY. */
export function answerTo(message: Buffer, served: Served, over: Transport, now: Date): Buffer | null {
  if (message.length < HEADER_BYTES || message.length > LONGEST_QUERY) return null
  const flags = message.readUInt16BE(2)
  if (flags & FLAGS.response) return null
  if (flags & FLAGS.opcode) return written(message, EMPTY, 'not implemented')
  const asked = questionIn(message)
  if (asked === null) return written(message, EMPTY, 'malformed')
  const { code, records, isSecret } = answered(asked.question, served, now)
  const whole = written(message, asked.bytes, code, records)
  const most = isSecret ? LONGEST_OVER_UDP : Math.min(LONGEST_OVER_UDP, message.length * MOST_GROWTH)
  return over === 'tcp' || whole.length <= most ? whole : written(message, asked.bytes, code, [], FLAGS.truncated)
}

const EMPTY = Buffer.alloc(0)

/** Reads the question of a query, and its bytes. Null if there is not exactly one, or it is not plainly written. */
function questionIn(message: Buffer): { readonly question: Question; readonly bytes: Buffer } | null {
  const [questions, answers, authorities] = [4, 6, 8].map((at) => message.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authorities !== 0) return null
  const alone = Buffer.from(message)
  // What comes after the question, such as EDNS options, changes no answer: it is not read.
  alone.writeUInt16BE(0, 10)
  try {
    const [question] = decode(alone).questions ?? []
    if (question === undefined) return null
    const bytes = encode({ questions: [question] }).subarray(HEADER_BYTES)
    // Refuses names with pointers, with dots inside a label, and with bytes that are no text.
    return bytes.equals(message.subarray(HEADER_BYTES, HEADER_BYTES + bytes.length)) ? { question, bytes } : null
  } catch {
    return null
  }
}

/** Decides the answer to a question. */
function answered({ name, type, class: klass }: Question, served: Served, now: Date): Answered {
  const { zone } = served
  const inside = withinZone(zone, name)
  if (inside === null || klass !== 'IN' || type === 'AXFR' || type === 'IXFR') return { ...NOTHING, code: 'refused' }
  if (inside === '') return aboutZone(type, served)
  const steered = readName(zone, name, now)
  if (steered !== null) {
    const { address, host } = steered
    if (type === 'MX') return { ...exchangersOf(host, served), isSecret: true }
    const isAsked = type === (address.family === 4 ? 'A' : 'AAAA')
    return { ...NOTHING, records: isAsked ? [record({ name: '.', type, ttl: TTL, data: address.text })] : [] }
  }
  const [label = ''] = inside.split('.')
  // Resolvers ask for the names between the zone and one of ours first, and stop if there is no such name (RFC 9156).
  return isLabel(label) ? { ...NOTHING, code: 'no such name' } : NOTHING
}

/** Returns the records of the zone itself. */
function aboutZone(type: Question['type'], { mailboxHost, mailboxDomain }: Served): Answered {
  if (type !== 'SOA' && type !== 'NS') return NOTHING
  if (mailboxHost === null) return { ...NOTHING, code: 'server failure' }
  const contact = { mname: mailboxHost, rname: `postmaster.${mailboxDomain}` }
  const times = { serial: 1, refresh: 3_600, retry: 600, expire: 86_400, minimum: 60 }
  const answer: Answer =
    type === 'NS'
      ? { name: '.', type, ttl: TTL, data: mailboxHost }
      : { name: '.', type, ttl: TTL, data: { ...contact, ...times } }
  return { ...NOTHING, records: [record(answer)] }
}

/**
 * Returns the mail exchangers of a name: our mailbox, and the tested server by its address and by its host name.
 * Postfix and Exim look for their own addresses, Sendmail for its own names.
 */
function exchangersOf(host: string | null, { mailboxHost }: Served): Answered {
  if (mailboxHost === null) return { ...NOTHING, code: 'server failure' }
  const mx = (preference: number, exchange: string) =>
    record({ name: '.', type: 'MX', ttl: TTL, data: { preference, exchange } })
  const hosts = host === null ? [] : [mx(PREFERENCES.server, host)]
  return { ...NOTHING, records: [mx(PREFERENCES.mailbox, mailboxHost), exchangerItself(), ...hosts] }
}

/** Returns the MX record that names the asked name itself, whose address is that of the tested server. */
function exchangerItself(): Buffer {
  const ttl = [0, 0, TTL >> 8, TTL & 255]
  const data = [0, PREFERENCES.server, ...POINTER]
  return Buffer.from([POINTER, [0, TYPE_MX], [0, CLASS_IN], ttl, [0, data.length], data].flat())
}

/** Writes a record of the asked name. The name of `answer` must be the root: a pointer takes its place. */
function record(answer: Answer): Buffer {
  // dns-packet writes the name as the root, which is one byte after the header.
  return Buffer.concat([Buffer.from(POINTER), encode({ answers: [answer] }).subarray(HEADER_BYTES + 1)])
}

/** Writes an answer: the header, the question if it could be read, and the records. */
function written(message: Buffer, question: Buffer, code: Code, records: readonly Buffer[] = [], more = 0): Buffer {
  const asked = message.readUInt16BE(2)
  const isOurs = code === 'ok' || code === 'no such name'
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(message.readUInt16BE(0), 0)
  header.writeUInt16BE(
    FLAGS.response |
      (asked & (FLAGS.opcode | FLAGS.recursionDesired)) |
      (isOurs ? FLAGS.authoritative : 0) |
      more |
      CODES[code],
    2,
  )
  header.writeUInt16BE(question.length === 0 ? 0 : 1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, question, ...records])
}
