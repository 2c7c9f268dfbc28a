/** The help for each kind of problem, with an example: for help pages, openapi.json and docs/partners.md. */
import { z } from 'zod'
import { PROBLEMS, type ProblemRow } from './problem-catalogue.ts'
import { helpMember, helpPath, type Problem, type ProblemSlug, problem, problemType, typeMember } from './problems.ts'

/** The content of the help page of one kind of problem. */
export const problemHelp = z
  .object({
    type: typeMember,
    help: helpMember,
    status: z.int().meta({ description: 'The HTTP status.' }),
    title: z.string(),
    meaning: z.string().meta({ description: 'What has happened, and why the service answers so.' }),
    fix: z.string().meta({ description: 'What to do.' }),
    again: z.string().meta({
      description: 'When the same request may be sent again.',
      examples: ['no', 'yes', 'after `Retry-After`', 'with an idempotency key'],
    }),
    example: problem.meta({ description: 'An answer of this kind.' }),
  })
  .meta({ id: 'ProblemHelp', description: 'What a kind of problem means. Backticks in its texts mark code.' })
export type ProblemHelp = z.output<typeof problemHelp>

/** The body of `GET /problems`. */
export const problemHelpList = z.object({ problems: z.array(problemHelp) }).meta({ id: 'ProblemHelpList' })

/** The request id of examples. */
const INSTANCE = 'b0f6a1de-5d2f-4c43-9a53-3c2c0f5f8e0d'

const isSlug = (text: string): text is ProblemSlug => text in PROBLEMS

/** The slugs of all problems, in the order of their statuses. */
const SLUGS = Object.keys(PROBLEMS)
  .filter(isSlug)
  .toSorted((one, other) => PROBLEMS[one].status - PROBLEMS[other].status)

/** The help for every kind of problem by its slug, in the order of their statuses. */
export const PROBLEM_HELP: ReadonlyMap<ProblemSlug, ProblemHelp> = new Map(SLUGS.map((slug) => [slug, helpFor(slug)]))

/** Returns the help for one kind of problem. */
export function helpFor(slug: ProblemSlug): ProblemHelp {
  const { detail, meaning, fix, again, title, status } = PROBLEMS[slug]
  const common = { type: problemType(slug), title, status, help: helpPath(slug) }
  const example = { ...common, detail, instance: INSTANCE, ...membersOf(PROBLEMS[slug]) }
  return { ...common, meaning, fix, again, example }
}

/** Returns the members of an example that only some problems have, as a problem has them. */
function membersOf({ errors, violatedPolicies }: ProblemRow): Pick<Problem, 'errors' | 'violatedPolicies'> {
  return {
    ...(errors ? { errors: errors.map((error) => ({ ...error })) } : {}),
    ...(violatedPolicies ? { violatedPolicies: [...violatedPolicies] } : {}),
  }
}
