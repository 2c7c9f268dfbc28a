/** Deletes a key whose value begins with a text: only who put it there can take it away. */
export const DELETE_IF_OWN = `
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** Gives such a key a new time to live. */
export const RENEW_IF_OWN = `
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`

/**
 * Counts one in a fixed window; the first one opens it, and any gives it an end where it has none. Returns the count and
 * the milliseconds left.
 */
export const COUNT = `
local current = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }`

/** The same without counting. A window without an end is none: counting gives it one. */
export const READ = `
local current = redis.call('GET', KEYS[1])
local ttl = redis.call('PTTL', KEYS[1])
if not current or ttl < 0 then return { 0, 0 } end
return { tonumber(current), ttl }`

/** Takes one back, unless the window is younger than the one that was counted in. */
export const GIVE_BACK = `
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current > 0 and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[1]) then redis.call('DECR', KEYS[1]) end
return 0`

/** Puts a result and its summary, and its id at its time into each index; the newest thousand stay. May be told to put only anew. */
export const PUT_RESULT = `
if ARGV[5] == 'anew' and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[2])
for index = 3, #KEYS do
  redis.call('ZADD', KEYS[index], ARGV[3], ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[index], 0, -1001)
  redis.call('PEXPIRE', KEYS[index], ARGV[2])
end
return 0`

export const REMOVE_RESULT = `
redis.call('DEL', KEYS[1], KEYS[2])
for index = 3, #KEYS do redis.call('ZREM', KEYS[index], ARGV[1]) end
return 0`

/** Makes tokens known for a test; a token goes with the last of its tests. */
export const ANNOUNCE = `
for index = 1, #KEYS do
  redis.call('HSET', KEYS[index], ARGV[1], ARGV[index + 2])
  redis.call('PEXPIRE', KEYS[index], ARGV[2])
end
return 0`

export const WITHDRAW = `
for index = 1, #KEYS do redis.call('HDEL', KEYS[index], ARGV[1]) end
return 0`

/** Appends a signal; old ones go by number and by time. */
export const SEND = `
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000, '*', 'signal', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0`
