/**
 * Lists the refusals that are about us or temporary. They say nothing about what other strangers may do, and each gives
 * the reason why the verdict is inconclusive.
 */
import type { Reason, Refusal } from '../contract/words.ts'

const REASONS_ABOUT_US: Partial<Record<Refusal, Reason>> = {
  blocklisted: 'vantage-blocked',
  'vantage-identity': 'vantage-blocked',
  greylisted: 'greylisted',
  throttled: 'throttled',
  'tls-required': 'tls-required',
  'server-trouble': 'server-trouble',
}

/** Returns the reason if a refusal is about us or temporary, or null. */
export const reasonAboutUs = (refusal: Refusal | null): Reason | null => (refusal && REASONS_ABOUT_US[refusal]) ?? null
