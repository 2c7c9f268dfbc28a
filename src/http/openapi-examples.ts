/** Adds examples to the OpenAPI document: of each request, each answer and each error. */
import { OPERATION_EXAMPLES, shared } from '../contract/answer-examples.ts'
import { PROBLEM_HELP } from '../contract/problem-help.ts'

/** The parts of an operation that have examples. */
export interface DescribedOperation {
  readonly operationId?: string | undefined
  readonly requestBody?: { content: Content } | undefined
  readonly responses: Readonly<Record<string, { description?: string | undefined; content?: Content | undefined }>>
}
type Content = Readonly<Record<string, Record<string, unknown>>>

/** Adds the examples of an operation to it. */
export function addExamples({ operationId = '', requestBody, responses }: DescribedOperation): void {
  const examples = OPERATION_EXAMPLES[operationId]
  const body = requestBody?.content['application/json']
  if (body && examples?.body) body.examples = examples.body
  for (const [status, { description = '', content = {} }] of Object.entries(responses)) {
    const { 'application/json': answer, 'application/problem+json': problem } = content
    if (answer && examples?.answers[status]) answer.examples = examples.answers[status]
    if (problem) problem.examples = shared(problemsIn(description))
  }
}

/** Returns the slugs of the problems that the description of an answer names. */
const problemsIn = (description: string): string[] =>
  [...PROBLEM_HELP].filter(([, { type }]) => description.includes(`\`${type}\``)).map(([slug]) => slug)
