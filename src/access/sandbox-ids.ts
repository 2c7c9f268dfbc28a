/**
 * Customer ids in the sandbox. Each caller has its own sandbox customer, so that callers do not see each other's tests.
 */

/** The first characters of every sandbox customer id. No real customer id begins with them. */
export const SANDBOX_PREFIX = 'sandbox-'

/** Tells whether an id belongs to a sandbox customer. */
export const isSandbox = (customerId: string): boolean => customerId.startsWith(SANDBOX_PREFIX)

/** Returns the id of a caller's sandbox customer. */
export const sandboxCustomerOf = (callerId: string): string => `${SANDBOX_PREFIX}${callerId}`
