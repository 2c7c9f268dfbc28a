/** The answers of our name server: records for valid names, and never more than a query deserves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet'
import { parseAddress } from '../../src/ip/address.ts'
import { answerTo, type Served, type Transport } from '../../src/zone/answers.ts'
import { steeredName, type Zone } from '../../src/zone/names.ts'
import fc from '../harness/fast-check.ts'
import { cases } from '../harness/mass.ts'

const ZONE: Zone = { name: 'steer.relaytest.isp.example', key: 'k'.repeat(32) }
const SERVED: Served = { zone: ZONE, mailboxHost: 'mx.relaytest.isp.example', mailboxDomain: 'relaytest.isp.example' }
const NOW = new Date('2026-03-01T12:00:00Z')
const nameOf = (ip: string, host: string | null = null) =>
  steeredName(ZONE, { address: parseAddress(ip) ?? assert.fail(ip), host }, NOW)

const queryFor = (name: string, type: RecordType, flags = 0x0100): Buffer =>
  encode({ type: 'query', id: 7, flags, questions: [{ name, type }] })

/** Adds an EDNS record, as resolvers do. */
const withEdns = (query: Buffer): Buffer => {
  const asked = Buffer.concat([query, Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])])
  asked.writeUInt16BE(1, 10)
  return asked
}

const codeOf = (reply: Buffer): number => reply.readUInt16BE(2) & 15

function ask(name: string, type: RecordType, over: Transport = 'udp', served = SERVED): DecodedPacket {
  const reply = answerTo(queryFor(name, type), served, over, NOW) ?? assert.fail('no answer')
  const read = decode(reply)
  assert.equal(read.id, 7)
  assert.equal(read.flag_qr, true)
  assert.equal(read.flag_ra, false)
  return read
}

const shown = ({ answers = [] }: DecodedPacket) =>
  answers.map((answer: Answer) => ('data' in answer ? [answer.type, answer.name, answer.data] : []))

test('a valid name has our mailbox first, then the server by its address and by its host name', () => {
  const name = nameOf('203.0.113.25', 'mail.example.com')
  const reply = ask(name, 'MX')
  assert.equal(reply.flag_aa, true)
  assert.deepEqual(shown(reply), [
    ['MX', name, { preference: 5, exchange: 'mx.relaytest.isp.example' }],
    ['MX', name, { preference: 50, exchange: name }],
    ['MX', name, { preference: 50, exchange: 'mail.example.com' }],
  ])
  const hostless = nameOf('203.0.113.25')
  assert.deepEqual(
    shown(ask(hostless, 'MX')).map(([, , data]) => data),
    [
      { preference: 5, exchange: 'mx.relaytest.isp.example' },
      { preference: 50, exchange: hostless },
    ],
  )
})

test('a valid name has the address of the server, in its family only', () => {
  const [four, six] = [nameOf('203.0.113.25', 'mail.example.com'), nameOf('2001:db8::25')]
  assert.deepEqual(shown(ask(four, 'A')), [['A', four, '203.0.113.25']])
  assert.deepEqual(shown(ask(six, 'AAAA')), [['AAAA', six, '2001:db8::25']])
  for (const [name, type] of [
    [four, 'AAAA'],
    [six, 'A'],
    [four, 'TXT'],
    [four, 'NS'],
    [four, 'SOA'],
    [four, 'CNAME'],
  ] as const) {
    const reply = answerTo(queryFor(name, type), SERVED, 'udp', NOW) ?? assert.fail()
    assert.equal(codeOf(reply), 0, type)
    assert.deepEqual(shown(decode(reply)), [], type)
  }
})

test('the question comes back as it was asked, in its own letters', () => {
  const name = nameOf('203.0.113.25').replace('steer', 'sTeEr')
  const reply = ask(name, 'A')
  assert.equal(reply.questions?.[0]?.name, name)
  assert.deepEqual(shown(reply), [['A', name, '203.0.113.25']])
})

test('the zone itself has SOA and NS: whole over TCP, and over UDP only if that is short', () => {
  const [[, , soa] = []] = shown(ask(ZONE.name, 'SOA', 'tcp'))
  assert.ok(typeof soa === 'object' && 'mname' in soa)
  assert.deepEqual([soa.mname, soa.rname], ['mx.relaytest.isp.example', 'postmaster.relaytest.isp.example'])
  assert.deepEqual(shown(ask(ZONE.name, 'NS', 'tcp')), [['NS', ZONE.name, 'mx.relaytest.isp.example']])
  for (const type of ['SOA', 'NS'] as const) {
    const query = queryFor(ZONE.name, type)
    const reply = answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()
    assert.equal(decode(reply).flag_tc, true)
    assert.ok(reply.length <= query.length)
  }
  assert.deepEqual(shown(ask(ZONE.name, 'A')), [])
})

