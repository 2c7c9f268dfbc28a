/** Says what a running test does now, and how long that may take, so that people know what they wait for. */
import type { TestPhase } from '../contract/events.ts'
import type { PhaseName, Proof, Suite } from '../contract/words.ts'
import { FIGURES } from '../probe/pace.ts'
import type { Assessed } from '../relay/assess.ts'
import { formsOf } from '../relay/forms.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'

/** Something that happens in a test: a line of its session, an open connection, or the newest state of an attempt. */
export type TestProgress = TranscriptEntry | Assessed | 'connected'

/** The facts of a test that its phases depend on. */
export interface PhasePlan {
  readonly suite: Suite
  readonly proof: Proof
  /** How long a test waits for its message to arrive, in milliseconds. */
  readonly deliveryWaitMs: number
}

/** Returns a function that takes what happens in a test, in order. It returns the phase if that has changed. */
export function phasesOf({ suite, proof, deliveryWaitMs }: PhasePlan): (progress: TestProgress) => TestPhase | null {
  const planned = formsOf(suite)
  const answered = new Set<string>()
  let name: PhaseName | null = null
  let provisional: TestPhase['provisional'] = null
  let dot: Pick<TranscriptEntry, 'connection'> | null = null
  let told: string | null = null
  const waitsFor = proof === 'delivery' ? 'arriving' : 'asking'

  const limitOf = (phase: PhaseName): number | null =>
    ({
      connecting: FIGURES.connectMs,
      greeting: FIGURES.greetingMs,
      asking: null,
      sending: null,
      arriving: deliveryWaitMs,
    })[phase]

  /** Returns the phase after a line of the session. */
  const afterLine = ({ from, line, connection }: TranscriptEntry): PhaseName | null => {
    if (from === 'event') return name === null && line.startsWith('connecting to') ? 'connecting' : name
    if (from === 'server') {
      const takesMessage = dot?.connection === connection && line.startsWith('2')
      if (dot?.connection === connection) dot = null
      return takesMessage ? waitsFor : name
    }
    if (line === 'DATA') return 'sending'
    dot = name === 'sending' && line === '.' ? { connection } : null
    // A message that was refused at DATA ends with the next command.
    return name === null || name === 'connecting' || name === 'greeting' || isCommand(line) ? 'asking' : name
  }

  const afterRow = ({ attempt: { form }, outcome, evidence }: Assessed): void => {
    if (outcome !== 'not-run' && planned.includes(form)) answered.add(form.id)
    const isProven = evidence === 'message-accepted' && form.recipient.kind === 'plain'
    if (isProven || evidence === 'delivered') provisional = 'open'
  }

  return (progress) => {
    if (progress === 'connected') name = name === 'connecting' ? 'greeting' : name
    else if ('attempt' in progress) afterRow(progress)
    else name = afterLine(progress)
    if (name === null) return null
    const [asked, forms] = [answered.size, planned.length]
    const phase = { name, says: sayOf(name, asked, forms), limitMs: limitOf(name), asked, planned: forms, provisional }
    const now = JSON.stringify(phase)
    if (now === told) return null
    told = now
    return phase
  }
}

/** Whether a line of ours begins the next question. The lines of a message begin with no such word. */
const isCommand = (line: string): boolean => /^(RSET$|MAIL FROM:|QUIT$)/.test(line)

/** Returns the words of a phase. */
function sayOf(name: PhaseName, asked: number, planned: number): string {
  switch (name) {
    case 'connecting':
      return 'Connecting to the server.'
    case 'greeting':
      return 'Connected. Waiting for the server to say hello.'
    case 'asking':
      return `Asking the server. It answered ${asked} of ${planned} questions so far.`
    case 'sending':
      return 'It accepted an outside recipient. Sending a test message.'
    case 'arriving':
      return 'It took our message. Waiting for the message to arrive in our mailbox.'
  }
}
