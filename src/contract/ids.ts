import { z } from 'zod'

/** The id of a customer or a caller. */
export const identifier = z
  .string({ error: 'an id was expected' })
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'an id of 1 to 64 letters, digits, dots, hyphens and underscores was expected',
  )
