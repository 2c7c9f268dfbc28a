/** Makes text of mail servers, files and the service safe to print on one line. */

/** Returns the text as one line without control characters. */
export const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ').trim()
