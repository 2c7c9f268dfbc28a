/** Which advice a result gets: for an open server by software and cause, otherwise by reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXAMPLES } from '../../src/contract/examples.ts'
import { CAUSES, type Cause, REASONS } from '../../src/contract/words.ts'
import { CAUSE_ROWS } from '../../src/relay/causes.ts'
import { FINDING_ROWS } from '../../src/relay/findings.ts'
import { REASON_ROWS } from '../../src/relay/reasons.ts'
import { type JudgedFacts, type Remedy, remedyFor } from '../../src/relay/remedies/remedy.ts'
import { BY_SERVER } from '../../src/relay/remedies/servers.ts'
import { recognise, type Software } from '../../src/relay/software.ts'
import { renderTest } from '../../src/render/session.ts'
import { resultOf } from '../harness/http.ts'
import { closed, open } from '../harness/mail-scripts.ts'
import { type Say, scriptedServer } from '../harness/mail-server.ts'
import { rejudge } from '../harness/rejudge.ts'
import { resultWith } from '../harness/result.ts'
import { startService } from '../harness/service.ts'

const OPEN: JudgedFacts = { verdict: 'open', cause: 'everyone', reason: null, caveats: [] }
const CLOSED: JudgedFacts = { verdict: 'closed', cause: null, reason: null, caveats: [] }

const software = (greeting: string, replies: readonly string[] = []): Software | null =>
  recognise({ greeting, extensions: [], replies })

const POSTFIX = software('mail.example.com ESMTP Postfix')

function remedy(judged: JudgedFacts, server: Software | null): Remedy {
  const found = remedyFor(judged, server, resultWith())
  assert.ok(found)
  return found
}

const closing = (cause: Cause | null, server: Software | null) => remedy({ ...OPEN, cause }, server)

/** The texts of servers, and the software whose advice each must get. */
const SERVERS: readonly (readonly [greeting: string, replies: readonly string[], software: string, step: RegExp])[] = [
  ['mail.example.com ESMTP Postfix (Debian/GNU)', [], 'Postfix', /smtpd_relay_restrictions = /],
  ['mail.example.com ESMTP Postfix', ['4.3.2 Service currently unavailable'], 'Postfix', /reject_unauth_destination/],
  ['mail.example.com ESMTP Zimbra', [], 'Zimbra', /MTA Trusted Networks/],
  ['mail.example.com ESMTP Exim 4.96 Tue, 24 Nov 2026', [], 'Exim', /relay_from_hosts = /],
  ['mail.example.com ESMTP Sendmail 8.17.1.9/8.17.1.9; Tue', [], 'Sendmail', /promiscuous_relay/],
  [
    'mail.example.com ESMTP Server (Microsoft Exchange Internet Mail Connector 4.0.994.63) ready',
    [],
    'Exchange 5.0 or older',
    /^Replace this server/,
  ],
  [
    'mail.example.com ESMTP Server (Microsoft Exchange Internet Mail Service 5.0.1457.7) ready',
    [],
    'Exchange 5.0 or older',
    /no setting/,
  ],
  [
    'mail.example.com ESMTP Server (Microsoft Exchange Internet Mail Service 5.5.2651.58) ready',
    [],
    'Exchange 5.5',
    /tick Hosts and clients with these IP addresses, and leave the list empty/,
  ],
  [
    'mail.example.com Microsoft ESMTP MAIL Service, Version: 5.0.2195.6713 ready at Tue',
    [],
    'Exchange 2000, Exchange 2003 or the Windows SMTP service',
    /Only the list below/,
  ],
  [
    'mail.example.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at Tue',
    [],
    'Exchange 2000, Exchange 2003 or the Windows SMTP service',
    /Access tab/,
  ],
  [
    'mail.example.com Microsoft ESMTP MAIL Service ready at Tue',
    [],
    'Exchange 2007 or later',
    /Remove-ADPermission .*ANONYMOUS LOGON/,
  ],
  [
    'XY1.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Tue',
    [],
    'Exchange Online',
    /Mail flow > Connectors/,
  ],
  ['mail.example.com ESMTP', ['ok 1763967600 qp 4711'], 'qmail', /control\/rcpthosts/],
  ['mail.example.com ESMTP OpenSMTPD', [], 'OpenSMTPD', /match from any for any action "relay"/],
  ['[mail.example.com] Courier Mail Server 0.65 ESMTP service ready', [], 'Courier', /allow,RELAYCLIENT/],
  ['mail.example.com ESMTP Haraka/2.8.27 ready', [], 'Haraka', /all=false/],
  ['mail.example.com Stalwart ESMTP at your service', [], 'Stalwart', /!is_empty\(authenticated_as\)/],
  ['mail.example.com ESMTP hMailServer 5.6.8-B2574', [], 'hMailServer', /external to external/],
  [
    'mail.example.com ESMTP MailEnable Service, Version: 10.55-- ready',
    [],
    'MailEnable',
    /Untick Allow relay for local/,
  ],
  ['mail.example.com ESMTP Service (HCL Domino Release 11.0.1) ready', [], 'Domino', /\* in both Deny fields/],
]

