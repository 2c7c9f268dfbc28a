/**
 * Decides what to ask next. A pure function of the answers so far: it opens no socket and reads no clock, so that the
 * whole engine can be tested against a model of a server in memory. Each step is a file in steps/.
 */
import type { Suite } from '../contract/words.ts'
import type { Answers } from './answers.ts'
import type { ProbeLimits, Question } from './question.ts'
import { again } from './steps/again.ts'
import { controls } from './steps/controls.ts'
import { deliversNothing, spoofing } from './steps/findings.ts'
import { inTls } from './steps/in-tls.ts'
import { arrivals, messages } from './steps/messages.ts'
import { mxSteered } from './steps/mx-steered.ts'
import { secondSender } from './steps/second-sender.ts'
import { suite } from './steps/suite.ts'

type Step = (answers: Answers, limits: ProbeLimits, part: Suite) => readonly Question[]

/** The full suite asks the whole standard part first, so that its verdict is never worse than the standard one. */
const STEPS: Readonly<Record<Suite, readonly Step[]>> = {
  standard: [again, suite, secondSender, messages, controls, spoofing],
  full: [again, suite, messages, mxSteered, inTls],
}

/** The last steps of every test. A message can arrive while the rest is asked, so we wait for it at the end. */
const LAST: readonly Step[] = [arrivals, deliversNothing]

/** Returns the next questions, in order; none when the test is done. The first step that has work counts. */
export function questions(answers: Answers, limits: ProbeLimits): readonly Question[] {
  const parts: readonly Suite[] = limits.suite === 'full' ? ['standard', 'full'] : ['standard']
  for (const part of parts) {
    for (const step of STEPS[part]) {
      const next = step(answers, limits, part)
      if (next.length > 0) return next
    }
  }
  return LAST.flatMap((step) => step(answers, limits, limits.suite))
}
