/**
 * The Lua scripts of the ledger (ledger.ts). Each one first checks whether Redis has lost its memory, so that nothing
 * can be taken between the check and the use.
 *
 * The ledger is one sorted set, KEYS[1]: each key that must not be lost, with the time in milliseconds at which it
 * ends. Two more members: the epoch, whose time is infinite, and `wait`, until which nothing may be taken. A key that
 * was lost is renamed to `lost KEY`. A set is lost as a whole or not at all, so a missing key is always noticed.
 */

/** How much earlier than its key an entry ends, so that a key that has just ended does not look lost. */
const MARGIN_MS = 100
/** How long the ledger is kept without a replica: longer than the longest RESULT_TTL_SECONDS. */
const KEPT_MS = 40 * 24 * 3_600_000

/**
 * How long nothing is taken from a Redis that no replica knows, in milliseconds: enough for each replica to look at it
 * and to say that it knows an earlier epoch. Without such a replica no test runs, so none needs protection.
 */
export const NEW_MS = 1_500

/**
 * Begins a new epoch if there is none, or if another Redis process answers: a restart or a failover may have lost the
 * last writes. A replica that knows an earlier epoch makes the wait as long as its longest lease. ARGV[1] is that lease
 * in milliseconds, ARGV[2] the epoch that the replica knows, or an empty text.
 */
const CHECK = `
local ledger, time = KEYS[1], redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
local epoch = redis.call('ZRANGEBYSCORE', ledger, '+inf', '+inf')[1]
local known = ARGV[2]
local function begin(ms)
  local before = epoch
  epoch = server .. ' ' .. time[1] .. ' ' .. time[2]
  redis.call('ZADD', ledger, '+inf', epoch, now + ms, 'wait')
  redis.call('PEXPIRE', ledger, ${KEPT_MS})
  if before and before ~= epoch then redis.call('ZREM', ledger, before) end
end
local function lasts(member)
  local ends = redis.call('ZSCORE', ledger, member)
  return ends and tonumber(ends) > now
end
local function wait() return math.max(0, math.ceil((redis.call('ZSCORE', ledger, 'wait') or 0) - now)) end
if not epoch then begin(known == '' and math.min(${NEW_MS}, ARGV[1]) or ARGV[1])
elseif string.match(epoch, '^%S+') ~= server then begin(ARGV[1])
elseif known ~= '' and known ~= epoch then
  local seconds, micros = string.match(epoch, ' (%d+) (%d+)$')
  redis.call('ZADD', ledger, 'XX', 'GT', seconds * 1000 + math.floor(micros / 1000) + ARGV[1], 'wait')
end
`

/**
 * Takes KEYS[2] with the value ARGV[3] for ARGV[4] milliseconds if it is free. Returns the epoch, the wait, and the
 * value of the key if it is not free, or `lost`.
 */
export const TAKE = `${CHECK}
local held = redis.call('GET', KEYS[2])
if not held and lasts(KEYS[2]) then
  redis.call('ZADD', ledger, redis.call('ZSCORE', ledger, KEYS[2]), 'lost ' .. KEYS[2])
  redis.call('ZREM', ledger, KEYS[2])
  begin(ARGV[1])
end
local left = wait()
if left > 0 or held then return { epoch, left, held } end
if lasts('lost ' .. KEYS[2]) then return { epoch, 0, 'lost' } end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('ZADD', ledger, now + ARGV[4] - ${MARGIN_MS}, KEYS[2])
return { epoch, 0, false }`

/** Deletes KEYS[2] if its value begins with ARGV[1], so that only its owner deletes it. */
export const RELEASE = `
local value = redis.call('GET', KEYS[2])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], KEYS[2])
end
return 0`

/** Restarts the lifetime of KEYS[2], ARGV[2] milliseconds, if its value begins with ARGV[1]. */
export const RENEW = `
local value = redis.call('GET', KEYS[2])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then
  local time = redis.call('TIME')
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  redis.call('ZADD', KEYS[1], 'XX', time[1] * 1000 + ARGV[2] - ${MARGIN_MS}, KEYS[2])
end
return 0`

/**
 * Sets the keys that a replica remembers, if they are missing, and adds them to the ledger. ARGV[3] and ARGV[4] belong
 * to KEYS[2], and so on.
 */
export const RESTORE = `${CHECK}
for index = 2, #KEYS do
  local key, value, ttl = KEYS[index], ARGV[2 * index - 1], ARGV[2 * index]
  redis.call('SET', key, value, 'PX', ttl, 'NX')
  if redis.call('GET', key) == value then
    redis.call('ZADD', ledger, now + ttl - ${MARGIN_MS}, key)
    redis.call('ZREM', ledger, 'lost ' .. key)
  end
end
return { epoch, wait(), false }`

/**
 * Shows that Redis accepts writes (KEYS[2] is written for that), and deletes entries that have ended.
 */
export const BEAT = `${CHECK}
redis.call('SET', KEYS[2], '1', 'EX', 60)
redis.call('PEXPIRE', ledger, ${KEPT_MS})
-- The end of the wait stays: a replica that comes late can make it longer.
local waited = redis.call('ZSCORE', ledger, 'wait')
redis.call('ZREMRANGEBYSCORE', ledger, '-inf', now)
if waited then redis.call('ZADD', ledger, waited, 'wait') end
return { epoch, wait(), false }`
