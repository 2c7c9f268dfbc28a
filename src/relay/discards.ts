/** Recognises a server that accepts a message and says that it threw it away: nothing was relayed. */
import type { Reply } from './attempt.ts'
import { plainText } from './plain-text.ts'

/** Words for a message that is kept from its recipient. Sources: amavisd-new, MIMEDefang, Haraka, ASSP, Barracuda. */
const DISCARDED = [
  /\bdiscard(?:ed|ing)?\b|\bdropp(?:ed|ing)\b|\bblack-? ?hol(?:ed?|ing)\b|\bsink-? ?hole|\bquarantin(?:ed?|ing)\b/,
  /\b(?:silently|quietly) (?:dropped|deleted|ignored|removed|eaten|swallowed)\b|\/dev\/null|\bbit ?bucket\b/,
  /\b(?:message|mail|e-?mail|it)(?: (?:is|was|has been|will be|being))? (?:deleted|trashed|ignored|thrown away)\b/,
  /\b(?:message|mail|e-?mail|it)(?: (?:is|was|has been|will be|being))? (?:rejected|refused|suppressed|junked)\b/,
  /\b(?:not|never) (?:be |been )?(?:delivered|forwarded|relayed|sent on)\b|\bthank you,? but no\b/,
  /\bverworfen\b|\bgeloscht\b|\bsupprime\b|\bdescartado\b|\bscartato\b|\bverwijderd\b|\bodrzucon|удалено|отброшен|丢弃|丟棄|破棄/,
]

/** Words that mean the opposite when they stand before one of these. */
const DENIED = /\b(?:not|never|without|nothing|no)(?: be| been| being| was)? (?:discard|dropp|quarantin|delet|reject)/

/** Returns whether a 2xx reply to the final dot says that the message was thrown away. */
export function saysDiscarded(reply: Pick<Reply, 'code' | 'words'>): boolean {
  if (reply.code < 200 || reply.code > 299) return false
  const text = plainText(reply, [])
  return DISCARDED.some((words) => words.test(text)) && !DENIED.test(text)
}