for (const [greeting, replies, name, step] of SERVERS) {
  test(`an open server that says "${[greeting, ...replies].join(' / ')}" is closed as ${name}`, () => {
    const found = closing('everyone', software(greeting, replies))
    assert.equal(found.software, name)
    assert.ok(found.steps.some((text) => step.test(text)))
  })
}

test('the advice for every software is reached by the texts of some server', () => {
  const reached = new Set(SERVERS.map(([, , name]) => name))
  assert.deepEqual(
    BY_SERVER.map((row) => row.software).filter((name) => !reached.has(name)),
    [],
  )
})

/** The software that has its own steps for a cause. */
const OWN: readonly (readonly [greeting: string, cause: Cause, step: RegExp])[] = [
  ['mail.example.com ESMTP Postfix', 'own-domain-sender', /check_sender_access/],
  ['mail.example.com ESMTP Postfix', 'null-sender', /check_sender_access/],
  ['mail.example.com ESMTP Postfix', 'percent-hack', /allow_percent_hack = no/],
  ['mail.example.com ESMTP Postfix', 'mx-steered', /permit_mx_backup/],
  ['mail.example.com ESMTP Exim 4.96', 'mx-steered', /@mx_any/],
  ['mail.example.com ESMTP Sendmail 8.17.1', 'mx-steered', /relay_based_on_MX/],
  ['mail.example.com ESMTP Postfix', 'source-address-lost', /smtpd_upstream_proxy_protocol = haproxy/],
  ['mail.example.com ESMTP Exim 4.96', 'percent-hack', /percent_hack_domains/],
  ['mail.example.com ESMTP Exim 4.96', 'own-host-sender', /senders =/],
  ['mail.example.com ESMTP Sendmail 8.17.1', 'own-domain-sender', /relay_local_from/],
  ['mail.example.com ESMTP Sendmail 8.17.1', 'percent-hack', /loose_relay_check/],
  ['mail.example.com ESMTP Sendmail 8.17.1', 'bang-path', /nouucp/],
  ['(Microsoft Exchange Internet Mail Service 5.5.2651.58)', 'address-spelling', /MS99-027/],
  ['(Microsoft Exchange Internet Mail Service 5.0.1457.7)', 'percent-hack', /^Replace this server/],
  ['mail.example.com ESMTP OpenSMTPD', 'own-domain-sender', /mail-from/],
  ['[mail.example.com] Courier Mail Server 0.65 ESMTP', 'percent-hack', /esmtppercentrelay/],
  ['mail.example.com ESMTP Haraka 3.0 ready', 'own-domain-sender', /host_list\.anti_spoof/],
  ['mail.example.com ESMTP Haraka 3.0 ready', 'source-address-lost', /haproxy_hosts/],
  ['mail.example.com Stalwart ESMTP at your service', 'source-address-lost', /proxy protocol/],
]

for (const [greeting, cause, step] of OWN) {
  test(`"${greeting}" with the cause ${cause} has its own steps`, () => {
    const found = closing(cause, software(greeting))
    assert.notEqual(found.software, null)
    assert.ok(found.steps.some((text) => step.test(text)))
    assert.notEqual(found.steps[0], CAUSE_ROWS[cause].steps[0])
  })
}

