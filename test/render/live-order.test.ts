/** Transcript lines in the order in which people read them, while a test runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionLine } from '../../src/contract/events.ts'
import { LiveOrder } from '../../src/render/live-order.ts'

type Row = readonly [from: SessionLine['from'], line: string, answers?: number | undefined, connection?: number]

/** The lines that are shown after each line of the session, and at the end. */
function shown(rows: readonly Row[]): string[][] {
  const session = new LiveOrder()
  const texts = (lines: readonly SessionLine[]) => lines.map(({ line }) => line)
  const steps = rows.map(([from, line, answers, connection = 1], index) =>
    texts(session.next({ ms: 0, key: false, vantage: null, index, from, line, answers: answers ?? null, connection })),
  )
  return [...steps, texts(session.rest())]
}

test('a command is shown at once, and its reply as it comes', () => {
  const rows: Row[] = [
    ['server', '220-a'],
    ['server', '220 b'],
    ['client', 'EHLO x'],
    ['server', '250-c', 2],
    ['server', '250 d', 2],
    ['client', 'QUIT'],
  ]
  assert.deepEqual(shown(rows), [['220-a'], ['220 b'], ['EHLO x'], ['250-c'], ['250 d'], ['QUIT'], []])
})

test('of a group the command that is waited for is shown, and the next under its reply', () => {
  const rows: Row[] = [
    ['client', 'MAIL'],
    ['client', 'RCPT'],
    ['client', 'RSET'],
    ['server', '250 ok', 0],
    ['server', '554-no', 1],
    ['server', '554 go', 1],
    ['server', '250 ok', 2],
  ]
  assert.deepEqual(shown(rows), [['MAIL'], [], [], ['250 ok', 'RCPT'], ['554-no'], ['554 go', 'RSET'], ['250 ok'], []])
})

test('a message stands before the reply to its dot', () => {
  const rows: Row[] = [
    ['client', 'DATA'],
    ['server', '354 go on', 0],
    ['client', 'Subject: x'],
    ['client', ''],
    ['client', '.'],
    ['server', '250 queued', 4],
  ]
  assert.deepEqual(shown(rows), [['DATA'], ['354 go on'], ['Subject: x'], [], [], ['', '.', '250 queued'], []])
})

test('connections do not wait for one another, and an event of one shows its open commands', () => {
  const rows: Row[] = [
    ['client', 'MAIL'],
    ['client', 'RCPT'],
    ['client', 'EHLO', undefined, 2],
    ['event', 'dropped'],
    ['server', '250 ok', 2, 2],
  ]
  assert.deepEqual(shown(rows), [['MAIL'], [], ['EHLO'], ['RCPT', 'dropped'], ['250 ok'], []])
})

test('unanswered commands are shown at the end, and a reply without a command at once', () => {
  const rows: Row[] = [
    ['client', 'MAIL'],
    ['client', 'RCPT'],
    ['server', '250 what', 7],
  ]
  assert.deepEqual(shown(rows), [['MAIL'], [], ['250 what'], ['RCPT']])
})
