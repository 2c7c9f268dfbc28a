/** Receives webhooks on loopback, as the server of a partner does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { type WebhookEvent, webhookEvent } from '../../src/contract/webhooks.ts'
import { listening } from './listening.ts'
import type { Ending } from './service.ts'

/** A secret as it stands in a callers file. */
export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`

/** One request that came, with the event in it. */
export interface Received {
  readonly id: string
  readonly event: WebhookEvent
}

export interface WebhookReceiver {
  readonly url: string
  /** Every event that was answered with 2xx, in the order in which it came. */
  readonly taken: readonly Received[]
  /** How many requests came. */
  readonly requests: number
}

/** Answers one request. Returns whether it took the event. */
export type AnswerWebhook = (response: ServerResponse, received: Received, request: IncomingMessage) => boolean

export const taking: AnswerWebhook = (response) => {
  response.writeHead(204).end()
  return true
}

/** Answers with a status, and takes the event if it is 2xx. */
export const answering =
  (status: number, headers: Record<string, string> = {}): AnswerWebhook =>
  (response) => {
    response.writeHead(status, headers).end('an answer')
    return status < 300
  }

/** Starts a receiver that verifies each signature with the package of Standard Webhooks. It ends with the test. */
export async function webhookReceiver(t: Ending, answer: AnswerWebhook = taking): Promise<WebhookReceiver> {
  const taken: Received[] = []
  const sockets = new Set<Socket>()
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, `${value}`]))
    const event = webhookEvent.parse(new Webhook(SECRET).verify(body, headers))
    const received = { id: headers['webhook-id'] ?? '', event }
    if (answer(response, received, request)) taken.push(received)
  })
  server.on('connection', (socket) => sockets.add(socket))
  const port = await listening(t, server, sockets)
  return {
    url: `http://127.0.0.1:${port}/hook`,
    taken,
    get requests() {
      return requests
    },
  }
}