test('a software without steps for a cause gets the steps of the cause, then its own', () => {
  const mailEnable = software('mail.example.com ESMTP MailEnable Service, Version: 10.55--')
  const found = closing('own-domain-sender', mailEnable)
  assert.equal(found.software, 'MailEnable')
  assert.equal(found.steps[0], CAUSE_ROWS['own-domain-sender'].steps[0])
  assert.ok(found.steps.some((step) => /Untick Allow relay for local/.test(step)))
})

test('a server that cannot see who connects gets the steps for the proxy in front of it, whatever its software', () => {
  const exim = closing('source-address-lost', software('mail.example.com ESMTP Exim 4.96'))
  assert.deepEqual(exim, closing('source-address-lost', null))
  assert.equal(exim.software, null)
})

test('an open server of unknown software, or of one without a row, gets the steps of its cause', () => {
  const kerio = software('mail.example.com Kerio Connect 9.4.1 ESMTP ready')
  assert.equal(kerio?.name, 'Kerio Connect')
  for (const cause of CAUSES) {
    for (const server of [null, kerio]) {
      const { software: name, title, steps } = closing(cause, server)
      assert.deepEqual([name, title, steps[0]], [null, CAUSE_ROWS[cause].title, CAUSE_ROWS[cause].steps[0]])
    }
  }
})

test('an open server without a cause gets the steps for one that relays for everyone', () => {
  assert.deepEqual(closing(null, POSTFIX), closing('everyone', POSTFIX))
  assert.deepEqual(closing(null, null), closing('everyone', null))
})

test('every reason has its own steps, whatever the software', () => {
  const titles = REASONS.map((reason) => {
    const found = remedy({ verdict: 'inconclusive', cause: null, reason, caveats: [] }, POSTFIX)
    assert.equal(found.software, null)
    return found.title
  })
  assert.equal(new Set(titles).size, REASONS.length)
})

const LET_IN = ['vantage-banned', 'vantage-blocked', 'content-refused', 'connect-timeout', 'greylisted'] as const

for (const reason of LET_IN) {
  test(`the steps for ${reason} name the address that the server must let in`, () => {
    const judged: JudgedFacts = { verdict: 'inconclusive', cause: null, reason, caveats: [] }
    assert.match(remedy(judged, null).steps.join('\n'), /our address 198\.51\.100\.7\b/)
  })
}

test('a closed server needs nothing, unless it accepts any local part', () => {
  assert.equal(remedyFor(CLOSED, POSTFIX, resultWith()), null)
  assert.equal(remedyFor({ ...CLOSED, caveats: ['forms-spared'] }, POSTFIX, resultWith()), null)
  const found = remedy({ ...CLOSED, caveats: ['any-local-part-taken'] }, POSTFIX)
  assert.match(found.steps.join('\n'), /does not relay/)
})

/** Every possible remedy. */
const ALL: readonly Remedy[] = [
  ...[null, ...SERVERS.map(([greeting, replies]) => software(greeting, replies))].flatMap((server) =>
    [null, ...CAUSES].map((cause) => closing(cause, server)),
  ),
  ...REASONS.map((reason) => remedy({ verdict: 'inconclusive', cause: null, reason, caveats: [] }, null)),
  remedy({ ...CLOSED, caveats: ['any-local-part-taken'] }, null),
]

test('every remedy can be read out: short steps in plain ASCII, none of them twice', () => {
  for (const { title, steps } of ALL) {
    assert.ok(steps.length > 0)
    for (const text of [title, ...steps]) assert.match(text, /^[\x21-\x7e][\x20-\x7e]{0,198}[\x21-\x7e]$/)
    assert.equal(new Set(steps).size, steps.length, title)
  }
})

/** The sites of the authors of standards and of mail server software. On GitHub, only their own repositories count. */
const OFFICIAL = [
  'https://www.rfc-editor.org/rfc/',
  'https://www.postfix.org/',
  'https://www.exim.org/',
  'https://www.sendmail.org/',
  'https://learn.microsoft.com/',
  'https://cr.yp.to/qmail/',
  'https://github.com/notqmail/notqmail/',
  'https://man.openbsd.org/',
  'https://www.courier-mta.org/',
  'https://haraka.github.io/',
  'https://stalw.art/docs/',
  'https://zimbra.github.io/adminguide/',
  'https://www.hmailserver.com/documentation/',
  'https://www.mailenable.com/',
  'https://help.hcltechsw.com/domino/',
  'https://docker-mailserver.github.io/docker-mailserver/',
  'https://github.com/fail2ban/fail2ban/',
]

