/** Which texts are a known mailbox, and which mailboxes belong to a role. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domainOf, knownMailbox } from '../../src/contract/mailbox.ts'
import { isRole } from '../../src/contract/roles.ts'

const LONGEST_DOMAIN = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(57)}.com`

test('a mailbox keeps its local part, and its domain becomes lower case', () => {
  for (const [text, mailbox] of [
    ['jane@example.com', 'jane@example.com'],
    ['Jane.Doe@EXAMPLE.com', 'Jane.Doe@example.com'],
    ["o'brien+news@a-b.example", "o'brien+news@a-b.example"],
    ['#$&*/=?^_`{|}~-@xn--bcher-kva.example', '#$&*/=?^_`{|}~-@xn--bcher-kva.example'],
    [`${'a'.repeat(64)}@${LONGEST_DOMAIN}`, `${'a'.repeat(64)}@${LONGEST_DOMAIN}`],
    ['1@2.example', '1@2.example'],
  ] as const) {
    assert.equal(knownMailbox.parse(text), mailbox)
    assert.equal(domainOf(mailbox), mailbox.replace(/.*@/, ''))
  }
})

test('any other text is refused with the kind of mistake', () => {
  for (const [expected, ...texts] of [
    [/with exactly one @$/, '', 'jane', 'example.com', 'jane@@example.com', 'jane@a.example@example.com', '@a@b'],
    [
      /without spaces$/,
      ' jane@example.com',
      'jane@example.com ',
      'jane doe@example.com',
      'Jane Doe <jane@example.com>',
    ],
    [
      /without quotes, angle brackets and backslashes$/,
      '"jane"@example.com',
      '<jane@example.com>',
      'j\\ane@example.com',
    ],
    [
      /in ASCII/,
      'jane@bücher.example',
      'jané@example.com',
      'jane@example.com\r\nDATA',
      'jane\0@example.com',
      'ｊane@example.com',
    ],
    [/without % and !/, 'a%victim.example@example.com', 'victim.example!a@example.com'],
    [/at most 64 characters before the @$/, `${'a'.repeat(65)}@example.com`],
    [
      /a mail domain after the @/,
      ...[
        '@example.com',
        'jane@',
        'jane@com',
        'jane@example.com.',
        'jane@[192.0.2.1]',
        'jane@192.0.2.1',
        'jane@a_b.example',
      ],
      ...[
        '.jane@example.com',
        'jane.@example.com',
        'ja..ne@example.com',
        'jane,joe@example.com',
        'mailto:jane@example.com',
      ],
      ...['@a.example:jane@example.com'.slice(1), `jane@a${LONGEST_DOMAIN}`, `jane@${'a'.repeat(64)}.example`],
    ],
    [/^must be a mailbox, such as "jane@example.com"$/, 7, null, true, [], ['jane@example.com'], {}],
  ] as const) {
    for (const text of texts) {
      const { error } = knownMailbox.safeParse(text)
      assert.match(error?.issues[0]?.message ?? 'accepted', expected, JSON.stringify(text))
      assert.match(error?.issues[0]?.message ?? '', /^must be a mailbox/)
      assert.equal(error?.issues.length, 1, JSON.stringify(text))
    }
  }
})

test('role addresses are known in any case and with a tag, and no other mailbox is taken for one', () => {
  for (const account of [
    ...['info', 'marketing', 'sales', 'support', 'abuse', 'noc', 'security', 'postmaster', 'hostmaster', 'usenet'],
    ...['news', 'webmaster', 'www', 'uucp', 'ftp', 'root', 'admin', 'mailer-daemon'],
    ...['POSTMASTER', 'Abuse', 'info+spring', 'MAILER-DAEMON', 'staff-request', 'owner-staff'],
  ]) {
    assert.equal(isRole(`${account}@example.com`), true, account)
  }
  for (const account of ['jane', 'jane.doe', 'jane+info', 'informed', 'my-info', 'infos', 'salesman', 'request', '']) {
    assert.equal(isRole(`${account}@example.com`), false, account)
  }
  assert.equal(isRole('jane@postmaster.example'), false)
})
