/** The targets of a sweep, from a file. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Mistake } from '../../../src/cli/mistake.ts'
import { readSweepTargets } from '../../../src/cli/sweep/targets.ts'
import { folderOf } from '../../harness/files.ts'

const fileOf = (t: TestContext, text: string): string => join(folderOf(t, { 'targets.txt': text }), 'targets.txt')

/** Returns the faults of a file, without its folder. */
function faultsIn(t: TestContext, text: string): readonly string[] {
  try {
    readSweepTargets(fileOf(t, text))
  } catch (error) {
    if (error instanceof Mistake) return error.faults.map((fault) => fault.replace(/^.*\/targets\.txt/, ''))
    throw error
  }
  return []
}

test('a line is an address, perhaps with a port, then a mail domain or a mailbox, then a reference', (t) => {
  const text = [
    '\ufeff203.0.113.25',
    '203.0.113.26:587 example.com T-4  # our own',
    '2001:db8:25::1 T-5',
    '',
    '[2001:db8:25::1]:587 jane@example.com',
    '# the end',
  ].join('\r\n')
  assert.deepEqual(readSweepTargets(fileOf(t, text)).targets, [
    { ip: '203.0.113.25' },
    { ip: '203.0.113.26', port: 587, domain: 'example.com', reference: 'T-4' },
    { ip: '2001:db8:25::1', reference: 'T-5' },
    { ip: '2001:db8:25::1', port: 587, knownMailbox: 'jane@example.com' },
  ])
})

test('each wrong line is named, with what to write', (t) => {
  assert.deepEqual(faultsIn(t, '203.0.113.25:0\n203.0.113.25:65536\n127.1\n[203.0.113.25\n1.2.3.4 a b c\n'), [
    ':1: a port is a number from 1 to 65535, not 0',
    ':2: a port is a number from 1 to 65535, not 65536',
    ':3: enter an IP address, a host name or a mail domain, not "127.1"',
    ':4: enter an IP address, a host name or a mail domain, not "[203.0.113.25"',
    ':5: too many words; write TARGET[:PORT] [DOMAIN|MAILBOX] [REFERENCE]',
  ])
  assert.deepEqual(faultsIn(t, '203.0.113.25\nmail.example.com:25\n'), [
    ':2: write an IP address, not "mail.example.com"; relay-test --file takes names too',
  ])
  assert.deepEqual(faultsIn(t, 'example.com\n'.repeat(12)).at(-1), ': 2 more lines are wrong')
  assert.deepEqual(faultsIn(t, '# nothing\n'), [' contains no target'])
})