test('every reference is on a page of those who wrote the standard or the software', () => {
  const everywhere = [...ALL, ...Object.values(FINDING_ROWS), ...BY_SERVER].flatMap(({ references }) => references)
  const used = (start: string) => everywhere.some((reference) => reference.startsWith(start))
  assert.deepEqual(
    everywhere.filter((reference) => !OFFICIAL.some((start) => reference.startsWith(start))),
    [],
  )
  assert.deepEqual(
    OFFICIAL.filter((start) => !used(start)),
    [],
    'hosts that nothing refers to',
  )
})

test('no advice speaks in words of the machine: members, settings, paths or kinds of proof', () => {
  const rows = [...Object.values(REASON_ROWS), ...Object.values(CAUSE_ROWS), ...Object.values(FINDING_ROWS)]
  for (const text of rows.flatMap(({ says, steps }) => [says, ...steps]))
    assert.doesNotMatch(text, /\bvantages?\b|\bproof\b|[a-z][A-Z]|[A-Z]+_[A-Z]+|GET \/|\bJSON\b|\btext form\b|\.ip\b/)
})

test('every reference is an https address, and no remedy has one twice', () => {
  for (const { title, references } of ALL) {
    for (const reference of references) {
      assert.equal(new URL(reference).protocol, 'https:')
      assert.equal(new URL(reference).href, reference)
    }
    assert.equal(new Set(references).size, references.length, title)
  }
})

test('all advice for closing a server refers to a document', () => {
  for (const { title, references } of [...BY_SERVER, ...Object.values(CAUSE_ROWS)]) assert.ok(references.length, title)
})

test('the last step for an open server is another test', () => {
  for (const cause of CAUSES) assert.match(closing(cause, POSTFIX).steps.at(-1) ?? '', /^Test again/)
})

test('the text form shows the remedy between attempts and session, with numbered steps and references', () => {
  const shown = {
    software: 'Postfix',
    title: 'Close Postfix',
    steps: ['Do this.', 'Then that.'],
    references: ['https://a.example/b'],
  }
  const text = renderTest(resultWith({ verdict: 'open', remedy: shown }), false)
  assert.match(
    text,
    /\n\nWhat to do: Close Postfix\n {2}1\. Do this\.\n {2}2\. Then that\.\n {2}see https:\/\/a\.example\/b\n$/,
  )
  assert.doesNotMatch(renderTest(resultWith(), false), /What to do/)
})

for (const [name, { value }] of Object.entries(EXAMPLES)) {
  test(`the example "${name}" of the API has the remedy that its own transcript leads to`, () => {
    assert.deepEqual(value.remedy, remedyFor(rejudge(value), value.server?.software ?? null, value))
  })
}

/** A server with the texts of Postfix that relays for every sender at example.com. */
function trustingItsDomain(): Say {
  let trusted = false
  return (line, session) => {
    const [, sender] = /^MAIL FROM:<(.*)>$/.exec(line) ?? []
    if (sender !== undefined) trusted = sender.endsWith('@example.com')
    return trusted ? open(line, session) : closed(line, session)
  }
}

test('the result of a test has the remedy, as JSON and as text', async (t) => {
  const greeting = '220 mail.example.com ESMTP Postfix (Debian/GNU)'
  const server = await scriptedServer(t, { greeting, say: trustingItsDomain() })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const result = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
  assert.deepEqual([result.verdict, result.cause], ['open', 'own-domain-sender'])
  assert.deepEqual(result.remedy, closing('own-domain-sender', POSTFIX))
  const text = await (await service.fetch(`/relay-tests/${result.id}`, { headers: { accept: 'text/plain' } })).text()
  assert.match(text, /\nWhat to do: Stop Postfix from relaying by sender\n {2}1\. In main\.cf, /)
})
