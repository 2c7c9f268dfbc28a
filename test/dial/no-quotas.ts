/** A quota that no test reaches. */
const MANY = '1000000/1h'

/** The environment of a service for tests that send very many requests. */
export const NO_QUOTAS = {
  QUOTA_REQUESTS: MANY,
  QUOTA_CALLER: MANY,
  QUOTA_CUSTOMER: MANY,
  QUOTA_TARGET: MANY,
  QUOTA_NETWORK: MANY,
}
