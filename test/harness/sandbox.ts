/** A caller of the sandbox, and what it may ask. */
import { hashKey } from '../../src/access/keys.ts'
import { bearer, keyOf } from './http.ts'
import { type Ending, startService } from './service.ts'

const KEY = keyOf('p')
const CALLERS = `
callers:
  - id: portal
    keys: [{ sha256: ${hashKey(KEY)} }]
    sandbox: true
`

/** A service as a partner's engineer meets it: a key for the sandbox, and the quotas that there are without a word. */
export async function startSandbox(t: Ending) {
  const quotas = {
    QUOTA_TARGET: undefined,
    QUOTA_CUSTOMER: undefined,
    QUOTA_CALLER: undefined,
    QUOTA_NETWORK: undefined,
  }
  const service = await startService(t, { callers: CALLERS, env: { ALLOWED_PORTS: '25', ...quotas } })
  return {
    url: service.url,
    key: KEY,
    /** The environment that leads the client and the command to it. */
    env: { RELAY_TESTS_URL: service.url, RELAY_TESTS_KEY: KEY },
    post: (body: object) => service.post(body, bearer(KEY)),
  }
}
