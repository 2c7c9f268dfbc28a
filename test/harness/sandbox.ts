/** Starts a service with a caller of the sandbox. */
import { hashKey } from '../../src/access/keys.ts'
import { bearer, keyOf } from './http.ts'
import { type Ending, startService } from './service.ts'

const KEY = keyOf('p')
const CALLERS = `
callers:
  - id: portal
    keys: [{ sha256: ${hashKey(KEY)} }]
    sandbox: true
    sweeps: true
`

/** Starts a service as a partner's engineer sees it: with a key for the sandbox and the default quotas. */
export async function startSandbox(
  t: Ending,
  env: Readonly<Record<string, string>> = {},
  webhook: { readonly url: string; readonly secret: string } | null = null,
) {
  const callers = webhook ? `${CALLERS}    webhook: { url: '${webhook.url}', secret: ${webhook.secret} }\n` : CALLERS
  const quotas = {
    QUOTA_REQUESTS: undefined,
    QUOTA_TARGET: undefined,
    QUOTA_CUSTOMER: undefined,
    QUOTA_CALLER: undefined,
    QUOTA_NETWORK: undefined,
    QUOTA_SWEEPS: undefined,
  }
  const service = await startService(t, { callers, env: { ALLOWED_PORTS: '25', ...quotas, ...env } })
  return {
    url: service.url,
    key: KEY,
    /** The environment variables that point the client and the command to this service. */
    env: { RELAY_TESTS_URL: service.url, RELAY_TESTS_KEY: KEY },
    post: (body: object) => service.post(body, bearer(KEY)),
  }
}
