/**
 * Servers from public bug reports and forum threads, in their own words: each row is one example of a kind of server
 * that was judged wrongly once. They are asked over real sockets, in both suites.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedMail } from '../../src/relay/attempt.ts'
import { healthy, type Say } from '../harness/mail-server.ts'
import { visit } from '../harness/visit.ts'

/** How a server of a row answers. Absent members answer 250. */
interface Behaviour {
  readonly mail?: (sender: string) => string
  /** The reply to an outside recipient. `null` leaves the answer to `local`. */
  readonly outside: string | ((sender: string, recipient: string) => string)
  /** The reply to a recipient at the own domain that is no postmaster, info or abuse. */
  readonly unknown?: string
  readonly postmaster?: string
  /** The reply to the known mailbox. */
  readonly jane?: string
  readonly data?: string
  readonly dot?: (sender: string, recipient: string) => string
  readonly greeting?: string
}

const ROLES = /^(postmaster|info|abuse)@example\.com$/
const JANE = 'jane@example.com'

/** Returns the script of a server. Its own domain is example.com, and jane is a mailbox there. */
function scriptOf({
  mail,
  outside,
  unknown = '550 5.1.1 User unknown',
  postmaster = '250 ok',
  jane = '250 2.1.5 ok',
  data,
  dot,
}: Behaviour): Say {
  const envelopes = new Map<number, { sender: string; recipient: string }>()
  return (line, session) => {
    const known = envelopes.get(session.connection) ?? { sender: '', recipient: '' }
    const [, sender] = /^MAIL FROM:<(.*)>$/.exec(line) ?? []
    if (sender !== undefined) {
      envelopes.set(session.connection, { sender, recipient: '' })
      return mail?.(sender) ?? '250 2.1.0 ok'
    }
    const [, recipient] = /^RCPT TO:<?(.*?)>?$/.exec(line) ?? []
    if (recipient !== undefined) {
      envelopes.set(session.connection, { ...known, recipient })
      if (recipient === JANE) return jane
      if (ROLES.test(recipient)) return postmaster
      if (recipient.endsWith('@example.com') && !/[%!]/.test(recipient)) return unknown
      return typeof outside === 'string' ? outside : outside(known.sender, recipient)
    }
    if (line === 'DATA' && data !== undefined) return data
    return line === '.' ? (dot?.(known.sender, known.recipient) ?? '250 queued') : healthy(line)
  }
}

/**
 * Each row: what the server does, the verdict, the reason or cause, and the verdict with a known mailbox if it differs.
 */
