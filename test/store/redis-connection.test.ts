/** The connection to Redis. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misfitsIn } from '../../src/store/redis/connection.ts'

const info = (version: string, policy: string) =>
  `# Memory\r\nmaxmemory_policy:${policy}\r\n\n# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n`

test('a server that is too old, or would forget quotas, is warned of', () => {
  const warned = (version: string, policy = 'noeviction') =>
    misfitsIn(info(version, policy)).map(({ fields, message }) => ({ ...fields, message }))
  const old = (version: string) => ({ version, message: 'Redis 7 or newer is needed' })
  const forgetful = {
    policy: 'allkeys-lru',
    message: 'Redis may forget quotas and stop all tests for a while: its maxmemory-policy is not noeviction',
  }
  assert.deepEqual(warned('6.2.14'), [old('6.2.14')])
  for (const version of ['7.0.15', '7.4.1', '8.0.0', '10.0.0']) assert.deepEqual(warned(version), [])
  assert.deepEqual(warned('7.0.15', 'allkeys-lru'), [forgetful])
  assert.deepEqual(warned('6.0.0', 'allkeys-lru'), [forgetful, old('6.0.0')])
  assert.deepEqual(misfitsIn(''), [], 'what a server does not tell is no reason')
})
