/** The Lua scripts of the Redis stores. Redis runs each as one step, so that replicas never interleave. */

/** Deletes a key if its value begins with a text, so that only the owner of the value deletes it. */
export const DELETE_IF_OWN = `
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** Restarts the lifetime of a key if its value begins with a text. */
export const RENEW_IF_OWN = `
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`

/** Adds one in a fixed window. Gives the window an end if it has none. Returns the count and the milliseconds left. */
export const COUNT = `
local current = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }`

/** Returns the same without counting. A window without an end does not count as open. */
export const READ = `
local current = redis.call('GET', KEYS[1])
local ttl = redis.call('PTTL', KEYS[1])
if not current or ttl < 0 then return { 0, 0 } end
return { tonumber(current), ttl }`

/** Subtracts one, unless the window is newer than the one that was counted in. */
export const GIVE_BACK = `
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current > 0 and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[1]) then redis.call('DECR', KEYS[1]) end
return 0`

/** Stores a result, its summary, and its id in each index of the newest 1,000. `replace` needs an earlier result. */
export const PUT_RESULT = `
if ARGV[5] == 'replace' and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[2])
for index = 3, #KEYS do
  redis.call('ZADD', KEYS[index], ARGV[3], ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[index], 0, -1001)
  redis.call('PEXPIRE', KEYS[index], ARGV[2])
end
return 0`

/** Deletes a result, its summary and its index entries. */
export const REMOVE_RESULT = `
redis.call('DEL', KEYS[1], KEYS[2])
for index = 3, #KEYS do redis.call('ZREM', KEYS[index], ARGV[1]) end
return 0`

/** Adds a test to each of its tokens. A token is valid as long as it has a test. */
export const ANNOUNCE = `
for index = 1, #KEYS do
  redis.call('HSET', KEYS[index], ARGV[1], ARGV[index + 2])
  redis.call('PEXPIRE', KEYS[index], ARGV[2])
end
return 0`

/** Removes a test from its tokens. */
export const WITHDRAW = `
for index = 1, #KEYS do redis.call('HDEL', KEYS[index], ARGV[1]) end
return 0`

/** Appends a signal. Old signals are deleted by number and by age. */
export const SEND = `
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000, '*', 'signal', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0`

/** Notes a trouble as a key that lives for a day after it: its lifetime shows when it was. The latest counts. */
export const NOTE_TROUBLE = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 0`
