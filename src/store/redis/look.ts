/** Looks at a Redis once, for operators who check an installation: does it answer, and is it set up as it must be? */
import { Redis } from 'ioredis'
import { misfitsIn } from './connection.ts'

const CONNECT_MS = 3_000

/** Returns what is wrong with a Redis; an empty list if nothing is. Never rejects, and takes a few seconds at most. */
export async function lookAtRedis(url: string): Promise<string[]> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let last: string | null = null
  redis.on('error', (error: Error) => {
    last = error.message
  })
  try {
    await redis.connect()
    await redis.ping()
    const sections = await Promise.all(['memory', 'server'].map((section) => redis.info(section).catch(() => '')))
    return misfitsIn(sections.join('\n')).map(({ message }) => message)
  } catch (error) {
    return [`it cannot be used (${last ?? (error instanceof Error ? error.message : String(error))})`]
  } finally {
    redis.disconnect()
  }
}
