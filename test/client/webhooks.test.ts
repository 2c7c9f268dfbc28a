/** The client verifies what the package of Standard Webhooks signs, and nothing else. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { verifyWebhook, WebhookRefused } from '../../src/client/client.ts'
import { SECRET } from '../harness/receiver.ts'

const BODY = JSON.stringify({ type: 'ping', timestamp: '2027-01-02T03:04:05.678Z', data: {}, text: 'Grüße, 世界' })

/** Returns the headers of a webhook, signed by the package. */
function headersFor(body = BODY, { secret = SECRET, at = new Date(), id = 'event-1' } = {}): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)

/** Both verify a request; both must decide the same. */
async function verdictOn(headers: Record<string, string>, body = BODY, secret = SECRET): Promise<boolean> {
  const ours = await verifyWebhook(secret, headers, body).then(
    () => true,
    (error) => (error instanceof WebhookRefused ? false : assert.fail(error)),
  )
  let theirs = true
  try {
    new Webhook(secret).verify(body, headers)
  } catch (error) {
    assert.ok(error instanceof WebhookVerificationError)
    theirs = false
  }
  assert.equal(ours, theirs)
  return ours
}

test('an event that the package signed is returned, from text, bytes and all kinds of headers', async () => {
  const headers = headersFor()
  const event = JSON.parse(BODY)
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
  for (const given of [headers, upper, new Headers(headers)]) {
    assert.deepEqual(await verifyWebhook(SECRET, given, BODY), event)
    assert.deepEqual(await verifyWebhook(SECRET, given, Buffer.from(BODY)), event)
  }
  assert.equal(await verdictOn(headers), true)
})

test('any change of id, time, body, secret or signature is refused', async () => {
  const good = headersFor()
  const [version = '', signature = ''] = good['webhook-signature']?.split(',') ?? []
  const other = `whsec_${randomBytes(32).toString('base64')}`
  const wrong: readonly (readonly [Record<string, string>, string?, string?])[] = [
    [{ ...good, 'webhook-id': 'event-2' }],
    [{ ...good, 'webhook-timestamp': `${Number(good['webhook-timestamp']) - 1}` }],
    [good, `${BODY} `],
    [good, BODY.replace('ping', 'pong')],
    [good, BODY, other],
    [{ ...good, 'webhook-signature': signature }],
    [{ ...good, 'webhook-signature': `v1a,${signature}` }],
    [{ ...good, 'webhook-signature': `${version},${signature.slice(0, -4)}` }],
    [{ ...good, 'webhook-signature': `${version},` }],
    [{ ...good, 'webhook-signature': `${version},%%%` }],
    [{ ...good, 'webhook-signature': '' }],
    [{ ...good, 'webhook-timestamp': '' }],
    [{}],
  ]
  for (const [headers, body, secret] of wrong) assert.equal(await verdictOn(headers, body, secret), false)
})

test('one good signature of several is enough, so that secrets can be changed', async () => {
  const other = `whsec_${randomBytes(24).toString('base64')}`
  const old = headersFor(BODY, { secret: other })['webhook-signature']
  const both = { ...headersFor(), 'webhook-signature': `${old} v2,x ${headersFor()['webhook-signature']}` }
  assert.equal(await verdictOn(both), true)
})

test('a webhook is refused when it is older or newer than five minutes', async () => {
  for (const [seconds, expected] of [
    [0, true],
    [290, true],
    [310, false],
    [-290, true],
    [-310, false],
  ] as const) {
    assert.equal(await verdictOn(headersFor(BODY, { at: ago(seconds) })), expected, `${seconds} s`)
  }
})

test('every length of secret works, and no secret is a mistake of the program', async () => {
  for (let length = 24; length <= 64; length += 1) {
    const secret = `whsec_${randomBytes(length).toString('base64')}`
    assert.equal(await verdictOn(headersFor(BODY, { secret }), BODY, secret), true)
  }
  for (const secret of ['', 'whsec_', 'whsec_%%%']) {
    await assert.rejects(verifyWebhook(secret, headersFor(), BODY), TypeError)
  }
})