const CASES: readonly (readonly [name: string, behaviour: Behaviour, expected: string, withMailbox?: string])[] = [
  [
    'a ban in words of its own that spares postmaster',
    { outside: '550 Mail appears to be unsolicited - report abuse', unknown: '550 Unrouteable address' },
    'inconclusive',
    // A mailbox is accepted and the words are known as a ban: doubt wins.
    'inconclusive',
  ],
  [
    'a refusal in German that no table knows',
    { outside: '550 Das machen wir hier so nicht, guter Mann', unknown: '550 Kennen wir nicht' },
    'inconclusive words-unknown',
    'closed',
  ],
  ['a refusal in Chinese', { outside: '550 这里不行，谢谢' }, 'inconclusive words-unknown', 'closed'],
  ['a refusal without words', { outside: '550' }, 'inconclusive words-unknown', 'closed'],
  [
    'a refusal in verse, on several lines',
    { outside: '554 5.7.1 O Romeo, wherefore art thou, unannounced' },
    'inconclusive words-unknown',
    'closed',
  ],
  [
    'trust in senders that exist, and one answer for all others',
    {
      outside: (sender) =>
        sender === 'postmaster@example.com' || sender === JANE
          ? '250 ok'
          : '503 This mail server requires authentication when attempting to send to a non-local e-mail address.',
    },
    'open own-domain-sender',
  ],
  ...['552 5.2.2 Mailbox full', '550 5.2.1 Mailbox disabled', '452 4.2.2 Over quota', '550 5.7.133 RESOLVER.RST'].map(
    (jane): (typeof CASES)[number] => [
      `words of its own, and a known mailbox that gets "${jane}"`,
      { outside: '550 Das machen wir hier so nicht, guter Mann', jane },
      'inconclusive words-unknown',
      'closed',
    ],
  ),
  [
    'a ban in the words of a full mailbox',
    { outside: '550 5.2.1 no', unknown: '550 5.2.1 no', jane: '550 5.2.1 no' },
    'inconclusive',
  ],
  [
    'qmail with a patch that names the code in brackets',
    {
      outside: "553 sorry, that domain isn't allowed to be relayed thru this MTA (#5.7.1)",
      unknown: '550 sorry, no mailbox here by that name (#5.1.1)',
    },
    'closed',
  ],
  [
    'Postfix that rejects the recipient',
    { outside: '554 5.7.1 <x@isp.example>: Recipient address rejected: Access denied' },
    'closed',
  ],
  [
    'words that say "not one of ours", and no postmaster',
    {
      mail: (sender) => (sender === '' ? '553 null sender not allowed' : '250 ok'),
      outside: '553 Requested action not taken: Local user only or Authentication mechanism',
      unknown: '550 User not found',
      postmaster: '550 User not found',
    },
    'closed',
  ],
  [
    'an Exchange front end that has trouble',
    { outside: '451 4.7.0 Temporary server error. Please try again later. PRX2' },
    'inconclusive server-trouble',
  ],
  ['Exim 3', { outside: '550 relaying to <x@isp.example> prohibited by administrator' }, 'closed'],
  ['relaying that is not permitted', { outside: '550 5.7.1 Relaying to <x@isp.example> is not permitted' }, 'closed'],
  ['relaying from our host', { outside: '550 5.7.1 Relaying from your host is not allowed' }, 'closed'],
  [
    'relaying denied, with advice about STARTTLS',
    { outside: '550 5.7.1 Relaying denied, please use STARTTLS and SMTP AUTH on port 587' },
    'closed',
  ],
  ['a 551', { outside: '551 no' }, 'closed'],
  [
    'a message that is accepted and discarded',
    { outside: '250 ok', dot: () => '250 2.7.0 Ok, discarded, id=12345-01 - spam' },
    'inconclusive content-refused',
  ],
  [
    'a gateway whose inner server does not know the percent form',
    {
      outside: (_sender, recipient) => (recipient.includes('%') ? '250 ok' : '550 5.7.1 Relaying denied'),
      dot: () => '550 5.1.1 no such user',
    },
    'closed',
  ],
  [
    'a server that denies relaying only at the dot',
    { outside: '250 ok', dot: () => '554 5.7.1 relaying denied' },
    'closed',
  ],
  ['rblsmtpd', { outside: '553 https://rbl.example/lookup?ip=198.51.100.7' }, 'inconclusive'],
  [
    'own-domain senders that need a login, and strangers that may not deliver',
    {
      mail: (sender) => (sender.endsWith('@example.com') ? '530 Authentication required' : '250 ok'),
      outside: '550 Delivery is not allowed to this address.',
    },
    'closed',
  ],
  [
    'a client host that is rejected',
    { outside: '554 5.7.1 Client host rejected: Access denied' },
    'inconclusive vantage-blocked',
  ],
]

/**
 * Words that refuse everybody but postmaster: they are about us, and a known mailbox that is refused alike shows it.
 */
const REFUSES_ALIKE = [
  '554 5.7.1 <x>: Recipient address rejected: Access denied',
  '550 5.1.1 User unknown',
  '551 go away',
  '550 #5.1.0 Address rejected.',
  '550 5.7.1 Relaying denied',
]

const BANS: typeof CASES = REFUSES_ALIKE.map((says) => [
  `a ban that spares postmaster and says "${says}"`,
  { outside: says, unknown: says, jane: says },
  // Without a known mailbox these words are those of a server that is closed.
  'closed',
  'inconclusive vantage-blocked',
])

