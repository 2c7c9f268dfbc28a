/** The Lua scripts of sweeps. Redis runs each as one step, so that replicas never interleave. */

/** Begins a sweep, and returns nothing; or returns the id of the sweep of the same caller and name that runs. */
export const BEGIN_SWEEP = `
local busy = redis.call('GET', KEYS[1])
if busy and busy ~= ARGV[1] then return busy end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('HSET', KEYS[2], 'record', ARGV[2], 'status', 'running')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[4], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[4] - ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return false`

/**
 * Replaces the row ARGV[1] with ARGV[3] if it is ARGV[2] now. An empty ARGV[2] means that there is no row yet. ARGV[4]
 * is the test that runs now, or empty. From ARGV[6] on come pairs: a count, and its change. Returns whether it did.
 */
export const SWAP_ROW = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if ARGV[4] == '' then redis.call('HDEL', KEYS[3], ARGV[1]) else redis.call('HSET', KEYS[3], ARGV[1], ARGV[4]) end
if ARGV[2] == '' then
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
for index = 6, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[index], ARGV[index + 1]) end
return 1`

/** Sets the sentence that says why a running sweep does not go on; empty if it does. */
export const SAY_OF_SWEEP = `
if redis.call('HGET', KEYS[1], 'status') == 'running' then redis.call('HSET', KEYS[1], 'says', ARGV[1]) end
return 0`

/** Ends a sweep that runs, and lets the next one of its name begin. Returns whether it did. */
export const END_SWEEP = `
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
if redis.call('HGET', KEYS[1], 'status') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'finishedAt', ARGV[3], 'says', ARGV[4])
return 1`
