/**
 * The Lua scripts of the Redis stores, except those of the ledger. Redis runs each as one step, so that replicas never
 * interleave.
 */

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

/**
 * Stores a result, its summary and its dossier, and adds its id to its indexes. Each index belongs to one customer and
 * keeps its newest 1,000, so that no customer pushes out the results of another. After the first three, KEYS are pairs:
 * an index, and the set of customers that have one. ARGV[7] and ARGV[8] are the dossier and its secrets, or empty. If
 * ARGV[9] is not empty, it is the revision to replace: returns 0 if another revision is stored.
 */
export const PUT_RESULT = `
local created, id, customer = ARGV[4], ARGV[5], ARGV[6]
local revision = 0
if ARGV[9] ~= '' then
  if redis.call('HGET', KEYS[3], 'revision') ~= ARGV[9] then return 0 end
  revision = tonumber(ARGV[9]) + 1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[3])
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[3], 'bytes', ARGV[7], 'secrets', ARGV[8], 'revision', revision)
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
for index = 4, #KEYS, 2 do
  redis.call('ZADD', KEYS[index], created, id)
  redis.call('ZREMRANGEBYRANK', KEYS[index], 0, -1001)
  redis.call('PEXPIRE', KEYS[index], ARGV[3])
  redis.call('ZADD', KEYS[index + 1], 'GT', created, customer)
  redis.call('ZREMRANGEBYSCORE', KEYS[index + 1], '-inf', '(' .. created - ARGV[3])
  redis.call('PEXPIRE', KEYS[index + 1], ARGV[3])
end
return 1`

/**
 * Deletes a result, its summary, its dossier and its index entries. The entry of its customer then has the time of the
 * newest result that is left.
 */
export const REMOVE_RESULT = `
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
for index = 4, #KEYS, 2 do
  redis.call('ZREM', KEYS[index], ARGV[1])
  local newest = redis.call('ZREVRANGE', KEYS[index], 0, 0, 'WITHSCORES')[2]
  if newest then redis.call('ZADD', KEYS[index + 1], 'XX', newest, ARGV[2])
  else redis.call('ZREM', KEYS[index + 1], ARGV[2]) end
end
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

/**
 * Appends a signal of at most ARGV[5] bytes, and returns whether it did. KEYS[2] counts the signals of one token: at
 * most ARGV[4] in ARGV[3] milliseconds, so that nobody fills the stream. Old signals are deleted by number and age.
 */
export const SEND = `
if #ARGV[1] > tonumber(ARGV[5]) then return 0 end
local sent = redis.call('INCR', KEYS[2])
if redis.call('PTTL', KEYS[2]) < 0 then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
if sent > tonumber(ARGV[4]) then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', 1000, '*', 'signal', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`

/** Notes a trouble as a key that expires a day after it, so that the time left shows when it was. The latest counts. */
export const NOTE_TROUBLE = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 0`
