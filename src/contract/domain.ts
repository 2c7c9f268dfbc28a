/**
 * Says what a mail domain looks like, for every place that reads one: at least two labels of letters, digits and
 * hyphens, 1 to 63 characters each and 253 together (RFC 5321 section 2.3.5).
 */
export const DOMAIN_NAME =
  /^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
