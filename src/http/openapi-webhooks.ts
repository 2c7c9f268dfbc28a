/** The requests that the service itself sends, to callers with a webhook, for its OpenAPI document. */
import { WEBHOOK_EXAMPLES } from '../contract/answer-examples.ts'
import { webhookEvent } from '../contract/webhooks.ts'

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
})

/** The member `webhooks` of the document. */
export const WEBHOOKS = {
  event: {
    post: {
      operationId: 'receiveWebhook',
      summary: 'Receive the events of your tests',
      description:
        'Sent to the address that your provider has set for you, in the order of the events, at least once. An event that is not answered with 2xx within ten seconds is sent again, for a day. 410 ends all webhooks. The signature is that of Standard Webhooks.',
      tags: ['Webhooks'],
      security: [],
      parameters: [
        header('webhook-id', 'The id of the event. It stays the same when the event is sent again.'),
        header('webhook-timestamp', 'When the request was sent, in seconds since 1970.'),
        header('webhook-signature', '`v1,` and the HMAC-SHA-256 of `id.timestamp.body`, in base64.'),
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: { $ref: `#/components/schemas/${webhookEvent.meta()?.id}` },
            examples: WEBHOOK_EXAMPLES,
          },
        },
      },
      responses: { '2XX': { description: 'The event is stored.' }, 410: { description: 'Send no more events.' } },
    },
  },
}
