/**
 * Decides what to ask next. A pure function of the answers so far: it opens no socket and reads no clock, so that the
 * whole engine can be tested against a model of a server in memory. Each step is a file in steps/.
 */
import type { Answers } from './answers.ts'
import type { Limits, Question } from './question.ts'
import { again } from './steps/again.ts'
import { controls } from './steps/controls.ts'
import { existingSender } from './steps/existing-sender.ts'
import { messages } from './steps/messages.ts'
import { suite } from './steps/suite.ts'

/**
 * Returns the next steps, in order; none when the test is done. The first kind of step that has work counts: answers to
 * ask again, the suite, a sender that exists, messages and their arrival, controls.
 */
export function questions(answers: Answers, limits: Limits): readonly Question[] {
  for (const step of [again, suite, existingSender, messages, controls]) {
    const next = step(answers, limits)
    if (next.length > 0) return next
  }
  return []
}
