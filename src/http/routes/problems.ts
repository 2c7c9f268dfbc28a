/** The routes that explain the errors of the API, to people and to programs. They need no key. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { PROBLEM_HELP, problemHelp, problemHelpList } from '../../contract/problem-help.ts'
import { RequestProblem } from '../../service/problem.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_PROBLEM, problemResponses } from '../openapi.ts'
import { type HtmlPage, sendPage } from '../page.ts'
import { PROBLEM_PAGES, PROBLEMS_PAGE } from '../problem-page.ts'

const HTML = { 'text/html': { schema: z.string() } }

/** `GET /problems` and `GET /problems/{slug}`: where `help` of a problem leads. */
export function registerProblemHelp(app: FastifyInstance): void {
  const all = { problems: [...PROBLEM_HELP.values()] }
  const help: ReadonlyMap<string, object> = PROBLEM_HELP
  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'What every error means',
        tags: ['Errors'],
        security: [],
        response: {
          200: {
            description: 'All kinds of errors, in the order of their statuses.',
            content: { 'application/json': { schema: problemHelpList }, ...HTML },
          },
          ...problemResponses(...ANY_PROBLEM, 'not-acceptable'),
        },
      },
    },
    async (request, reply) => sendHelp(request, reply, PROBLEMS_PAGE, all),
  )
  app.get<{ Params: { slug: string } }>(
    '/problems/:slug',
    {
      schema: {
        operationId: 'getProblem',
        summary: 'What an error means, and how to fix it',
        description: 'The member `help` of each error is the path of its page.',
        tags: ['Errors'],
        security: [],
        params: z.object({
          slug: z.string().meta({ description: 'The last part of `type`.', examples: ['quota-exceeded'] }),
        }),
        response: {
          200: {
            description: 'What the error means, an example and the fix.',
            content: { 'application/json': { schema: problemHelp }, ...HTML },
          },
          ...problemResponses(...ANY_PROBLEM, 'not-acceptable', 'not-found'),
        },
      },
    },
    async (request, reply) => {
      const { slug } = request.params
      const [page, values] = [PROBLEM_PAGES.get(slug), help.get(slug)]
      if (!page || !values) throw new RequestProblem('not-found', 'There is no such problem. GET /problems lists all.')
      return sendHelp(request, reply, page, values)
    },
  )
}

/** Sends a page to a browser, and JSON to a program that asks for it. */
function sendHelp(request: FastifyRequest, reply: FastifyReply, page: HtmlPage, values: object): FastifyReply {
  reply.header('Vary', 'Accept')
  return negotiate(request, ['text/html', 'application/json']) === 'text/html'
    ? sendPage(reply, page)
    : reply.send(values)
}
