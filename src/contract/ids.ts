/** The ids of customers and callers, the same in requests and in configuration files. */
import { z } from 'zod'

/** Checks the id of a customer or a caller. */
export const identifier = z
  .string({ error: 'must be an id' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be an id of 1 to 64 letters, digits, dots, hyphens and underscores')
