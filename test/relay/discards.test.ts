/** Servers that take a message and say that they threw it away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saysDiscarded } from '../../src/relay/discards.ts'

const DISCARDED = [
  '2.7.0 Ok, discarded, id=12345-01 - spam',
  '2.7.0 Ok, discarded, id=12345-01 - INFECTED: Eicar-Test',
  '2.5.0 Ok, id=12345-01, DISCARD(bounce.suppressed)',
  'Message discarded',
  'ok, discarding your message',
  'silently dropped',
  'ok, dropped as spam',
  'message quarantined',
  '2.0.0 accepted and sent to quarantine',
  'blackholed',
  'OK, black hole',
  'thank you, message deleted',
  'Message accepted, it will be ignored',
  'mail was rejected as spam',
  'Message will not be delivered',
  'OK, sent to /dev/null',
  'Nachricht verworfen',
  'message supprimé',
  'relaying denied',
  '2.0.0 Ok: relay access denied, message accepted',
  'OK but relaying is not permitted',
  'moved to trash',
  'message went to the junk folder',
  'filed in the bin',
  'delivered to trash',
  'OK, this is a test server, message will not be sent',
  'OK (test mode only)',
  'fake smtp: accepted',
  'Accepted by sandbox server',
  'this is a honeypot, thanks',
  '2.0.0 Ok: queued as 4F2A, but discarded',
  'id=1abc-DEF message dropped',
  'in den Papierkorb verschoben',
  'déplacé dans la corbeille',
  'message was never sent',
  'Message discarded.Bye',
]

for (const words of DISCARDED)
  test(`"250 ${words}" was thrown away`, () => assert.ok(saysDiscarded({ code: 250, words })))

const TAKEN = [
  '2.0.0 Ok: queued as 4F2A',
  'OK id=1rAbCd-0001xy-2z',
  'ok 1719837123 qp 12345',
  '2.0.0 wABC1234 Message accepted for delivery',
  '2.6.0 <a@b.example> [InternalId=1] Queued mail for delivery',
  '2.6.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F2A',
  'ok, nothing was dropped',
  'message was not discarded',
  'accepted, tagged as spam',
  'accepted for delivery to <discarded@isp.example>',
  'Message dropped in Queue directory',
  'Mail dropped into the pickup folder',
  'message dropped to spool',
  'accepted, not delivered yet',
  'Ok, message will not be sent until the queue runs',
  'queued, has not been delivered so far',
  'no virus found, spam will be quarantined',
  'OK queued; bounces will be discarded',
  'accepted; duplicates are dropped',
  'Ok: viruses will be deleted',
  'queued as QUARANTINE-NOT-0001',
  'Ok, id=DISCARDED-12',
  'Ok: queued (discard=no)',
  'OK quarantine: none',
  'accepted by discarded-mail.isp.example',
  'OK from quarantine.mx.isp.example',
  '2.0.0 Ok: queued by test-server.isp.example',
  'Ok, relaying message',
  'scanned for spam, queued',
  'relayed to next hop',
  '',
]

for (const words of TAKEN)
  test(`"250 ${words}" was not thrown away`, () => assert.ok(!saysDiscarded({ code: 250, words })))

test('only a 2xx reply says so', () => assert.ok(!saysDiscarded({ code: 550, words: 'Message discarded' })))