/** Words for forged senders and odd recipients that sound like words about us. */
const CHECKED: readonly (readonly [what: string, says: string, isMeant: (sender: string, to: string) => boolean])[] = [
  ['own-domain senders', '550 Blocked: you may not spoof our domain', (sender) => sender.endsWith('@example.com')],
  [
    'own-domain senders from outside',
    '550 Mail from example.com not accepted from external hosts',
    (sender) => sender.endsWith('@example.com'),
  ],
  ['bounces', '550 blocked: backscatter', (sender) => sender === ''],
  ['the percent hack', '550 percent hack blocked', (_sender, to) => to.includes('%')],
]

const FORGERY_CHECKS: typeof CASES = CHECKED.map(([what, says, isMeant]) => [
  `a server that blocks ${what} in words that sound like a ban`,
  {
    outside: (sender: string, to: string) => (isMeant(sender, to) ? says : '554 5.7.1 Relay access denied'),
  },
  'closed',
])

const DATA_DENIALS: typeof CASES = ['550 Relaying denied', '530 5.7.0 Authentication required'].map((data) => [
  `a server that answers DATA of every form with "${data}"`,
  { outside: '250 ok', data },
  'closed',
])

const outcomeOf = ({ verdict, reason, cause }: Awaited<ReturnType<typeof visit>>) =>
  [verdict, reason ?? cause].filter(Boolean).join(' ')

for (const [name, behaviour, expected, withMailbox = expected] of [
  ...CASES,
  ...BANS,
  ...FORGERY_CHECKS,
  ...DATA_DENIALS,
]) {
  for (const suite of ['standard', 'full'] as const) {
    for (const knownMailbox of [null, JANE]) {
      const wanted = knownMailbox === null ? expected : withMailbox
      test(`${name}, ${suite} suite, ${knownMailbox ? 'with' : 'without'} a known mailbox: ${wanted}`, async (t) => {
        const found = await visit(
          t,
          { say: scriptOf(behaviour) },
          { suite, knownMailbox, proof: 'delivery', patienceMs: 20_000 },
        )
        assert.equal(outcomeOf(found).startsWith(wanted), true, `${outcomeOf(found)} ${JSON.stringify(found.attempts)}`)
      })
    }
  }
}

const ARRIVED: ReceivedMail = {
  kind: 'message',
  peer: '127.0.0.1',
  helo: '',
  received: null,
  receivedAt: '',
  report: null,
}

test('after plain forms whose messages are refused at the dot, the percent form is tried and delivered: open', async (t) => {
  const say = scriptOf({
    outside: '250 ok',
    dot: (_sender, recipient) => (recipient.includes('%') ? '250 queued' : '554 5.7.1 relaying denied'),
  })
  const arrival = async ({ id }: { readonly id: string }) => (id === 'percent-hack' ? ARRIVED : null)
  const found = await visit(t, { say }, { proof: 'delivery', arrival })
  assert.equal(outcomeOf(found), 'open percent-hack')
})

test('a catch-all domain is closed after the usual wait, and not after all the time', async (t) => {
  const say = scriptOf({
    outside: (_sender, recipient) => (recipient.endsWith('@example.com') ? '250 ok' : '554 5.7.1 Relay access denied'),
    unknown: '250 ok',
  })
  const found = await visit(t, { say }, { proof: 'delivery', patienceMs: 600_000 })
  assert.deepEqual([outcomeOf(found), found.caveats], ['closed', ['any-local-part-taken']])
})

test('silence at a catch-all counts for nothing while our own mailbox turned somebody away', async (t) => {
  const say = scriptOf({
    outside: (_sender, recipient) => (recipient.endsWith('@example.com') ? '250 ok' : '554 5.7.1 Relay access denied'),
    unknown: '250 ok',
  })
  const found = await visit(t, { say }, { proof: 'delivery', troubled: async () => true })
  assert.equal(outcomeOf(found), 'inconclusive vantage-failed')
})