test('a name in the zone that we did not make has no records', () => {
  const other = steeredName(
    { ...ZONE, key: 'x'.repeat(32) },
    { address: parseAddress('203.0.113.25') ?? assert.fail(), host: null },
    NOW,
  )
  for (const [name, code] of [
    [other, 3],
    [`${'0'.repeat(32)}.mail.example.com.${ZONE.name}`, 3],
    [`${'0'.repeat(60)}.${ZONE.name}`, 3],
    // Between the zone and a valid name. Resolvers that ask for each label must not stop here.
    [`com.${ZONE.name}`, 0],
    [`mail.example.com.${ZONE.name}`, 0],
  ] as const) {
    for (const type of ['MX', 'A', 'TXT', 'NS'] as const) {
      const query = queryFor(name, type)
      const reply = answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()
      assert.equal(codeOf(reply), code, name)
      assert.equal(reply.length, query.length)
    }
  }
})

test('a name outside of the zone is refused: we never ask others', () => {
  for (const name of ['example.com', 'relaytest.isp.example', `x${ZONE.name}`, '.', 'com']) {
    const query = queryFor(name, 'A')
    const reply = answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()
    assert.equal(codeOf(reply), 5, name)
    assert.equal(reply.length, query.length)
  }
})

test('transfers, other classes and other operations are refused', () => {
  const code = (query: Buffer) => codeOf(answerTo(query, SERVED, 'tcp', NOW) ?? assert.fail())
  assert.equal(code(queryFor(ZONE.name, 'AXFR')), 5)
  assert.equal(code(queryFor(ZONE.name, 'IXFR')), 5)
  assert.equal(code(encode({ questions: [{ name: ZONE.name, type: 'SOA', class: 'CH' }] })), 5)
  for (const opcode of [1, 2, 4, 5]) assert.equal(code(queryFor(ZONE.name, 'SOA', opcode << 11)), 4)
})

test('a reply gets no reply, so two name servers never talk to each other for ever', () => {
  const reply = answerTo(queryFor(nameOf('203.0.113.25'), 'MX'), SERVED, 'udp', NOW) ?? assert.fail()
  assert.equal(answerTo(reply, SERVED, 'udp', NOW), null)
  assert.equal(answerTo(Buffer.alloc(11), SERVED, 'udp', NOW), null)
  assert.equal(answerTo(Buffer.alloc(513), SERVED, 'udp', NOW), null)
})

test('a malformed query gets a header and no more', () => {
  const good = queryFor(nameOf('203.0.113.25'), 'MX')
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good)
    copy.writeUInt16BE(value, at)
    return copy
  }
  const malformed = [
    changed(4, 0),
    changed(4, 2),
    changed(4, 65_535),
    changed(6, 1),
    changed(8, 65_535),
    changed(12, 0xc00c),
    changed(12, 0xc000),
    changed(12, 0x4041),
    good.subarray(0, 12),
    good.subarray(0, -1),
    Buffer.from([...good.subarray(0, 12), 3, 0x61, 0x2e, 0x62, 0, 0, 1, 0, 1]),
    Buffer.from([...good.subarray(0, 12), 2, 0xff, 0xfe, 0, 0, 1, 0, 1]),
  ]
  for (const query of malformed) {
    const reply = answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()
    assert.equal(codeOf(reply), 1, query.toString('hex'))
    assert.equal(reply.length, 12)
  }
})

test('bytes after the question change nothing', () => {
  const query = withEdns(queryFor(nameOf('203.0.113.25'), 'MX'))
  assert.equal(decode(answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()).answers?.length, 2)
  const broken = Buffer.concat([query, Buffer.from([0xff, 0xff, 0xff])])
  assert.equal(decode(answerTo(broken, SERVED, 'udp', NOW) ?? assert.fail()).answers?.length, 2)
})

test('until the host of the mailbox is known, nobody is told that a name has no mail exchanger', () => {
  const served = { ...SERVED, mailboxHost: null }
  for (const [name, type, code] of [
    [nameOf('203.0.113.25'), 'MX', 2],
    [ZONE.name, 'NS', 2],
    [nameOf('203.0.113.25'), 'A', 0],
  ] as const)
    assert.equal(codeOf(answerTo(queryFor(name, type), served, 'tcp', NOW) ?? assert.fail()), code)
})

