/**
 * Tests one server, from the first connection to the last QUIT. In order: connect; ask the forms of the suite; ask
 * again where an answer was deferred or missing; try a sender that exists; send messages; wait for them; ask the
 * controls, and questions for findings. `questions` decides which of these steps make sense, and `ask` carries them
 * out.
 */
import { type Address, parseAddress } from '../ip/address.ts'
import { specialRange } from '../ip/special.ts'
import { FORMS } from '../relay/forms.ts'
import type { Observations } from '../relay/observations.ts'
import { Answers, type AnswersOptions } from './answers.ts'
import { type Asking, ask, momentOf, tellOutOfStep } from './ask.ts'
import { Connections } from './connections.ts'
import { NOTHING_SPENT, type ProbeLimits, type Spent } from './question.ts'
import { questions } from './questions.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'
import { messagesIn } from './steps/messages.ts'

/** Everything that one test depends on. */
export interface ProbeOptions extends ProbeLimits, AnswersOptions, Pick<Asking, 'messageFor'> {
  /** Whether the target refused us in the last ten minutes. Servers count refusals over that time before a ban. */
  readonly refusedBefore: boolean
  /** The addresses of our vantage, as far as they are known. */
  readonly vantage: readonly string[]
}

/** The observations of a test, and what its first session showed. */
export interface ProbeResult {
  readonly observations: Observations
  readonly localAddress: Address | null
  readonly ehlo: string | null
  readonly extensions: readonly string[]
  readonly tls: Session['tls']
  /** Null if nothing was dialled. */
  readonly phases: Phases | null
  /** The connections and messages that the test has used, with those before. */
  readonly spent: Spent
}

/** How long each part of a test took, in milliseconds; null for a part that was not reached. */
export interface Phases {
  /** From the start until the first connection was open. */
  readonly connect: number | null
  /** From the open connection to the greeting. */
  readonly greeting: number | null
  /** The rest of the time: commands and replies on all connections. */
  readonly dialogue: number | null
  /** Waiting for messages to arrive. */
  readonly delivery: number | null
}

/** Tests one server. Never throws because of something that a server does. */
export async function probe(options: ProbeOptions, server: Server): Promise<ProbeResult> {
  const startedAt = server.now()
  const { spentBefore = NOTHING_SPENT } = options
  const connections = await Connections.begin(server, spentBefore.connections)
  const answers = new Answers(options, connections.first, momentOf(server, connections))
  const asking: Asking = { server, connections, messageFor: options.messageFor, sendingSince: null }
  try {
    for (let next = questions(answers, options); next.length > 0; next = questions(answers, options)) {
      await ask(next, asking, answers)
    }
  } finally {
    await connections.leave()
    tellOutOfStep(connections, (shown) => answers.hear(shown))
  }
  const { first, current } = connections
  const { localAddress, ehlo, extensions } = first
  const phases = phasesOf(answers, server.now() - startedAt)
  const spent = { connections: connections.lastNumber, ...messagesIn(answers, spentBefore) }
  const observations = observationsOf(answers, options)
  return { observations, localAddress, ehlo, extensions, tls: current.tls, phases, spent }
}

function observationsOf(
  { first, target, rows, known, mailboxTroubled }: Answers,
  { proof, refusedBefore, vantage, address }: ProbeOptions,
): Observations {
  const { greeting, turnedAway, ehlo, helloLine, localAddress } = first
  return {
    proof,
    refusedBefore,
    vantage: visibleAddresses([...vantage.map(parseAddress), localAddress], address),
    ehlo,
    helloLine,
    domain: target.domain?.name ?? null,
    domainSource: target.domain?.source ?? null,
    known,
    names: target.echoes,
    greeting,
    turnedAway,
    mailboxTroubled,
    // In the order of the suite, not in the order in which they were asked.
    rows: rows.toSorted((a, b) => FORMS.indexOf(a.attempt.form) - FORMS.indexOf(b.attempt.form)),
  }
}

/**
 * Returns our addresses that a server at `target` can see, as text. Leaves out those of the other IP version, and
 * private ones if the server is public, because NAT changes them on the way.
 */
function visibleAddresses(ours: readonly (Address | null)[], target: Address): string[] {
  const isVisible = (one: Address) => specialRange(one) === null || specialRange(target) !== null
  return ours.flatMap((one) => (one?.family === target.family && isVisible(one) ? one.text : []))
}

function phasesOf({ first, waitedMs }: Answers, totalMs: number): Phases {
  const { connectMs: connect, greetingMs: greeting } = first
  const others = (connect ?? 0) + (greeting ?? 0) + (waitedMs ?? 0)
  return { connect, greeting, dialogue: greeting === null ? null : totalMs - others, delivery: waitedMs }
}
