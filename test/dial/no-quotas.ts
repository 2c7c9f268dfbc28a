/** Quotas that nobody reaches, for tests that ask for very much. */
const MANY = '1000000/1h'

/** The environment of a service that never has enough of it. */
export const NO_QUOTAS = {
  QUOTA_REQUESTS: MANY,
  QUOTA_CALLER: MANY,
  QUOTA_CUSTOMER: MANY,
  QUOTA_TARGET: MANY,
  QUOTA_NETWORK: MANY,
}