for (const [report, expected] of [
  ['tried-to-relay', 'inconclusive accepted-then-bounced'],
  ['was-local', 'inconclusive ambiguous-accepted'],
  ['unclear', 'inconclusive ambiguous-accepted'],
] as const) {
  test(`a report that the percent form "${report}" never makes a server closed: ${expected}`, async (t) => {
    const say = scriptOf({
      outside: (_sender, recipient) => (recipient.includes('%') ? '250 ok' : '554 5.7.1 Relay access denied'),
    })
    const arrival = async (): Promise<ReceivedMail> => ({ ...ARRIVED, kind: 'bounce', report })
    assert.equal(outcomeOf(await visit(t, { say }, { proof: 'delivery', arrival })), expected)
  })
}

test('a plain form that the server tried to pass on is relayed, although the next server refused it', async (t) => {
  const arrival = async (): Promise<ReceivedMail> => ({ ...ARRIVED, kind: 'bounce', report: 'tried-to-relay' })
  const found = await visit(t, { say: scriptOf({ outside: '250 ok' }) }, { proof: 'delivery', arrival })
  assert.equal(outcomeOf(found), 'open everyone')
})

test('a message goes out with the known mailbox as its sender only if no other own-domain sender is accepted', async (t) => {
  const trusting = (trusts: (sender: string) => boolean) =>
    scriptOf({ outside: (sender) => (trusts(sender) ? '250 ok' : '554 5.7.1 Relay access denied') })
  const all = await visit(t, { say: trusting((sender) => sender.endsWith('@example.com')) }, { knownMailbox: JANE })
  const senders = (lines: readonly string[]) =>
    lines.filter((_line, index) => lines[index + 2] === 'DATA').map((line) => line.slice('MAIL FROM:'.length))
  assert.equal(outcomeOf(all), 'open own-domain-sender')
  assert.deepEqual(senders(all.server.lines), ['<postmaster@example.com>'])
  const one = await visit(t, { say: trusting((sender) => sender === JANE) }, { knownMailbox: JANE })
  assert.equal(outcomeOf(one), 'open own-domain-sender')
  assert.deepEqual(senders(one.server.lines), [`<${JANE}>`])
})

test('of two servers behind one address, the second is asked for a message as soon as it accepts the first question', async (t) => {
  const relayed: string[] = []
  const closed = scriptOf({ outside: '554 5.7.1 Relay access denied' })
  const open = scriptOf({
    outside: (_sender, recipient) =>
      recipient.startsWith('outside-sender') ? '250 ok' : '554 5.7.1 Relay access denied',
    dot: (_sender, recipient) => {
      relayed.push(recipient)
      return '250 queued'
    },
  })
  const say: Say = (line, session) => (session.connection === 1 ? closed : open)(line, session)
  const found = await visit(t, { say }, { suite: 'full', patienceMs: 20_000 })
  assert.deepEqual([outcomeOf(found), found.caveats], ['open everyone', ['answers-differ']])
  assert.equal(relayed.length, 1)
})

/** Ambiguous forms that a careless server relays, and a server that relays only that one. */
const HOLES = ['percent-hack-host', 'percent-hack-literal', 'quoted', 'bang-path-host', 'double-at-host', 'trailing-at']