test('an answer that does not fit 512 bytes is cut off over UDP, and whole over TCP', () => {
  const zone = { ...ZONE, name: `${'z'.repeat(50)}.${'y'.repeat(40)}.example` }
  const served = { ...SERVED, zone, mailboxHost: `${`${'m'.repeat(60)}.`.repeat(3)}example` }
  const host = `${'h'.repeat(50)}.${'i'.repeat(30)}.example`
  const name = steeredName(zone, { address: parseAddress('203.0.113.25') ?? assert.fail(), host }, NOW)
  const [udp, tcp] = (['udp', 'tcp'] as const).map((over) => answerTo(queryFor(name, 'MX'), served, over, NOW))
  assert.ok(udp && tcp && tcp.length > 512)
  assert.equal(decode(udp).flag_tc, true)
  assert.deepEqual(shown(decode(udp)), [])
  assert.equal(decode(tcp).answers?.length, 3)
})

test('a valid name costs about twice its query, with the names of this example', () => {
  const query = withEdns(queryFor(nameOf('203.0.113.25', 'mail.example.com'), 'MX'))
  const reply = answerTo(query, SERVED, 'udp', NOW) ?? assert.fail()
  assert.ok(reply.length / query.length < 2, `${reply.length} to ${query.length}`)
})

const VALID = nameOf('203.0.113.25', 'mail.example.com')
const anyName = fc.oneof(
  fc.constantFrom(ZONE.name, VALID, VALID.slice(33), `x.${VALID}`, 'example.com', '.'),
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,63}$/).map((label) => `${label}.${ZONE.name}`),
  fc.stringMatching(/^[0-9a-f]{32}$/).map((label) => `${label}.mail.example.com.${ZONE.name}`),
)
const anyType = fc.integer({ min: 0, max: 65_535 })
/** A query that is well formed, with any type, class, flags and counts. */
const anyQuery = fc
  .record({
    name: anyName,
    type: fc.oneof(fc.constantFrom(1, 2, 6, 15, 28, 41, 252, 255), anyType),
    klass: fc.oneof(fc.constant(1), anyType),
    flags: fc.oneof(fc.constant(0x0100), anyType),
    counts: fc.oneof(
      fc.constant([1, 0, 0, 0]),
      fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 4, maxLength: 4 }),
    ),
    tail: fc.uint8Array({ maxLength: 60 }),
  })
  .map(({ name, type, klass, flags, counts, tail }) => {
    const query = encode({ questions: [{ name, type: 'A' }] })
    query.writeUInt16BE(flags, 2)
    for (const [index, count] of counts.entries()) query.writeUInt16BE(count, 4 + 2 * index)
    query.writeUInt16BE(type, query.length - 4)
    query.writeUInt16BE(klass, query.length - 2)
    return Buffer.concat([query, tail])
  })
/** The same with some bytes changed, or cut off. */
const anyBroken = fc
  .tuple(anyQuery, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat())
  .map(([query, changes, cut]) => {
    for (const [at, value] of changes) query[at % query.length] = value
    return cut % 3 === 0 ? query.subarray(0, cut % (query.length + 1)) : query
  })
const anyMessage = fc.oneof(
  anyQuery,
  anyBroken,
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
)

test('10,000 generated messages: no fault, and no answer over UDP that is longer than it may be', () => {
  const codes = new Set<number>()
  fc.assert(
    fc.property(anyMessage, fc.constantFrom<Transport>('udp', 'tcp'), (message, over) => {
      const reply = answerTo(message, SERVED, over, NOW)
      if (reply === null) return
      codes.add(codeOf(reply))
      const text = message.toString('latin1').toLowerCase()
      const isSecret = text.includes(VALID.slice(0, 32))
      if (!isSecret && over === 'udp') assert.ok(reply.length <= 1.5 * message.length)
      if (!isSecret && reply.readUInt16BE(6) === 0) assert.ok(reply.length <= message.length)
      if (over === 'udp') assert.ok(reply.length <= 512)
      assert.equal(reply.readUInt16BE(0), message.readUInt16BE(0))
      decode(reply)
    }),
    { numRuns: Math.max(10_000, cases(10_000)) },
  )
  assert.deepEqual([...codes].sort(), [0, 1, 3, 4, 5])
})
