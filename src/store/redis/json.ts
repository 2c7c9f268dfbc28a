import type { z } from 'zod'

/** What a text that another version may have written says, or null where it is not what is expected. */
export function readJson<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
