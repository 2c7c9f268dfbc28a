/** Reads values from Redis that another version of the service may have written. */
import type { z } from 'zod'

/** Reads JSON. Returns null if it does not fit the schema. */
export function readJson<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
