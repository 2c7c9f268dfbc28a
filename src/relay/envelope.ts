/** Writes a form out as the envelope that is sent: MAIL FROM and RCPT TO (RFC 5321 section 2.3.1). */
import type { Attempt } from './attempt.ts'
import type { Form, Names, NeededName } from './forms.ts'

/** A form as it is written on the wire, without "MAIL FROM:", "RCPT TO:" and angle brackets. */
export interface Envelope {
  readonly form: Form
  readonly mailFrom: string
  readonly rcptTo: string
}

/** The names that forms are written with. The target's own domain and host are null if they are unknown. */
export type KnownNames = Omit<Names, NeededName> & Readonly<Record<NeededName, string | null>>

/** A form that cannot be written, with the reason. */
export interface Unwritable {
  readonly form: Form
  readonly why: 'domain-unknown' | 'host-unknown' | 'local-part-too-long'
}

/** The most characters of a local part (RFC 5321 section 4.5.3.1.1). */
const LOCAL_PART = 64

/** Writes a form with the names that are known, or says why that is not possible. */
export function spell(form: Form, names: KnownNames): Envelope | Unwritable {
  const { domain, host } = names
  const needs = [form.sender.needs, form.recipient.needs]
  if (domain === null && needs.includes('domain')) return { form, why: 'domain-unknown' }
  if (host === null && needs.includes('host')) return { form, why: 'host-unknown' }
  const whole = { ...names, domain: domain ?? '', host: host ?? '' }
  const rcptTo = form.recipient.spell(whole)
  if (localPartOf(rcptTo).length > LOCAL_PART) return { form, why: 'local-part-too-long' }
  return { form, mailFrom: form.sender.spell(whole), rcptTo }
}

/** Returns the envelope of an attempt. */
export const envelopeOf = ({ form, mailFrom, rcptTo }: Attempt): Envelope => ({
  form,
  mailFrom: mailFrom ?? '',
  rcptTo: rcptTo ?? '',
})

/** Whether a form could be written. */
export const isEnvelope = (spelled: Envelope | Unwritable): spelled is Envelope => 'rcptTo' in spelled

/** Returns the local part of a recipient, without a source route before it. */
function localPartOf(rcptTo: string): string {
  const at = rcptTo.lastIndexOf('@')
  if (at === -1) return rcptTo
  return rcptTo.slice(rcptTo.startsWith('@') ? rcptTo.indexOf(':') + 1 : 0, at)
}
