/** The media types of a relay test, for the routes that send one. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { eventStream } from '../contract/events.ts'
import { type RelayTest, relayTest } from '../contract/relay-test.ts'
import { renderTest } from '../render/session.ts'
import { EVENT_STREAM } from './event-stream.ts'

/** The media types that a relay test is sent in. */
export const MEDIA_TYPES = ['application/json', 'text/plain', EVENT_STREAM] as const

declare module 'fastify' {
  interface FastifyRequest {
    /** The media type of the answer, if a route has several. */
    format: (typeof MEDIA_TYPES)[number]
  }
}

/** Prepares requests for a format. Each route with several formats sets it in `onRequest`. */
export function registerFormats(api: FastifyInstance): void {
  api.decorateRequest('format')
}

/** Describes an answer with a relay test, for OpenAPI. */
export const testAnswer = (description: string) => ({
  description,
  content: { 'application/json': { schema: relayTest }, 'text/plain': { schema: z.string() } },
})

/** Describes an answer with a relay test or its events, for OpenAPI. */
export const testOrEventsAnswer = (description: string) => {
  const { content } = testAnswer(description)
  return { description, content: { ...content, [EVENT_STREAM]: { schema: eventStream } } }
}

/** Whether a request asks for events. */
export const isLive = ({ format }: FastifyRequest): boolean => format === EVENT_STREAM

/** Sends a relay test as JSON or as text. */
export function sendTest(request: FastifyRequest, reply: FastifyReply, result: RelayTest): FastifyReply {
  if (request.format === 'application/json') return reply.send(result)
  return reply.type('text/plain; charset=utf-8').send(renderTest(result, false))
}