for (const hole of HOLES) {
  const arrival = async ({ id }: { readonly id: string }) => (id === hole ? ARRIVED : null)
  const isHole = (recipient: string) => recipient.includes(hole) && !/^"?[\w-]+@isp\.example$/.test(recipient)

  test(`a catch-all at the domain does not hide that ${hole} is relayed: open`, async (t) => {
    const outside = (_sender: string, to: string) =>
      to.endsWith('@example.com') || isHole(to) ? '250 ok' : '554 5.7.1 Relay access denied'
    const say = scriptOf({ outside, unknown: '250 ok' })
    const found = await visit(t, { say }, { suite: 'full', proof: 'delivery', patienceMs: 20_000, arrival })
    assert.equal(found.verdict, 'open', JSON.stringify(found.attempts))
  })

  test(`a percent form that is refused at the dot does not hide that ${hole} is relayed: open`, async (t) => {
    const say = scriptOf({
      outside: (_sender, to) =>
        to.includes('%isp.example@example') || isHole(to) ? '250 ok' : '554 5.7.1 Relay access denied',
      dot: (_sender, to) => (isHole(to) ? '250 queued' : '550 5.1.1 no such user'),
    })
    const found = await visit(t, { say }, { suite: 'full', proof: 'delivery', patienceMs: 20_000, arrival })
    assert.equal(found.verdict, 'open', JSON.stringify(found.attempts))
  })

  test(`${hole} is accepted, no message arrives, and a catch-all at the domain does not explain it`, async (t) => {
    const outside = (_sender: string, to: string) =>
      to.endsWith('@example.com') || isHole(to) ? '250 ok' : '554 5.7.1 Relay access denied'
    const say = scriptOf({ outside, unknown: '250 ok' })
    const found = await visit(t, { say }, { suite: 'full', proof: 'delivery', patienceMs: 8_000 })
    assert.equal(outcomeOf(found), 'inconclusive ambiguous-accepted')
  })
}

for (const dot of ['554 5.7.1 relaying denied', '451 4.4.2 timeout', '554 5.7.1 spam']) {
  test(`a message that arrives although the final dot got "${dot}": open`, async (t) => {
    const say = scriptOf({ outside: '250 ok', dot: () => dot })
    const arrival = async ({ id }: { readonly id: string }) => (id === 'outside-sender' ? ARRIVED : null)
    const found = await visit(t, { say }, { proof: 'delivery', arrival })
    assert.deepEqual([found.verdict, found.evidence], ['open', 'delivered'])
  })
}

test('a ban after the first refusal is not taken for a check of the own-domain sender', async (t) => {
  let refused = 0
  const outside = () => {
    refused += 1
    return refused > 1 ? '550 your host is blocked' : '554 5.7.1 Relay access denied'
  }
  const found = await visit(t, { say: scriptOf({ outside }) })
  assert.equal(outcomeOf(found), 'inconclusive vantage-blocked')
})

test('a block list that stops only own-domain senders says nothing about other strangers', async (t) => {
  const outside = (sender: string) =>
    sender.endsWith('@example.com') ? '550 listed at zen.spamhaus.org' : '554 5.7.1 Relay access denied'
  const found = await visit(t, { say: scriptOf({ outside }) })
  assert.equal(outcomeOf(found), 'inconclusive vantage-blocked')
})

for (const refusals of [1, 3]) {
  for (const how of ['resets every connection', 'closes its port'] as const) {
    test(`a server that ${how} after ${refusals} refusals has banned us; it did not say that we ask too much`, async (t) => {
      let refused = 0
      const say: Say = (line, { socket }) => {
        const { server } = socket as { server?: { close(): void } }
        if (refused >= refusals) {
          if (how === 'closes its port') server?.close()
          socket.resetAndDestroy()
          return null
        }
        refused += Number(line.startsWith('RCPT'))
        return line.startsWith('RCPT') ? '554 5.7.1 Relay access denied' : healthy(line)
      }
      const found = await visit(t, { say }, { patienceMs: 20_000 })
      assert.equal(outcomeOf(found), 'inconclusive vantage-banned')
    })
  }
}

test('no sender that exists was tried where the server knows no postmaster, whatever it says to senders', async (t) => {
  const say = scriptOf({ outside: '554 5.7.1 Relay access denied', postmaster: '550 5.1.1 User unknown' })
  const found = await visit(t, { say }, { domain: { name: 'example.com', source: 'customer' } })
  assert.deepEqual([found.verdict, found.caveats], ['closed', ['existing-sender-untested', 'domain-doubtful']])
})

test('a known mailbox that was tried as sender is a sender that exists, whatever words refuse its recipient', async (t) => {
  const say = scriptOf({ outside: '550 5.4.1 Recipient address rejected: Access denied' })
  const found = await visit(t, { say }, { knownMailbox: JANE })
  assert.deepEqual([found.verdict, found.caveats], ['closed', []])
})
