/** Connects the command to the service that the environment names. */
import { type OnRetry, RelayTestClient } from '../client/client.ts'
import { Mistake } from './mistake.ts'

const DEFAULT_URL = 'http://127.0.0.1:3000'
/** The longest time for retries. A person waits, so a late success is worse than an early error. */
const PATIENCE_MS = 10_000

/** Returns a client for the service. Throws Mistake if the environment is wrong. */
export function makeClient(onRetry: OnRetry, patienceMs = PATIENCE_MS): RelayTestClient {
  const { RELAY_TESTS_URL: url = DEFAULT_URL, RELAY_TESTS_KEY: key } = process.env
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Mistake(`RELAY_TESTS_URL: set a web address, for example ${DEFAULT_URL}, not "${url}"`)
  }
  if (new URL(url).username !== '' || new URL(url).password !== '') {
    throw new Mistake(
      'RELAY_TESTS_URL: remove the name and password from the address; the key belongs in RELAY_TESTS_KEY',
    )
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new Mistake('RELAY_TESTS_KEY: set an API key: rtk_ and 43 characters, without spaces')
  }
  return new RelayTestClient({ url, patienceMs, onRetry, ...(key === undefined ? {} : { key }) })
}
