/** A mail domain: letters, digits and hyphens in labels of 1 to 63, at least two labels, 253 in all (RFC 5321 section 2.3.5). */
export const DOMAIN_NAME =
  /^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
