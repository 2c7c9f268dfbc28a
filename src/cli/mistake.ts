/** What whoever called the command can put right: told in one line, without a stack. */
export class Mistake extends Error {}

/** Text for one line of a terminal, whoever wrote it. */
export const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ').trim()
